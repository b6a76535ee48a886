"""Where things stand in a JSON text: pointers to lines and columns.

Parsers keep no positions, so this walks the text again, token by token. That costs milliseconds where parsing costs
a tenth of one: it runs only when somebody is going to look.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

#: Blanks, then punctuation, a string, or the word of a number or literal.
_TOKEN: Final = re.compile(r'[ \t\r\n]*(?:([{}\[\],:])|("[^"\\]*+(?:\\.[^"\\]*+)*+")|([^\s{}\[\],:"]++))')


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One member name or one value of a JSON text, and where it stands."""

    #: RFC 6901 pointer of the value (for a name: of the object that holds it).
    pointer: str = field(repr=False)
    #: Characters from the start of the text.
    offset: int
    #: How many arrays and objects are open around it.
    depth: int
    #: For a member name, which one of its object it is, from 1; 0 for a value.
    ordinal: int = 0
    #: For a member name, itself.
    name: str | None = field(default=None, repr=False)
    #: The text of a number or literal; empty for strings, arrays and objects.
    word: str = field(default="", repr=False)


@dataclass(slots=True)
class _Open:
    """An array or object whose end has not come yet."""

    pointer: str
    is_object: bool
    #: Values so far (array) or member names so far (object).
    count: int = 0
    #: The pointer of the value that comes next, where it is a member's.
    member: str | None = None


def escaped(name: str) -> str:
    """Return a member name as a reference token of RFC 6901."""
    return name.replace("~", "~0").replace("/", "~1")


def places(text: str) -> Iterator[Place]:
    """Walk a JSON text in its own order: every member name, then its value; containers before what they hold.

    The text must be valid JSON; where it is not, the walk ends early.
    """
    stack: list[_Open] = []
    at = 0
    while token := _TOKEN.match(text, at):
        at = token.end()
        mark, string, word = token.groups()
        around = stack[-1] if stack else None
        if mark in ("}", "]"):
            if not stack:
                return
            stack.pop()
            continue
        if mark in (",", ":"):
            continue
        offset = token.start(token.lastindex or 0)
        if around and around.is_object and around.member is None:
            if string is None:
                return
            try:
                name = json.loads(string, strict=False)
            except ValueError:
                return  # an escape that JSON does not know: the text is none
            around.count += 1
            around.member = f"{around.pointer}/{escaped(name)}"
            yield Place(pointer=around.pointer, offset=offset, depth=len(stack), ordinal=around.count, name=name)
            continue
        pointer = _next_pointer(around)
        yield Place(pointer=pointer, offset=offset, depth=len(stack), word=word or "")
        if mark:
            stack.append(_Open(pointer, is_object=mark == "{"))


def _next_pointer(around: _Open | None) -> str:
    """Return the pointer of the value that comes now, and count it."""
    if around is None:
        return ""
    if around.member is not None:
        pointer, around.member = around.member, None
        return pointer
    around.count += 1
    return f"{around.pointer}/{around.count - 1}"


class Lines:
    """The lines of a text, to turn offsets into lines and columns."""

    def __init__(self, text: str) -> None:
        """Note where each line begins; a line ends with a line feed."""
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Return the line and the column, both from 1, in characters."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def positions(text: str, pointers: Iterable[str]) -> Mapping[str, tuple[int, int]]:
    """Return line and column of the value that each pointer names.

    A missing member or element stands where the nearest thing around it that exists does. A pointer finds nothing
    only in a text that is no JSON.
    """
    wanted = frozenset(pointers)
    lineage = {pointer: tuple(_lineage(pointer)) for pointer in wanted}
    looked_for = frozenset(ancestor for ancestors in lineage.values() for ancestor in ancestors)
    found: dict[str, int] = {}
    for place in places(text):
        if place.name is None and place.pointer in looked_for:
            found.setdefault(place.pointer, place.offset)
            if len(found) == len(looked_for):
                break
    lines = Lines(text)
    nearest = {pointer: next((found[a] for a in lineage[pointer] if a in found), None) for pointer in wanted}
    return {pointer: lines.place(offset) for pointer, offset in nearest.items() if offset is not None}


def _lineage(pointer: str) -> Iterator[str]:
    """Yield the pointer itself, then each one above it, the document last."""
    yield pointer
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer
