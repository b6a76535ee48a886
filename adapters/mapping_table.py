"""Reads TOML strictly: every wrong value becomes a defect with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError

_NAME: Final = r"""[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_LINE: Final = re.compile(rf"\s*(?:\[\[?\s*(?P<table>(?:{_NAME})(?:\s*\.\s*(?:{_NAME}))*)\s*\]|(?P<key>{_NAME})\s*=)")
#: No mapping needs more, and the time that TOML takes grows faster than its length.
_LARGEST: Final = 1_000_000
#: Dots of one line: what a name with dots in it costs TOML grows with the square of their number.
_MANY_DOTS: Final = 1_000
#: So many defects are listed; nobody reads more.
_LISTED: Final = 1_000


class MappingDefect(ConfigurationError):
    """A mapping file is broken; nothing is read with it until it is mended."""

    def __init__(self, message: str = "", *, defects: tuple[str, ...] = ()) -> None:
        """List every defect as ``file:line: sentence``."""
        super().__init__("\n".join(filter(None, (message, *defects))))
        self.defects = defects


class Defects:
    """What is wrong with a file, and the lines of its keys: tomllib keeps none."""

    def __init__(self, path: Path, text: str) -> None:
        """Note where each key stands."""
        self._path = path
        self._lines = dict(lines(text))
        self.found: list[str] = []

    def note(self, sentence: str, *place: str) -> None:
        """Note a defect at the line of its place; behind the first thousand, only that there are more."""
        if len(self.found) < _LISTED:
            self.found.append(f"{self._path}:{self.line(*place)}: {sentence}")
        elif len(self.found) == _LISTED:
            self.found.append(f"{self._path}:{self.line(*place)}: From here on more is wrong, which is not listed.")

    def line(self, *place: str) -> int:
        """Return the line of the innermost key of a place that stands on a line of its own."""
        known = (self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines)
        return next(known, 1)


class MappingTable:
    """One table of a file, whose values are asked for by key and type."""

    def __init__(self, values: Mapping[str, object], defects: Defects, *place: str) -> None:
        """Take a table, and the keys that lead to it."""
        self.values = values
        self._defects = defects
        self._place = place

    def __contains__(self, key: str) -> bool:
        """Return whether the key is there, whatever its value."""
        return key in self.values

    def __iter__(self) -> Iterator[str]:
        """Return the keys, in the file's order."""
        return iter(self.values)

    @property
    def line(self) -> int:
        """The line where the table begins."""
        return self._defects.line(*self._place)

    def text(self, key: str, *, required: bool = False) -> str:
        """Return a text; an empty one where it is missing or wrong."""
        value = self.values.get(key, "")
        if isinstance(value, str) and (value.strip() or not required):
            return value
        self.defect(f"“{key}” must be a text in quotes{', and not empty' if required else ''}.", key)
        return ""

    def texts(self, key: str) -> frozenset[str]:
        """Return a list of words, in lower case and without the blanks around them."""
        values = self.values.get(key, [])
        if isinstance(values, list) and all(isinstance(value, str) for value in values):
            return frozenset(value.strip().casefold() for value in values)
        self.defect(f"“{key}” must be a list of texts in quotes.", key)
        return frozenset()

    def one_of(self, key: str, allowed: Collection[str], *, required: bool = False) -> str | None:
        """Return one of several words; None where it is missing or wrong."""
        value = self.values.get(key)
        if (value is None and not required) or (isinstance(value, str) and value in allowed):
            return value if isinstance(value, str) else None
        self.defect(f"“{key}” must be one of {', '.join(sorted(repr(one) for one in allowed))}.", key)
        return None

    def whole(self, key: str, most: int) -> int | None:
        """Return a whole number from 1; None where it is missing or wrong."""
        value = self.values.get(key)
        if value is None or (type(value) is int and 0 < value <= most):
            return value
        self.defect(f"“{key}” must be a whole number from 1 to {most}.", key)
        return None

    def flag(self, key: str, *, otherwise: bool) -> bool:
        """Return true or false."""
        value = self.values.get(key, otherwise)
        if isinstance(value, bool):
            return value
        self.defect(f"“{key}” must be true or false, without quotes.", key)
        return otherwise

    def table(self, key: str) -> MappingTable:
        """Return a table inside this one; an empty one where it is missing or wrong."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.defect(f"“{key}” must be a table.", key)
            value = {}
        return MappingTable(value, self._defects, *self._place, key)

    def within(self, values: Mapping[str, object], key: str) -> MappingTable:
        """Return one table of the list under a key."""
        return MappingTable(values, self._defects, *self._place, key)

    def refuse_unknown(self, known: Collection[str]) -> None:
        """Note each key that nothing knows."""
        for key in sorted(self.values.keys() - known)[: _LISTED + 1]:
            self.defect(f"Nothing knows the key “{key}” here; known are {', '.join(sorted(known))}.", key)

    def defect(self, sentence: str, *below: str) -> None:
        """Note a defect of the table, or of a key in it."""
        self._defects.note(sentence, *self._place, *below)


def parsed(path: Path, content: bytes) -> tuple[str, dict[str, object]]:
    """Return the text of a file, and its table.

    Raises:
        MappingDefect: it is not TOML.
    """
    if len(content) > _LARGEST:
        raise MappingDefect(f"{path}:1: The file is larger than {_LARGEST:,} bytes, which no mapping is.")
    try:
        text = content.decode()
        for number, line in enumerate(text.split("\n"), start=1):
            if line.count(".") > _MANY_DOTS:
                raise MappingDefect(
                    f"{path}:{number}: The line has more than {_MANY_DOTS:,} dots, which no mapping needs."
                )
        return text, tomllib.loads(text)
    except UnicodeDecodeError:
        raise MappingDefect(f"{path}:1: The file is not UTF-8.") from None
    except tomllib.TOMLDecodeError as broken:
        found = re.search(r"at line (\d+)", str(broken))
        raise MappingDefect(f"{path}:{found[1] if found else 1}: This is not TOML: {broken}.") from None
    except (ValueError, RecursionError):  # a number of thousands of digits; brackets within brackets
        raise MappingDefect(f"{path}:1: A number or a list of the file is too large to be read.") from None


def lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield each table header and each key that begins a line, and its line."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        begun = _LINE.match(line)
        if begun and begun["table"]:
            table = tuple(_bare(name) for name in re.findall(_NAME, begun["table"]))
            yield table, number
        elif begun:
            yield (*table, _bare(begun["key"])), number


def _bare(name: str) -> str:
    return name[1:-1] if name[:1] in "\"'" else name
