"""JSON that means harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from hostile_bytes import cut, damaged

from adapters.declared import Everything
from adapters.json_record import JsonDocument, read_json

GOOD = json.dumps(
    {
        "agency": "riverbend",
        "visits": [
            {
                "on": "2026-03-04",
                "child": {"first": "Zoë", "dob": "2015-05-21"},
                "answers": [{"code": f"Q{n}", "value": n % 4} for n in range(30)],
            }
            for _ in range(3)
        ],
    }
).encode()
TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"NaN",
    b"1e999",
    b"-",
    b"\0",
    b"\xff",
    b"9" * 400,
    b',"agency":1',
    b"0.1e1",
)
PATHS = ('visits/answers[code = "Q7"]/value', "visits/*/first", "*/*", "agency")
MB = 1_000_000


def read(content: bytes) -> None:
    document = read_json(content, "a.json", Everything())
    if not isinstance(document, JsonDocument):
        assert document[0].reason
        return
    for record in islice(document.records(), 5_000):
        for path in PATHS:
            record.fields(path)
    some = [field.source for _, field in zip(range(2_000), document.all(), strict=False)]
    document.locate(some)


def corpus() -> Iterator[tuple[str, bytes]]:
    yield from cut(GOOD)
    yield from damaged(GOOD, TOKENS, 150)
    for depth in (64, 65, 1_000, 3 * MB):
        yield f"{depth} arrays", b"[" * depth + b"]" * depth
        yield f"{depth} objects", b'{"a":' * depth + b"1" + b"}" * depth
    for number in (
        b"9" * 5_000,
        b"1e400",
        b"-1e400",
        b"1" + b"0" * (9 * MB),
        b"0." + b"1" * (9 * MB),
        b"1e" + b"9" * MB,
        b"NaN",
        b"Infinity",
    ):
        yield f"number {number[:9]!r} of {len(number)}", b'{"a":' + number + b"}"
    yield "a key twice", b'{"a":1,"\\u0061":2}'
    yield "a key many times", b"{" + b",".join([b'"a":1'] * 99_000) + b"}"
    yield "many keys", json.dumps({f"k{n}": n for n in range(99_000)}).encode()
    yield "many values", b"[" + b"0," * (4 * MB) + b"0]"
    yield "as many as may be", b"[" + b"{}," * 99_000 + b"0]"
    yield "arrays of arrays", b"[" + b"[]," * 99_000 + b"0]"
    yield "objects of one", b"[" + b'{"a":0},' * 66_000 + b"0]"
    yield "a long key", b'{"' + b"k" * MB + b'":[' + b"1e300," * 100_000 + b"0]}"
    yield "long keys", b'{"' + b'":{"'.join([b"k" * 128] * 60) + b'":[' + b"0," * 198_000 + b"0" + b"]" + b"}" * 60
    yield "a long text", b'"' + b"x" * (9 * MB) + b'"'
    yield "a wide text", b'"' + "\U0001f600".encode() * (2 * MB) + b'"'
    yield "escapes", b'"' + b"\\u00e9" * MB + b'"'
    yield "half characters", b'"' + b"\\ud800" * MB + b'"'
    yield "quotes", b'"' * (9 * MB)
    yield "backslashes", b'"' + b"\\" * (9 * MB)
    yield "false names", json.dumps(['"a":'] * 100_000).encode()
    yield "blanks", b" " * (9 * MB) + b"1"
    yield "commas", b"," * (9 * MB)
    yield "UTF-16", GOOD.decode().encode("utf-16")
