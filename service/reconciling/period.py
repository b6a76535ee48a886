"""The days that an export covers, by its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Self

#: An export of the CBHI CANS application covers at most so many days.
MOST_DAYS: Final = 7
_NAME: Final = re.compile(r"([0-9]{8})-([0-9]{8})\.txt", re.IGNORECASE)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """From the first day to the last, both of them in it."""

    first: date
    last: date

    @classmethod
    def named(cls, name: str) -> Self | None:
        """Return the period of ``20261012-20261018.txt``; None where the name is none."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        try:
            first, last = (date.fromisoformat(day) for day in found.groups())
        except ValueError:
            return None
        return cls(first, last) if first <= last else None

    def __contains__(self, day: date) -> bool:
        """Return whether it is one of the days."""
        return self.first <= day <= self.last

    def __str__(self) -> str:
        """Tell it to a person."""
        return f"{self.first} to {self.last}"

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1

    def overlaps(self, other: Period) -> bool:
        """Return whether the two have a day in common."""
        return self.first <= other.last and other.first <= self.last

    def joins(self, other: Period) -> bool:
        """Return whether no day is between this one and a later one."""
        return (other.first - self.last) <= _DAY

    def until(self, other: Period) -> Period:
        """Return the days between this one and a later one that does not join it."""
        return Period(self.last + _DAY, other.first - _DAY)
