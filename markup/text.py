"""A document of others, cut down to text that may be parsed at all: UTF-8, of bounded size, and without a document type.

UTF-16, ISO-8859-1 and Windows-1252 are read where the document says so, and nothing else: no parser is left to guess at an
encoding in which a document type could hide.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Final

from canonical.refusal import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a document may be."""

    bytes: int = 10_000_000
    #: Elements within one another.
    depth: int = 200
    #: Elements, attributes, runs of text, comments and processing instructions.
    nodes: int = 200_000
    #: Of one element.
    attributes: int = 256


DOCUMENT: Final = Limits()
#: Said of a document type, however late it is seen.
DOCTYPE: Final = "The document declares a document type (DOCTYPE), which is never read: leave it out."
#: What is recoded at a time.
_MOUTHFUL: Final = 65536
_ENCODINGS: Final = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    "utf-16": "utf-16",
    "utf-16le": "utf-16",
    "utf-16be": "utf-16",
    "iso-8859-1": "latin-1",
    "latin1": "latin-1",
    "latin-1": "latin-1",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_DECLARED: Final = re.compile(rb"<\?xml\s[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
#: Blanks, processing instructions and comments: all that may stand before a document type.
_PROLOG: Final = re.compile(rb"(?:[ \t\r\n]++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_ATTRIBUTE: Final = re.compile(rb"[^\s=\"'<>/]+\s*=\s*(?:\"[^\"<]*+\"|'[^'<]*+')")

#: A tag long enough to hold more attributes than 64.
_LONG: Final = re.compile(rb"<[^<]{320,}+")


def cleared(content: bytes, limits: Limits) -> bytes | Refusal:
    """Return the text in UTF-8 if it may be parsed at all."""
    if len(content) > limits.bytes:
        return Refusal(reason=f"The document is larger than {_size(limits.bytes)}.")
    text = _as_utf8(content)
    if isinstance(text, Refusal):
        return text
    begin = _PROLOG.match(text)
    assert begin is not None, "it may match nothing, and then it matches"
    if text[begin.end() : begin.end() + 9].upper() == b"<!DOCTYPE":
        return Refusal(reason=DOCTYPE, line=text.count(b"\n", 0, begin.end()) + 1)
    # The parser reads a tag to its end before it tells anybody how much is in it.
    if _starts(text) > limits.nodes:
        return Refusal(reason=f"The document has more than {limits.nodes:,} elements, attributes and texts.")
    for part in _LONG.finditer(text):
        if part[0].count(b"=") > limits.attributes and len(_ATTRIBUTE.findall(part[0])) > limits.attributes:
            reason = f"An element has more than {limits.attributes} attributes."
            return Refusal(reason=reason, line=text.count(b"\n", 0, part.start()) + 1)
    return text


def _starts(text: bytes) -> int:
    """Return how many elements begin at least; where a comment or CDATA may hold signs of markup, a third of what may be one."""
    signs = text.count(b"<")
    return signs // 3 if b"<!" in text else signs - text.count(b"</")


def _size(count: int) -> str:
    return f"{count // 1_000_000} MB" if count >= 1_000_000 else f"{count:,} bytes"  # noqa: PLR2004 - a megabyte


def _as_utf8(content: bytes) -> bytes | Refusal:
    """Return the content in UTF-8 without a byte order mark."""
    marked, encoding = _marked(content)
    if encoding == "utf-32":
        return Refusal(reason="The document is in UTF-32; UTF-8, UTF-16, ISO-8859-1 and Windows-1252 are read.")
    wide = encoding.startswith("utf-16")
    text = _recoded(content[marked:], encoding) if wide else content[marked:]
    if isinstance(text, Refusal):
        return text
    declared = _DECLARED.match(text)
    said = (
        _ENCODINGS.get(declared[1].decode().lower()) if declared else encoding.removesuffix("-le").removesuffix("-be")
    )
    if said is None:
        return Refusal(reason="The document says an encoding that is not read: use UTF-8.", line=1)
    if wide != (said == "utf-16") or (encoding == "utf-8" and said not in ("", "utf-8")):
        return Refusal(reason="The document says one encoding and is in another.", line=1)
    return text if wide else _recoded(text, said or "utf-8")


def encoding_of(content: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark and the encoding of a document that was read."""
    marked, shown = _marked(content)
    said = _DECLARED.match(content[marked:])
    if not said or shown.startswith("utf-16"):
        return marked, shown or "utf-8"
    return marked, _ENCODINGS[said[1].decode().lower()]


def _marked(content: bytes) -> tuple[int, str]:
    """Return the length of the byte order mark and the encoding that the first bytes show; empty where they show none."""
    if content.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, b"<\0\0\0", b"\0\0\0<")):
        return 0, "utf-32"
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if content.startswith(mark):
            return len(mark), encoding
    return 0, {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}.get(content[:2], "")


def _recoded(content: bytes, encoding: str) -> bytes | Refusal:
    """Return the content in UTF-8, piece by piece: one wide character must not quadruple a large text."""
    decoder = codecs.getincrementaldecoder(encoding)()
    pieces: list[bytes] = []
    line = 1
    for at in range(0, len(content), _MOUTHFUL):
        try:
            piece = decoder.decode(content[at : at + _MOUTHFUL], final=at + _MOUTHFUL >= len(content))
        except UnicodeDecodeError as broken:
            line += broken.object[: broken.start].decode(encoding, "ignore").count("\n")
            return Refusal(reason="The bytes are not of the encoding that the document says, or of UTF-8.", line=line)
        line += piece.count("\n")
        if encoding != "utf-8":
            pieces.append(piece.encode())
    return content if encoding == "utf-8" else b"".join(pieces)
