"""Days on which the desks of the Commonwealth work: neither weekends nor the holidays of Massachusetts."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache
from typing import Final

#: Monday to Friday, as ``date.weekday`` counts them.
_WORKING_WEEK: Final = range(5)


def business_days_between(start: date, end: date) -> int:
    """Return how many business days after ``start`` have come by ``end``, that day included; 0 where it is not later.

    A form filed on a Friday has waited for one business day on the Monday, unless that Monday is a holiday.
    """
    days = (start + timedelta(days=passed) for passed in range(1, (end - start).days + 1))
    return sum(is_business_day(day) for day in days)


def is_business_day(day: date) -> bool:
    """Return whether the offices of the Commonwealth are open on a day."""
    return day.weekday() in _WORKING_WEEK and day not in _holidays_of(day.year)


@lru_cache(maxsize=32)
def _holidays_of(year: int) -> frozenset[date]:
    """Return the legal holidays of Massachusetts in a year; one on a Sunday is kept on the Monday."""
    from holidays import country_holidays  # noqa: PLC0415 - a check that waits for nobody pays for no calendar

    return frozenset(country_holidays("US", subdiv="MA", years=year))
