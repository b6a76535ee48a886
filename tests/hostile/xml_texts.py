"""XML that means harm."""

from __future__ import annotations

import os
from pathlib import Path

from hostile.damage import Files, Kinds, cut, damaged

from adapters.declared import Everything
from adapters.xml_record import XmlDocument, read_xml

GOOD = (Path(__file__).parents[1] / "adapters/data/ccda-assessment.xml").read_bytes()
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


#: What nobody may fetch or open: a test listens at the first, and keeps a secret in the second.
HOST = os.environ.get("HOSTILE_HOST", "127.0.0.1:9")
SECRET = os.environ.get("HOSTILE_SECRET", "/etc/hostname")


def outside() -> Files:
    include = "http://www.w3.org/2001/XInclude"
    for target in (f"file://{SECRET}", SECRET, f"http://{HOST}/x", f"ftp://{HOST}/x", "expect://id", f"//{HOST}/x"):
        yield f"entity {target}", f'<!DOCTYPE a [<!ENTITY b SYSTEM "{target}">]><a>&b;</a>'.encode()
        yield f"parameter {target}", f'<!DOCTYPE a [<!ENTITY % b SYSTEM "{target}"> %b;]><a/>'.encode()
        yield f"public {target}", f'<!DOCTYPE a PUBLIC "-//W3C//DTD XHTML 1.0//EN" "{target}"><a/>'.encode()
        yield f"subset {target}", f'<!DOCTYPE a SYSTEM "{target}"><a/>'.encode("utf-16")
        yield f"late {target}", f'<?x?><!-- --><!DOCTYPE a [<!ENTITY b SYSTEM "{target}">]><a>&b;</a>'.encode()
        yield f"inclusion {target}", f'<a xmlns:i="{include}"><i:include href="{target}" parse="text"/></a>'.encode()
        yield f"schema {target}", f'<a xmlns:s="{_SCHEMA}" s:noNamespaceSchemaLocation="{target}"/>'.encode()
        yield f"style {target}", f'<?xml-stylesheet href="{target}" type="text/xsl"?><a/>'.encode()


_SCHEMA = "http://www.w3.org/2001/XMLSchema-instance"


def laughs() -> Files:
    lines = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
    yield "billion laughs", f'<!DOCTYPE l [<!ENTITY a "ha">{lines}]><l>&m;</l>'.encode()
    yield "in UTF-16", f'<!DOCTYPE l [<!ENTITY a "ha">{lines}]><l>&m;</l>'.encode("utf-16")
    yield "in an attribute", f'<!DOCTYPE l [<!ENTITY a "ha">{lines}]><l a="&m;"/>'.encode()
    yield "quadratic", f'<!DOCTYPE a [<!ENTITY b "{"x" * MB}">]><a>{"&b;" * MB}</a>'.encode()
    yield "of itself", b'<!DOCTYPE a [<!ENTITY b "&b;">]><a>&b;</a>'
    yield "of parameters", b"<!DOCTYPE a [<!ENTITY % b '&#37;b;'>%b;]><a/>"


def nested() -> Files:
    for depth in (200, 201, 5_000, 3 * MB):
        yield f"{depth} levels", b"<a>" * depth + b"</a>" * min(depth, 5_000)
    yield "namespaces below", b"".join(b"<a xmlns:n%d='u'>" % n for n in range(200)) + b"</a>" * 200


def numbers() -> Files:
    for number in ("9" * 5_000, "1e999", "NaN", "-INF", "0" * MB, "1" * (9 * MB)):
        yield f"value {number[:9]} of {len(number)}", GOOD.replace(b'value="20150521"', f'value="{number}"'.encode())


def twice() -> Files:
    yield "an attribute twice", GOOD.replace(b'value="20150521"', b'value="20150521" value="20150522"')
    yield (
        "an element many times",
        GOOD.replace(b'<birthTime value="20150521"/>', b'<birthTime value="20150521"/>' * 9_000),
    )
    yield "an attribute of two namespaces", b'<a xmlns:b="u" xmlns:c="u" b:x="1" c:x="2"/>'


def encoded() -> Files:
    for encoding in ("utf-16", "utf-32", "utf-7", "ebcdic-cp-us", "utf-8", "latin-1", "cp1252", "x" * 300, "UTF-16"):
        yield f"says {encoding[:20]}", GOOD.replace(b"UTF-8", encoding.encode(), 1)
    yield "a false UTF-16", b"\xff\xfe" + b"<a/>" * MB
    for half in (b"&#xD800;", b"\xed\xa0\x80", b"&#0;", b"&#x110000;", b"&#99999999999999999999;", b"\0", b"\xff"):
        yield f"the sign {half!r}", GOOD.replace(b"Wren", half)


def large() -> Files:
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
    for mark in (b"<!--", b"<?", b"<![CDATA[", b"<", b"&", b"]]>", b"<!DOCTYPE ", b"\xef\xbb\xbf", b"<a b='", b"</a>"):
        yield f"only {mark!r}", mark * (9 * MB // len(mark))
    yield "comments before", b"<!---->" * 190_000 + b"<a/>"
    yield "blanks before", b" " * (9 * MB) + b"<a/>"


KINDS: Kinds = {
    "cut off": lambda: cut(GOOD),
    "damaged": lambda: damaged(GOOD, TOKENS, 150),
    "from outside": outside,
    "billion laughs": laughs,
    "nested": nested,
    "huge numbers": numbers,
    "keys": twice,
    "encodings": encoded,
    "too much": large,
}
