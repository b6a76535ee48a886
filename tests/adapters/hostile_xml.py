"""XML that means harm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hostile_bytes import cut, damaged

from adapters.declared import Everything
from adapters.xml_record import XmlDocument, read_xml

GOOD = (Path(__file__).parent / "data/ccda-assessment.xml").read_bytes()
TOKENS = (
    b"<",
    b">",
    b"&",
    b"<!DOCTYPE a>",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<?",
    b"\0",
    b"\xff",
    b"&#xD800;",
    b"&x;",
    b"\xed\xa0\x80",
    b'"',
    b"<x:y/>",
)
PATHS = (
    "recordTarget/patientRole/id/@extension",
    'component/*/component/section[code/@code = "LDF"]/text',
    "*/*/*",
    "title",
)
MB = 1_000_000


def read(content: bytes) -> None:
    document = read_xml(content, "a.xml", Everything())
    if not isinstance(document, XmlDocument):
        assert document[0].reason
        return
    for record in document.records():
        for path in PATHS:
            record.fields(path)
    some = [field.source for _, field in zip(range(2_000), document.all(), strict=False)]
    document.locate(some)


def corpus() -> Iterator[tuple[str, bytes]]:
    yield from cut(GOOD)
    yield from damaged(GOOD, TOKENS, 150)
    for target in ("file:///etc/hostname", "http://127.0.0.1:9/x", "ftp://127.0.0.1/x", "expect://id", "//127.0.0.1/x"):
        yield f"entity {target}", f'<!DOCTYPE a [<!ENTITY b SYSTEM "{target}">]><a>&b;</a>'.encode()
        yield f"parameter {target}", f'<!DOCTYPE a [<!ENTITY % b SYSTEM "{target}"> %b;]><a/>'.encode()
        yield f"subset {target}", f'<!DOCTYPE a SYSTEM "{target}"><a/>'.encode("utf-16")
        include = "http://www.w3.org/2001/XInclude"
        yield f"inclusion {target}", f'<a xmlns:i="{include}"><i:include href="{target}" parse="text"/></a>'.encode()
    laughs = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    yield "billion laughs", f'<!DOCTYPE l [<!ENTITY a "ha">{laughs}]><l>&m;</l>'.encode()
    yield "quadratic", f'<!DOCTYPE a [<!ENTITY b "{"x" * MB}">]><a>{"&b;" * MB}</a>'.encode()
    for depth in (200, 201, 5_000, 3 * MB):
        yield f"{depth} levels", b"<a>" * depth + b"</a>" * min(depth, 5_000)
    yield "many elements", b"<a>" + b"<b/>" * (2 * MB) + b"</a>"
    yield "as many as may be", b"<a>" + b"<b/>" * 199_000 + b"</a>"
    yield "many texts", b"<a>" + b"<b/>x" * 99_000 + b"</a>"
    yield "many attributes", b"<a " + b" ".join(b"b%d='1'" % n for n in range(300_000)) + b"/>"
    yield "attributes of all", b"<a>" + b"<b c='1' d='2'/>" * 66_000 + b"</a>"
    yield "a long attribute", b"<a b='" + b"x" * (9 * MB) + b"'/>"
    yield "a long text", b"<a>" + b"x" * (9 * MB) + b"</a>"
    yield "a wide text", b"<a>" + "\U0001f600".encode() * (2 * MB) + b"</a>"
    yield "wide in UTF-16", ("<a>" + "é" * (4 * MB) + "</a>").encode("utf-16")
    yield "numbered signs", b"<a>" + b"&#x10FFFF;" * (MB - 10) + b"</a>"
    yield "a long name", b"<" + b"a" * (5 * MB) + b"/>"
    yield "long names", b"<r>" + b"".join(b"<%s/>" % (b"n" * 40_000) for _ in range(200)) + b"</r>"
    yield "namespaces", b"<a " + b" ".join(b"xmlns:n%d='u%d'" % (n, n) for n in range(200_000)) + b"/>"
    yield "namespaces below", b"".join(b"<a xmlns:n%d='u'>" % n for n in range(200)) + b"</a>" * 200
    for mark in (b"<!--", b"<?", b"<![CDATA[", b"<", b"&", b"]]>", b"<!DOCTYPE ", b"\xef\xbb\xbf", b"<a b='", b"</a>"):
        yield f"only {mark!r}", mark * (9 * MB // len(mark))
    yield "comments before", b"<!---->" * 190_000 + b"<a/>"
    yield "blanks before", b" " * (9 * MB) + b"<a/>"
    yield "a false UTF-16", b"\xff\xfe" + b"<a/>" * MB
