"""Calendar days: their canonical text, completed years of age, anniversaries."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, date
from typing import Final

_ISO_LENGTH: Final = len("2026-01-31")


def read_day(text: str) -> date:
    """Return the day that ``YYYY-MM-DD`` names; raise ValueError for any other text.

    Stricter than ``date.fromisoformat``, which from Python 3.11 on also takes ``20260131`` and ``2026-W05-6``.
    """
    if len(text) != _ISO_LENGTH or text[4] != "-" or text[7] != "-":
        # the text is the child's: it must not travel in an exception
        raise ValueError("not YYYY-MM-DD")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("no such day") from None


def completed_years(born: date, on: date) -> int:
    """Return the age in completed years; negative before birth. Born on 29 February, one is a year older on 1 March."""
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


def anniversary(day: date, years: int) -> date:
    """Return the same day some years later; 29 February becomes 28 February where the year has none.

    The calendar ends with 9999, which some systems write for "never": beyond it there is no later day.
    """
    year = min(max(day.year + years, MINYEAR), MAXYEAR)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)
