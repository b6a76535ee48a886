"""Spans of time in a word or two."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

#: The units, with their seconds; a span is told in the largest that it fills.
_UNITS: Final = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def span(length: timedelta) -> str:
    """Return a span in its largest unit, rounded down; what is less than nothing is nothing."""
    seconds = max(0, int(length.total_seconds()))
    name, size = next((unit for unit in _UNITS if seconds >= unit[1]), _UNITS[-1])
    return f"{seconds // size} {name}"


def days(left: int) -> str:
    """Return how many days are left until a deadline, in words."""
    if left < 0:
        return f"overdue by {_days(-left)}"
    return "today" if left == 0 else f"{_days(left)} left"


def _days(count: int) -> str:
    return f"{count} day{'' if count == 1 else 's'}"
