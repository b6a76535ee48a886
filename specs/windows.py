"""Spans of time in which the state may not be sent to: weekly and dated blackouts, and how spans add up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, Protocol, TypeAlias

#: The days of a week, in the order of ``date.weekday``.
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: Where the state keeps its clocks.
STATE_ZONE: Final = "America/New_York"

_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta.resolution
#: How far ahead the end of windows that touch one another is looked for.
_HORIZON: Final = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time; it holds its start and not its end."""

    start: datetime
    #: None where nobody knows yet.
    end: datetime | None
    #: For people; the reasons of spans that were joined stand side by side.
    why: str = ""

    def holds(self, moment: datetime) -> bool:
        """Return whether the moment lies in the span."""
        return self.start <= moment and (self.end is None or moment < self.end)


class Closing(Protocol):
    """Whatever closes the road at known times: a blackout of a package, a calendar file."""

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the spans that overlap [start, end), whole and by their start; they may overlap each other."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WeeklyBlackout:
    """The same hours on some days of every week.

    Where the clock is set, an hour that comes twice or never is read so that the window is the longer one: a request that
    waits costs nothing, one in the middle of maintenance may cost a document.
    """

    #: The days on which it begins, 0 for Monday.
    days: frozenset[int]
    begins: time
    #: On the next day where it is not after ``begins``.
    ends: time
    zone: str = STATE_ZONE
    why: str

    def __str__(self) -> str:
        """Return the window in words."""
        days = ", ".join(WEEKDAYS[day] for day in sorted(self.days))
        return f"{days} from {self.begins:%H:%M} to {self.ends:%H:%M} ({self.zone}): {self.why}"

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the windows that overlap [start, end), in order."""
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - most packages have no window, and most commands never ask

        zone = ZoneInfo(self.zone)
        nights = int(self.ends <= self.begins)
        # A day more at both ends: a time read twice may lie beyond a midnight.
        first = start.astimezone(zone).date() - (nights + 1) * _DAY
        last = end.astimezone(zone).date() + _DAY
        for offset in range((last - first).days + 1):
            day = first + offset * _DAY
            if day.weekday() in self.days:
                begins = min(_readings(day, self.begins, zone))
                ends = max(_readings(day + nights * _DAY, self.ends, zone))
                if begins < end and start < ends:
                    yield Span(start=begins, end=ends, why=self.why)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatedBlackout:
    """One stretch of time, told once."""

    begins: datetime
    ends: datetime
    why: str

    def __str__(self) -> str:
        """Return the window in words."""
        return f"{self.begins.isoformat()} to {self.ends.isoformat()}: {self.why}"

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the window if it overlaps [start, end)."""
        if self.begins < end and start < self.ends:
            yield Span(start=self.begins.astimezone(UTC), end=self.ends.astimezone(UTC), why=self.why)


#: One window of ``transport.toml``.
Blackout: TypeAlias = WeeklyBlackout | DatedBlackout


class Windows:
    """All that closes the road to one destination at known times."""

    def __init__(self, *closings: Closing) -> None:
        """Take blackouts and calendars alike; without any the road is always open."""
        self._closings = closings

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the windows that overlap [start, end), whole, merged and in order."""
        found = [span for closing in self._closings for span in closing.spans(start, end)]
        return iter(merged(found))

    def closed_at(self, moment: datetime) -> Span | None:
        """Return the window that this moment lies in, to the end of all that touch it; None where the road is open."""
        closed = next(self.spans(moment, moment + _INSTANT), None)
        while closed is not None and closed.end is not None and closed.end - moment < _HORIZON:
            following = list(self.spans(closed.end, closed.end + _INSTANT))
            if not following:
                break
            closed = merged([closed, *following])[0]
        return closed


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the union of spans in order: none empty, none that overlap or touch, an open end last."""
    joined: list[Span] = []
    for span in sorted(spans, key=lambda one: one.start):
        if span.end is not None and span.end <= span.start:
            continue
        last = joined[-1] if joined else None
        if last is None or (last.end is not None and last.end < span.start):
            joined.append(span)
        else:
            joined[-1] = Span(start=last.start, end=_later(last.end, span.end), why=_both(last.why, span.why))
        if joined[-1].end is None:
            break  # whatever begins later lies in it
    return joined


def _readings(day: date, clock: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return both readings of a time on the wall, in UTC; they differ only where the clock is set."""
    wall = datetime.combine(day, clock, zone)
    return wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return None if one is None or other is None else max(one, other)


def _both(one: str, other: str) -> str:
    """Return two reasons side by side, none of them twice."""
    return "; ".join(dict.fromkeys(filter(None, (*one.split("; "), *other.split("; ")))))
