"""How much time is left until the day by which an assessment should be with the state (``specs.due.deadline``)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from specs.windows import STATE_ZONE

#: A lane with no more slack than this goes before others.
URGENT: Final = timedelta(days=2)
_ZONE: Final = ZoneInfo(STATE_ZONE)


def too_late_at(due_on: date) -> datetime:
    """Return the first moment that is too late: the midnight after the day, by the state's clock."""
    return datetime.combine(due_on + timedelta(days=1), time(), _ZONE).astimezone(UTC)


def slack(due_on: date, now: datetime) -> timedelta:
    """Return the time that is left; negative once the day is over."""
    return too_late_at(due_on) - now


def is_urgent(due_on: date | None, now: datetime) -> bool:
    """Return whether so little time is left that its lane goes before others; never without a deadline."""
    return due_on is not None and slack(due_on, now) <= URGENT


def due_day(too_late: datetime) -> date:
    """Return the day whose end this moment is: what ``too_late_at`` was asked about."""
    return (too_late - timedelta.resolution).astimezone(_ZONE).date()


def today(now: datetime) -> date:
    """Return the day by the state's clock."""
    return now.astimezone(_ZONE).date()


def days_left(due_on: date, now: datetime) -> int:
    """Return how many days are left: none on the day itself, less than none when it is past."""
    return (due_on - today(now)).days
