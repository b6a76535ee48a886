from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from sandbox.document import DocumentReader, Unreadable, WireDocument
from specs.spec import Spec

NAMESPACE = "urn:ecas-bridge:cans:2026.1"
ROOT = f'<CansAssessment xmlns="{NAMESPACE}">'


@pytest.fixture
def document(example: dict[str, str], write: Callable[[Mapping[str, str]], bytes]) -> bytes:
    return write(example)


def test_round_trip(spec: Spec, example: dict[str, str], document: bytes) -> None:
    """A document gives back the answers that travel, and the digest of its canonical form."""
    read = DocumentReader(spec).read(document)
    assert isinstance(read, WireDocument)
    assert read.answers == {code: text for code, text in example.items() if spec.items[code].wire}
    canonical = etree.tostring(etree.fromstring(document), method="c14n", with_comments=False)
    assert read.digest == f"sha-256:{hashlib.sha256(canonical).hexdigest()}"


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\xff\xfe<\x00", "UTF-8"),
        (f"{ROOT}</CansAssessment>".encode("utf-16"), "UTF-8"),
        (b"{}", "well-formed"),
        (b"<a>\xed\xa0\x80</a>", "UTF-8"),
        (b"<a>\x00</a>", "not allow"),
        (b"<a>&b;</a>", "entity"),
        (b"<!DOCTYPE a><a/>", "document type"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>", "document type"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>', "encoding"),
        (b"<CansAssessment/>", "root element"),
        (f"{ROOT}</CansAssessment>".encode(), "id"),
        (f'{ROOT}<DocumentId x="1">d</DocumentId></CansAssessment>'.encode(), "attributes"),
        (("<a>" * 3000).encode(), "deeper than 200"),
    ],
)
def test_unreadable(content: bytes, word: str, spec: Spec) -> None:
    """What is no document of this interface is not read, and why is said without quoting it."""
    read = DocumentReader(spec).read(content)
    assert isinstance(read, Unreadable)
    assert word in read.why


def test_schema_location(spec: Spec, document: bytes) -> None:
    """A document cannot make the schema validator fetch anything."""
    asked: list[str] = []

    class Trap(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with HTTPServer(("127.0.0.1", 0), Trap) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        location = f"urn:x http://127.0.0.1:{server.server_port}/x.xsd"
        instance = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        attribute = f'<DocumentId {instance} xsi:schemaLocation="{location}">'.encode()
        read = DocumentReader(spec).read(document.replace(b"<DocumentId>", attribute))
        server.shutdown()
        thread.join()
    assert isinstance(read, Unreadable)
    assert asked == []


@given(
    content=st.binary(max_size=200)
    | st.text(st.characters(codec="utf-8"), max_size=200).map(lambda text: f"{ROOT}{text}</CansAssessment>".encode())
)
def test_any_bytes(content: bytes, spec: Spec) -> None:
    """Whatever the bytes, the reader returns."""
    assert isinstance(DocumentReader(spec).read(content), Unreadable | WireDocument)
