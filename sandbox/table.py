"""One table of a weather script: its values by their types, and a sentence for each that is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self, TypeVar

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Keys and values, where they stand, and the defects that are found in them."""

    values: Mapping[str, Any] = field(repr=False)
    #: In front of each sentence: ``weather entry 3: ``.
    where: str
    #: Shared by all the tables of a script.
    defects: list[str] = field(repr=False)

    @classmethod
    def of(cls, value: object, what: str, known: tuple[str, ...], where: str, defects: list[str]) -> Self:
        """Take a value that should be a table with these keys; one that is none is empty."""
        table = cls(values=value if isinstance(value, dict) else {}, where=where, defects=defects)
        if not isinstance(value, dict):
            table.wrong(f"{what} is a table.")
        for key in table.values.keys() - set(known):
            table.wrong(f"`{key}` means nothing to {what}; it takes {', '.join(known)}.")
        return table

    def get(self, key: str, otherwise: object = None) -> object:
        """Return the value as it stands."""
        return self.values.get(key, otherwise)

    def wrong(self, sentence: str) -> None:
        """Note a defect."""
        self.defects.append(f"{self.where}{sentence}")

    def entries(self, key: str) -> Iterator[tuple[object, str]]:
        """Yield the entries of a list of tables, each with its place."""
        listed = self.values.get(key, [])
        if not isinstance(listed, list):
            self.wrong(f"`{key}` is a list: write [[{key}]].")
            return
        for number, entry in enumerate(listed, start=1):
            yield entry, f"{key} entry {number}: "

    def count(self, key: str, least: int = 1) -> int | None:
        """Return a whole number."""
        number = self.values.get(key)
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            self.wrong(f"`{key}` is a whole number, {least} or more.")
            return None
        return number

    def number(self, key: str, least: float, most: float) -> float | None:
        """Return a number within its ends."""
        number = self.values.get(key)
        if number is None:
            return None
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            self.wrong(f"`{key}` is a number from {least} to {most}.")
            return None
        return float(number)

    def text(self, key: str) -> str | None:
        """Return a text in one line."""
        text = self.values.get(key)
        if text is None:
            return None
        if not isinstance(text, str) or not text or not text.isprintable():
            self.wrong(f"`{key}` is a text in one line.")
            return None
        return text

    def flag(self, key: str) -> bool:
        """Return true or false; where nothing is said, false."""
        flag = self.values.get(key, False)
        if not isinstance(flag, bool):
            self.wrong(f"`{key}` is true or false.")
        return flag is True

    def moment(self, key: str) -> datetime | None:
        """Return a moment: in TOML as it writes one, in JSON its text."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        except ValueError:
            moment = None
        if not isinstance(moment, datetime) or moment.tzinfo is None:
            self.wrong(f"`{key}` is a moment with its offset: 2026-12-01T05:00:00Z.")
            return None
        return moment

    def word(self, key: str, words: type[Word]) -> Word | None:
        """Return one of the words."""
        value = self.values.get(key)
        if value is None:
            return None
        try:
            return words(str(value))
        except ValueError:
            self.wrong(f"`{key}` is one of: {', '.join(words)}.")
            return None
