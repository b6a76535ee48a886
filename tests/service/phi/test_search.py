"""The searcher itself: a hundred planted leaks are a hundred found, and what is no leak is none."""

from __future__ import annotations

import base64
import gzip
import io
import json
import random
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path

import psycopg.types.json
import pytest
from canary_search import Searcher
from canary_tokens import DIGITS, Mint
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Counter, generate_latest

_NOISE = random.Random(7).randbytes(3000)


def _each(pattern: str) -> Callable[[str], bytes]:
    """Return what writes each letter of a text by this pattern."""
    return lambda text: "".join(pattern.format(ord(letter)) for letter in text).encode()


def _zipped(text: str) -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        of_no_day = zipfile.ZipInfo("a.txt")  # the time of day would be in it, and differ between two workers
        of_no_day.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(of_no_day, f"{text} " * 9)
    return kept.getvalue()


#: How somebody may have written a text down.
WAYS: Mapping[str, Callable[[str], bytes]] = {
    "in clear": str.encode,
    "in capitals": lambda text: text.upper().encode(),
    "in small letters": lambda text: text.lower().encode(),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16, the other way": lambda text: text.encode("utf-16-be"),
    "UTF-32": lambda text: text.encode("utf-32"),
    "hexadecimal": lambda text: text.encode().hex().encode(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper().encode(),
    "bytes of PostgreSQL": lambda text: b"\\x" + text.encode().hex().encode(),
    "base64": lambda text: base64.b64encode(text.encode()),
    "base64, one letter on": lambda text: base64.b64encode(b"{" + text.encode()),
    "base64, two letters on": lambda text: base64.b64encode(b'{"' + text.encode()),
    "base64 of capitals": lambda text: base64.b64encode(text.upper().encode()),
    "base64 for an address": lambda text: base64.urlsafe_b64encode(b"??>" + text.encode()),
    "base64 of base64": lambda text: base64.b64encode(base64.b64encode(text.encode())),
    "base64 of hexadecimal": lambda text: base64.b64encode(text.encode().hex().encode()),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")),
    "base32": lambda text: base64.b32encode(b"ab" + text.encode()),
    "an address": _each("%{:02X}"),
    "JSON": _each("\\u{:04x}"),
    "Python": _each("\\x{:02x}"),
    "XML": _each("&#{};"),
    "XML, hexadecimal": _each("&#x{:X};"),
    "quoted-printable": _each("={:02X}"),
    "octal": _each("\\{:03o}"),
    "backwards": lambda text: text[::-1].encode(),
    "numbers": lambda text: str(list(text.encode())).encode(),
    "zlib": lambda text: zlib.compress(text.encode()),
    "gzip": lambda text: gzip.compress(text.encode(), mtime=0),
    "zlib of base64": lambda text: zlib.compress(base64.b64encode(text.encode())),
    "gzip of gzip": lambda text: gzip.compress(gzip.compress(text.encode(), mtime=0), mtime=0),
    "zip": _zipped,
}


def _spans(text: str) -> bytes:
    """Return a trace as it is exported, with a text in an attribute."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("t").start_as_current_span("request") as span:
        span.set_attribute("ecas.route", text)
    return bytes(encode_spans(exporter.get_finished_spans()).SerializeToString())


def _metric(text: str) -> bytes:
    registry = CollectorRegistry()
    Counter("asked", "Requests.", ["route"], registry=registry).labels(text).inc()
    return bytes(generate_latest(registry))


def _row(text: str) -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE a (b)")
    connection.execute("INSERT INTO a VALUES (?)", (f"x{text}",))
    content = connection.serialize()
    connection.close()
    return content


def _erased_row(text: str) -> bytes:
    """Return a database from which the row was deleted, and in whose free pages it still stands."""
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA secure_delete=OFF")
    connection.execute("CREATE TABLE a (b)")
    connection.executemany("INSERT INTO a VALUES (?)", [(f"{text} {'x' * 900}",) for _ in range(30)])
    connection.execute("DELETE FROM a")
    content = connection.serialize()
    connection.close()
    return content


#: Where a text may have ended up.
PLACES: Mapping[str, Callable[[bytes], bytes]] = {
    "among bytes": lambda form: _NOISE + form + _NOISE,
    "a log line": lambda form: b'{"event": "request failed", "why": "' + form + b'", "level": "error"}\n',
    "the end of a file": lambda form: _NOISE + form,
}
#: Where it may have ended up as a text.
MADE: Mapping[str, Callable[[str], bytes]] = {
    "an exception": lambda text: repr(ValueError(f"no such child: {text}")).encode(),
    "a refusal": lambda text: json.dumps({"detail": f"“{text}” is no date", "status": 422}).encode(),
    "a span": _spans,
    "a metric": _metric,
    "a row": _row,
    "a row that was deleted": _erased_row,
    "JSON in the log of a database": lambda text: f"DETAIL:  Key (agency, name)=(r, {text}) already exists.".encode(),
    "a parameter of PostgreSQL": lambda text: bytes(psycopg.types.json.Jsonb({"a": text}).obj["a"], "utf-8"),
}


def plants() -> Iterator[tuple[str, bytes]]:
    """Yield a hundred leaks, no two alike: words in every way and place, member numbers, document ids and birth dates."""
    mint = Mint(3)
    for name, make in MADE.items():
        yield name, make(mint.word())
    for name, text in {
        "a number": mint.member(),
        "a number in UTF-16": mint.member().encode("utf-16-le").decode("latin-1"),
        "a number in base64": base64.b64encode(f"id={mint.member()}".encode()).decode(),
        "a document id": mint.handle(),
        "a birth date": mint.born().isoformat(),
        "an American birth date": f"{mint.born():%m/%d/%Y}",
        "a birth date of HL7": f"PID|||{mint.born():%Y%m%d}|",
        "a birth date in UTF-16": mint.born().isoformat().encode("utf-16-le").decode("latin-1"),
    }.items():
        yield name, f"seen: {text};".encode("latin-1")

    for (place, put), (way, write) in product(PLACES.items(), WAYS.items()):
        if not (place == "a log line" and b"\n" in write("a")):
            yield f"{way} in {place}", put(write(mint.word()))


PLANTS = [*plants()][:100]


def test_there_are_a_hundred_plants():
    """No two are of one name, so a hundred are found or a hundred are not."""
    assert len({name for name, _ in PLANTS}) == len(PLANTS) == 100


@pytest.mark.parametrize(("name", "content"), PLANTS, ids=[name for name, _ in PLANTS])
def test_each_planted_leak_is_found(name, content):
    """Whatever it was made into, and wherever it stands."""
    assert Searcher().look(name, content)


def test_what_is_no_leak_is_none():
    """Neither noise nor what a service usually says is taken for a canary, plain or compressed."""
    usual = Path(__file__).read_bytes() + _NOISE * 300
    assert Searcher().look("usual", usual + zlib.compress(usual)) == []


def test_a_document_id_is_no_leak_to_its_sender():
    """What a sender calls its own record by may be repeated to it, and is looked for everywhere else."""
    handle = Mint(3).handle().encode()
    assert Searcher(handles=False).look("an answer", handle) == []
    assert Searcher().look("a log", handle)


def test_names_of_files_and_folders_are_looked_at(tmp_path):
    """A file, a folder, and a file that holds nothing else than its name."""
    mint = Mint(3)
    (tmp_path / mint.word()).mkdir()
    (tmp_path / mint.word() / "deep").mkdir(parents=True)
    (tmp_path / f"{mint.word()}.csv").touch()
    assert len(Searcher().look_everywhere(tmp_path)) >= 3


@pytest.mark.parametrize(
    ("content", "leaks"),
    [
        pytest.param(f"\\x{_NOISE.hex()}{DIGITS}{_NOISE.hex()}", 0, id="by chance in a dump"),
        pytest.param(f"\\x{DIGITS}{_NOISE.hex()}", 0, id="at its beginning"),
        pytest.param(f"'{DIGITS}0001'", 1, id="a member number"),
        pytest.param(f"id{DIGITS}0001", 1, id="behind letters"),
        pytest.param(f"\\x{_NOISE.hex()}{DIGITS.encode().hex()}{_NOISE.hex()}", 1, id="its bytes in a dump"),
    ],
)
def test_digits_within_a_dump_of_bytes_are_chance(content, leaks):
    """A hundred megabytes of hexadecimal hold any eight digits once in a hundred runs."""
    assert len(Searcher().look("x", content.encode())) == leaks
