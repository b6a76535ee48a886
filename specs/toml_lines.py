"""Where the keys of a TOML file stand: tomllib knows no lines, and a defect without a line is half a defect."""

from __future__ import annotations

import re
from typing import Final

#: The way to a key: names, and positions in arrays of tables.
Place = tuple[str | int, ...]

_NAME: Final = r"""(?:[\w-]+|"[^"]*"|'[^']*')"""
_DOTTED: Final = rf"{_NAME}(?:\s*\.\s*{_NAME})*"
_HEADER: Final = re.compile(rf"\s*(\[\[?)\s*({_DOTTED})\s*\]")
_KEY: Final = re.compile(rf"\s*({_DOTTED})\s*=")
_TRIPLE: Final = re.compile(r"\"\"\"|'''")


def find_lines(text: str) -> dict[Place, int]:
    """Return the line, from 1, of every key and table header of a well-formed TOML text.

    Keys inside an inline table have no entry of their own: the key that holds the table stands for them.
    """
    lines: dict[Place, int] = {(): 1}
    counts: dict[Place, int] = {}
    table: Place = ()
    inside_string = False
    for number, line in enumerate(text.split("\n"), start=1):
        begins_inside = inside_string
        if len(_TRIPLE.findall(line)) % 2:
            inside_string = not inside_string
        if begins_inside:
            continue
        if header := _HEADER.match(line):
            table = _open(header[2], counts, in_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_names(key[1])), number)
    return lines


def _open(header: str, counts: dict[Place, int], *, in_array: bool) -> Place:
    """Return the place that a table header opens; the last of each array on the way is the one meant."""
    *way, last = _names(header)
    place: Place = ()
    for name in way:
        place = (*place, name)
        if place in counts:
            place = (*place, counts[place])
    place = (*place, last)
    if in_array:
        counts[place] = counts.get(place, -1) + 1
        place = (*place, counts[place])
    return place


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(name.strip("\"'") for name in re.findall(_NAME, dotted))
