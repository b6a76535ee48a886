"""The one clock, passed in wherever time is asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

#: Returns the present moment, with its zone.
Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def to_milliseconds(moment: datetime) -> int:
    """Return milliseconds since the epoch, the form in which the outbox compares times."""
    return round(moment.timestamp() * 1000)


def from_milliseconds(moment: int) -> datetime:
    """Return the moment that ``to_milliseconds`` wrote."""
    return datetime.fromtimestamp(moment / 1000, UTC)
