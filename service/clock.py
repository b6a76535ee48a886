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


def utc_text(moment: datetime | None) -> str | None:
    """Return a moment as answers and messages tell it, to the millisecond; None where there is none."""
    return None if moment is None else moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_milliseconds(moment: int) -> datetime:
    """Return the moment that ``to_milliseconds`` wrote."""
    return datetime.fromtimestamp(moment / 1000, UTC)
