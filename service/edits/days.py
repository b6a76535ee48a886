"""Which day a text tells, however it is written; certain only where no other day could be meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from adapters.dates import SERIAL_ZERO
from service.edits.meant import plain

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_TIME: Final = re.compile(
    r"(?P<day>.+?)(?:[t ]\s*(?P<time>[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)\s*(?P<half>[ap]\.?m\.?)?"
    r"\s*(?P<zone>z|utc|[+-][0-9]{2}:?[0-9]{2})?)"
)
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})([-/. ])([0-9]{1,2})\2([0-9]{1,2})")
_YEAR_LAST: Final = re.compile(r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4})")
_TIGHT: Final = re.compile(r"[0-9]{8}")
_DAY_NAMED: Final = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?[-/. ]*([a-z]{3,9})\.?[-/, ]*([0-9]{4})")
_MONTH_NAMED: Final = re.compile(r"([a-z]{3,9})\.?[-/ ]*([0-9]{1,2})(?:st|nd|rd|th)?[-/, ]+([0-9]{4})")
_SHORT_YEAR: Final = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{2})")
_SERIAL: Final = re.compile(r"([1-9][0-9]{4})(?:\.[0-9]{1,18})?")
#: How far the two days are apart that spreadsheets count from.
_APART: Final = SERIAL_ZERO["serial-1904"] - SERIAL_ZERO["serial"]
#: No assessment and no child is older, and no day that is meant is later.
_YEARS: Final = range(1900, 2101)
_ONE_CENTURY: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day that a text tells."""

    day: date = field(repr=False)
    certain: bool = True


def told(text: str, today: date, *, month_first: bool | None) -> Day | None:
    """Return the day that a text tells.

    Args:
        text: as the sender wrote it.
        today: no spreadsheet of today counts a later day.
        month_first: how the mapping writes days; it makes a guess of what could be two days, and never a certainty.
    """
    written = plain(text).casefold()
    timed = _TIME.fullmatch(written)
    if timed is not None:
        written = timed["day"]
    days = set(_days(written))
    if len(days) == 1:
        return Day(day=days.pop(), certain=timed is None or _keeps_its_day(timed))
    if days and month_first is not None:
        return _guessed(written, month_first=month_first)
    if days or timed is not None:
        return None
    return _counted(written, today) or _of_a_century(written, today, month_first=month_first)


def _days(text: str) -> Iterator[date]:
    """Yield every day that a text with a whole year can tell."""
    if read := _YEAR_FIRST.fullmatch(text):
        yield from _day(read[1], read[3], read[4])
    elif read := _YEAR_LAST.fullmatch(text):
        yield from _day(read[4], read[1], read[3])
        yield from _day(read[4], read[3], read[1])
    elif _TIGHT.fullmatch(text):
        yield from _day(text[:4], text[4:6], text[6:])
        yield from _day(text[4:], text[:2], text[2:4])
        yield from _day(text[4:], text[2:4], text[:2])
    elif read := _DAY_NAMED.fullmatch(text):
        yield from _day(read[3], _month(read[2]), read[1])
    elif read := _MONTH_NAMED.fullmatch(text):
        yield from _day(read[3], _month(read[1]), read[2])


def _day(year: str, month: str, day: str) -> Iterator[date]:
    if int(year) in _YEARS:
        try:
            yield date(int(year), int(month), int(day))
        except ValueError:
            return


def _month(name: str) -> str:
    """Return the number of a month in English, or 0."""
    for names in (_MONTHS, _LONG_MONTHS, ("sept",)):
        if name in names:
            return str(9 if name == "sept" else names.index(name) + 1)
    return "0"


def _keeps_its_day(timed: re.Match[str]) -> bool:
    """Return whether the day is the same for whoever wrote the time: of a moment in UTC only midnight says so."""
    return timed["zone"] not in ("z", "utc") or set(timed["time"]) <= set("0:.")


def _guessed(text: str, *, month_first: bool) -> Day | None:
    read = _YEAR_LAST.fullmatch(text)
    if read is None:
        return None
    month, day = (read[1], read[3]) if month_first else (read[3], read[1])
    found = next(_day(read[4], month, day), None)
    return None if found is None else Day(day=found, certain=False)


def _counted(text: str, today: date) -> Day | None:
    """Return the day of a spreadsheet's count from 1900; certain where the count from 1904 would lead beyond today."""
    read = _SERIAL.fullmatch(text)
    if read is None:
        return None
    day = SERIAL_ZERO["serial"] + timedelta(days=int(read[1]))
    return None if day > today else Day(day=day, certain=day + _APART > today)


def _of_a_century(text: str, today: date, *, month_first: bool | None) -> Day | None:
    """Return the likeliest day with a year of two digits; it is never certain."""
    read = _SHORT_YEAR.fullmatch(text)
    if read is None or month_first is None:
        return None
    month, day = (read[1], read[3]) if month_first else (read[3], read[1])
    year = _ONE_CENTURY + int(read[4])
    found = next(_day(str(year if year <= today.year else year - 100), month, day), None)
    return None if found is None else Day(day=found, certain=False)
