"""The bytes of attributes and texts in XML, in the encoding of the document, character references and all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from adapters.written import Written, byte_offsets
from adapters.xml_positions import Spot, places
from adapters.xml_text import BLANKS
from canonical.assessment import Source
from canonical.payload import Payload
from markup.text import encoding_of

_REFERENCE: Final = re.compile(r"&(?:#([0-9]{1,7})|#x([0-9A-Fa-f]{1,6})|(lt|gt|amp|quot|apos));")
_NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPED: Final = {sign: f"&{name};" for name, sign in _NAMED.items()}
#: What XML cannot hold, whatever its form.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CDATA: Final = ("<![CDATA[", "]]>")

_Span = tuple[int, int, str, Callable[[str], str | None]]


def spans(payload: Payload, utf8: bytes, spots: Mapping[Source, Spot]) -> dict[Source, Written]:
    """Return the bytes of attributes and runs of text.

    Args:
        payload: the document.
        utf8: the same document as its parser saw it.
        spots: what is looked for, by its number (`adapters/xml_positions.py`).
    """
    lines = places(utf8, frozenset(spots.values()))
    return at_places(payload, utf8, {source: lines[spot] for source, spot in spots.items() if spot in lines})


def at_places(payload: Payload, utf8: bytes, lines: Mapping[Source, tuple[int, int]]) -> dict[Source, Written]:
    """Return the bytes of the attributes and runs of text that begin at these lines and columns."""
    text = utf8.decode()
    mark, encoding = encoding_of(payload.content)
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    offsets = {source: starts[line - 1] + column - 1 for source, (line, column) in lines.items()}
    found = {source: span for source, offset in offsets.items() if (span := _span(text, offset, encoding))}
    at = byte_offsets(text, encoding, mark, _edges(found.values()))
    return {
        source: Written(start=at[begin], end=at[end], text=shown, encoding=encoding, form=form)
        for source, (begin, end, shown, form) in found.items()
    }


def _edges(found: Iterable[_Span]) -> list[int]:
    return [edge for begin, end, _, _ in found for edge in (begin, end)]


def _span(text: str, offset: int, encoding: str) -> _Span | None:
    """Return what begins at an offset; None where a text is broken up by comments, or an element begins there."""
    quote = text[offset - 1 : offset]
    if quote in ('"', "'"):
        end = text.index(quote, offset)
        return offset, end, _read(text[offset:end]), _writer(encoding, f"&<\t\r\n{quote}")
    form: Callable[[str], str | None] | None
    opened, closed = (text.rfind(sign, 0, offset) for sign in _CDATA)
    before = text[opened + len(_CDATA[0]) : offset]
    if opened > closed and not before.strip(BLANKS):  # else the sign stands in a comment
        end = text.index(_CDATA[1], offset)
        behind = end + len(_CDATA[1])
        raw = text[offset:end].rstrip(BLANKS)
        form = _verbatim if text.startswith("</", behind) else None
    else:
        end = text.find("<", offset)
        raw = text[offset:end].rstrip(BLANKS)
        form = None if text[end + 1 : end + 2] in ("!", "?") else _writer(encoding, "&<>\r")
    return None if form is None or not raw else (offset, offset + len(raw), _read_as(raw, form), form)


def _read_as(raw: str, form: Callable[[str], str | None]) -> str:
    return raw if form is _verbatim else _read(raw)


def _read(raw: str) -> str:
    """Return a text with its references followed."""

    def meant(found: re.Match[str]) -> str:
        decimal, hexadecimal, name = found.groups()
        return _NAMED[name] if name else chr(int(decimal) if decimal else int(hexadecimal, 16))

    return _REFERENCE.sub(meant, raw)


def _verbatim(text: str) -> str | None:
    return None if _CDATA[1] in text or _UNWRITABLE.search(text) else text


def _writer(encoding: str, special: str) -> Callable[[str], str | None]:
    """Return what escapes these characters, and those that the encoding has not."""

    def one(character: str) -> str:
        if character in special:
            return _ESCAPED.get(character) or f"&#{ord(character)};"
        try:
            character.encode(encoding)
        except UnicodeEncodeError:
            return f"&#{ord(character)};"
        return character

    return lambda text: None if _UNWRITABLE.search(text) else "".join(map(one, text))
