"""A table of a TOML file, read key by key: what is missing, of another type, or unknown becomes a defect with its line."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self, TypeVar

from specs.defects import Defects
from specs.folder import Folder
from specs.toml_lines import Place, find_lines

Choice = TypeVar("Choice", bound=StrEnum)
Value = TypeVar("Value")

#: What any number of days, seconds, bytes or years may come to; a ``timedelta`` still holds as many days.
LARGEST: Final = 999_999_999

_MOMENT: Final = "date and time with an offset (2026-01-31T22:00:00-05:00, without quotes)"
_AT_LINE: Final = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class TomlFile:
    """One file, and the lines of its keys (found only when a defect asks for them)."""

    def __init__(self, name: str, text: str, defects: Defects) -> None:
        self.name = name
        self._text = text
        self._defects = defects
        self._lines: dict[Place, int] | None = None

    def refuse(self, place: Place, sentence: str) -> None:
        """Note a defect at a key, or at the nearest table above it that has a line of its own."""
        if self._lines is None:
            self._lines = find_lines(self._text)
        while place not in self._lines:
            place = place[:-1]
        self._defects.add(self.name, self._lines[place], sentence)


class Table:
    """One table. Leaving its ``with`` block notes every key that nobody asked for.

    A getter that finds a defect notes it and returns an empty value of its type: the package is refused anyway, and the
    rest of it is still looked at.
    """

    def __init__(self, content: Mapping[str, Any], file: TomlFile, place: Place = ()) -> None:
        self._content = content
        self._file = file
        self._place = place
        self._asked: set[str] = set()

    def __enter__(self) -> Self:
        """Begin reading."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Note the keys that nobody asked for."""
        for key in self._content:
            if key not in self._asked:
                self.refuse(key, f"The key {key!r} is not known here.")

    def __contains__(self, key: str) -> bool:
        """Return whether the file gives this key; that alone does not count as asking for it."""
        return key in self._content

    def keys(self) -> tuple[str, ...]:
        """Return the table's keys, in the file's order."""
        return tuple(self._content)

    def ignore_the_rest(self) -> None:
        """Let all other keys pass: what they should be cannot be told."""
        self._asked.update(self._content)

    def refuse(self, key: str, sentence: str) -> None:
        """Note a defect at a key; the empty key is the table itself."""
        self._file.refuse((*self._place, key) if key else self._place, sentence)

    def text(self, key: str, *, default: str | None = None, among: Collection[str] = (), noun: str = "value") -> str:
        """Return a text; empty only where there is a default. ``among``, where not empty, holds the allowed ones."""
        value = self._take(key, str, "a text", default)
        if value is None:
            return ""
        if not value.strip() and default is None:
            self.refuse(key, f"The key {key!r} is empty.")
        elif among and value and value not in among:
            self.refuse(key, f"{value!r} is no {noun}.")
        return value

    def choice(self, key: str, fallback: Choice, *, noun: str = "") -> Choice:
        """Return a member of the fallback's enumeration; ``noun`` calls it by another word than the key."""
        members = type(fallback)
        value = self.text(key, among=[member.value for member in members], noun=f"{noun or key} ({', '.join(members)})")
        return members(value) if value in set(members) else fallback

    def texts(self, key: str, *, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Return a list of texts, none of them empty; the list is empty only where there is a default."""
        value = self._take(key, list, "a list of texts", None if default is None else list(default))
        if value is None:
            return ()
        if not all(isinstance(text, str) and text for text in value):
            self.refuse(key, f"The key {key!r} must be a list of texts.")
            return ()
        if not value and default is None:
            self.refuse(key, f"The list {key!r} is empty.")
        if len(set(value)) < len(value):
            self.refuse(key, f"The list {key!r} names something twice.")
        return tuple(value)

    def integer(self, key: str, *, default: int | None = None, least: int = 0) -> int:
        """Return a whole number from ``least`` to ``LARGEST``."""
        value = self._take(key, int, "a whole number", default)
        if value is None:
            return 0
        if not least <= value <= LARGEST:
            self.refuse(key, f"The key {key!r} must lie between {least} and {LARGEST}.")
            return least
        return value

    def integers(self, key: str) -> tuple[int, ...]:
        """Return a list of whole numbers from 1 to ``LARGEST``; never empty."""
        value = self._take(key, list, "a list of whole numbers")
        if value is None:
            return ()
        if not value or not all(type(number) is int and 0 < number <= LARGEST for number in value):
            self.refuse(key, f"The key {key!r} must be a list of whole numbers above zero.")
            return ()
        return tuple(value)

    def flag(self, key: str, *, default: bool | None = None) -> bool:
        """Return true or false."""
        return bool(self._take(key, bool, "true or false", default))

    def day(self, key: str) -> date:
        """Return a date."""
        return self._take(key, date, "a date (2026-01-31, without quotes)") or date.min

    def day_or_none(self, key: str) -> date | None:
        """Return a date, or None where the key is left out."""
        return self.day(key) if key in self._content else None

    def moment(self, key: str) -> datetime | None:
        """Return a date and time with its offset; None beside a defect."""
        value = self._take(key, datetime, f"a {_MOMENT}")
        if value is not None and value.tzinfo is None:
            self.refuse(key, f"The key {key!r} must be a {_MOMENT}.")
            return None
        return value

    def table(self, key: str) -> Table:
        """Return the table under a key."""
        value = self._take(key, dict, "a table")
        return _nothing(self._file.name) if value is None else Table(value, self._file, (*self._place, key))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of an array; none where the key is left out."""
        value = self._take(key, list, "an array of tables", [])
        if value is None:
            return ()
        if not all(isinstance(content, dict) for content in value):
            self.refuse(key, f"The key {key!r} must be an array of tables.")
            return ()
        return tuple(Table(content, self._file, (*self._place, key, at)) for at, content in enumerate(value))

    def text_by_name(self, key: str) -> Mapping[str, str]:
        """Return a table of texts under a key."""
        with self.table(key) as table:
            return MappingProxyType({name: table.text(name) for name in table.keys()})  # noqa: SIM118  it is no mapping

    def _take(self, key: str, kind: type[Value], noun: str, default: Value | None = None) -> Value | None:
        """Return the value of exactly this type (True is no number, a datetime no date), or None and a defect."""
        self._asked.add(key)
        value = self._content.get(key, default)
        if type(value) is kind:
            return value
        if value is None:
            self.refuse("", f"The key {key!r} is missing.")
        else:
            self.refuse(key, f"The key {key!r} must be {noun}.")
        return None


def read_toml(folder: Folder, name: str, defects: Defects) -> Table:
    """Read a file of the package; an unreadable one is a defect, and an empty table whose defects nobody hears."""
    text = folder.text(name, defects)
    if text is None:
        return _nothing(name)
    try:
        content = tomllib.loads(text)
    except (ValueError, RecursionError) as fault:  # also a number of 5000 digits, and 1000 brackets in one another
        at = _AT_LINE.search(str(fault))
        line = int(at[1]) if at and at[1] else text.count("\n") + 1
        defects.add(name, line, f"This is not TOML: {_AT_LINE.sub('', str(fault))}.")
        return _nothing(name)
    return Table(content, TomlFile(name, text, defects))


def _nothing(name: str) -> Table:
    """Return an empty table whose defects nobody hears: its absence has been noted."""
    return Table({}, TomlFile(name, "", Defects()))
