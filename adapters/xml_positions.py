"""Where things stand in an XML text: the parser keeps no columns, so this walks a text that parsed once more, when asked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Final

#: Which element of the document (from 0); which of its attributes, or which of its runs of text (from 1; 0 for neither).
Spot = tuple[int, int, int]

#: Comments and instructions; the inside of CDATA; the end of an element; the beginning of one; text.
_TOKEN: Final = re.compile(
    rb"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(?P<data>.*?)\]\]>|(?P<end></)[^>]*>"
    rb"|<[^\s/>]+(?P<rest>(?:[^\"'>]|\"[^\"]*\"|'[^']*')*+)>|(?P<text>[^<]+)",
    re.DOTALL,
)
_ATTRIBUTE: Final = re.compile(rb"([^\s=/]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
#: Blanks, and the numbers of them.
_BLANKS: Final = re.compile(rb"(?:[ \t\r\n]|&#(?:0*(?:9|10|13|32)|x0*(?:9|[aAdD]|20));)*+")


class _Open:
    """An element whose end has not come yet."""

    __slots__ = ("number", "pending", "runs")

    def __init__(self, number: int) -> None:
        self.number = number
        #: Runs of text so far.
        self.runs = 0
        #: Where the run at hand begins; None where there is none.
        self.pending: int | None = None


def places(text: bytes, wanted: frozenset[Spot]) -> dict[Spot, tuple[int, int]]:
    """Return line and column (in characters, both from 1) of each spot of a text in UTF-8 that is well-formed XML."""
    starts = [0, *(found.end() for found in re.finditer(b"\n", text))]
    found: dict[Spot, tuple[int, int]] = {}
    for spot, offset in _spots(text):
        if len(found) == len(wanted):
            break
        if spot in wanted:
            line = bisect_right(starts, offset)
            found[spot] = (line, len(text[starts[line - 1] : offset].decode()) + 1)
    return found


def _spots(text: bytes) -> Iterator[tuple[Spot, int]]:
    """Yield every element, attribute and run of text with its offset."""
    stack = [_Open(-1)]
    number = -1
    for token in _TOKEN.finditer(text):
        here = stack[-1]
        inside = "data" if token["data"] is not None else "text"
        if token[inside] is not None:
            begin = token.start(inside)
            blanks = _BLANKS.match(text, begin, token.end(inside)) if inside == "text" else None
            solid = blanks.end() if blanks else begin + len(token["data"]) - len(token["data"].lstrip())
            if here.pending is None and solid < token.end(inside):
                here.pending = solid
        elif token["end"] is not None or token["rest"] is not None:
            if here.pending is not None:
                here.runs += 1
                yield (here.number, 0, here.runs), here.pending
                here.pending = None
            if token["end"] is not None:
                stack.pop()
                continue
            number += 1
            yield (number, 0, 0), token.start()
            yield from _attributes(token, number)
            if not token["rest"].endswith(b"/"):
                stack.append(_Open(number))


def _attributes(token: re.Match[bytes], number: int) -> Iterator[tuple[Spot, int]]:
    """Yield the attributes of the beginning of an element; a declaration of a namespace is none."""
    place = 0
    for pair in _ATTRIBUTE.finditer(token["rest"]):
        if pair[1] != b"xmlns" and not pair[1].startswith(b"xmlns:"):
            place += 1
            yield (number, place, 0), token.start("rest") + (pair.start(2) if pair[2] is not None else pair.start(3))
