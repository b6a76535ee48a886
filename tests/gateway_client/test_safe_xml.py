from __future__ import annotations

import pytest

from gateway_client import safe_xml

BILLION = (
    b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(8))
    + b"]><a>&i;</a>"
)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" ",
        b"plain text",
        b"<html><body>502 Bad Gateway<br></body></html>",
        b"<a>",
        b"<a/><a/>",
        b"\xff\xfe\x00",
        b"<!DOCTYPE a><a/>",
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>',
        b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]><a/>',
        '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'.encode("utf-16"),
        BILLION,
        b"<a>" * 300 + b"</a>" * 300,
        b"<a>&undefined;</a>",
        b"<a>" + b"x" * 5000 + b"</a>",
    ],
)
def test_what_is_not_plain_small_xml_is_nothing(content):
    """Broken, declared, nested, expanding or long content gives None; no file and no host is read."""
    assert safe_xml.parse(content, limit=4096) is None


def test_plain_xml_is_read():
    """A small document without a DOCTYPE is read, up to the last byte of the limit."""
    root = safe_xml.parse(b"<a>&lt;</a>", limit=11)
    assert root is not None
    assert (root.tag, root.text) == ("a", "<")
    assert safe_xml.parse(b"<a>&lt;</a>", limit=10) is None
