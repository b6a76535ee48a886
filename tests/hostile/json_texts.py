"""JSON that means harm."""

from __future__ import annotations

import json
from itertools import islice

from hostile.damage import Files, Kinds, cut, damaged

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


def nested() -> Files:
    for depth in (64, 65, 1_000, 3 * MB):
        yield f"{depth} arrays", b"[" * depth + b"]" * depth
        yield f"{depth} objects", b'{"a":' * depth + b"1" + b"}" * depth


def numbers() -> Files:
    for number in (
        b"9" * 5_000,
        b"1e400",
        b"-1e400",
        b"9007199254740993",
        b"-" * 9,
        b"00",
        b"1" + b"0" * (9 * MB),
        b"0." + b"1" * (9 * MB),
        b"1e" + b"9" * MB,
        b"1e-" + b"9" * MB,
    ):
        yield f"number {number[:9]!r} of {len(number)}", b'{"visits":' + number + b"}"


def no_numbers() -> Files:
    for word in (b"NaN", b"Infinity", b"-Infinity", b"nan", b"0x1F", b"1_000", b"undefined", b"True"):
        yield word.decode(), b'{"visits":[{"answers":[{"code":"Q7","value":' + word + b"}]}]}"


def keys() -> Files:
    yield "a key twice", b'{"a":1,"\\u0061":2}'
    yield "a deep key twice", GOOD.replace(b'"code": "Q7"', b'"code": "Q7", "code": "Q8"')
    yield "a key many times", b"{" + b",".join([b'"a":1'] * 99_000) + b"}"
    yield "an empty key", b'{"":{"":{"":1}}}'
    yield "a key of the language", b'{"__proto__":{"a":1},"constructor":{}}'


def halves() -> Files:
    yield "half characters", b'"' + b"\\ud800" * MB + b'"'
    for half in (b"\\ud800", b"\\udc00", b"\\ud800\\ud800", b"\\udc00\\ud800", b"\xed\xa0\x80"):
        yield f"a value {half!r}", GOOD.replace(b"riverbend", half)
        yield f"a name {half!r}", GOOD.replace(b"agency", half)


def encoded() -> Files:
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1", "utf-8-sig"):
        yield encoding, GOOD.decode().encode(encoding)
    for sign in (b"\xff", b"\xc0\xaf", b"\xf4\x90\x80\x80", b"\0", b"\x1b[2J"):
        yield f"the byte {sign!r}", GOOD.replace(b"riverbend", sign)


def large() -> Files:
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
    yield "quotes", b'"' * (9 * MB)
    yield "backslashes", b'"' + b"\\" * (9 * MB)
    yield "false names", json.dumps(['"a":'] * 100_000).encode()
    yield "blanks", b" " * (9 * MB) + b"1"
    yield "commas", b"," * (9 * MB)


KINDS: Kinds = {
    "cut off": lambda: cut(GOOD),
    "damaged": lambda: damaged(GOOD, TOKENS, 150),
    "nested": nested,
    "huge numbers": numbers,
    "no numbers": no_numbers,
    "keys": keys,
    "lone surrogates": halves,
    "encodings": encoded,
    "too much": large,
}
