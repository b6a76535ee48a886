"""One event of a calendar and the times at which it happens, by python-dateutil on the clock of its own time zone."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import takewhile
from typing import Final

from dateutil.rrule import rrule, rrulestr

from specs.windows import Span

#: The years in which an event may begin. The calendar repeats itself after 400 years, days of the week included;
#: dateutil looks for the next day of a rule to the year 9999. So rules are followed in the last 400 years before that
#: one: a rule that has no next day says so after 373 years and not after 7973.
FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2399
_AHEAD: Final = 7600
_FIRST: Final = datetime(FIRST_YEAR - 1, 1, 1)  # noqa: DTZ001 - a time on the wall, as all of these
_LAST: Final = datetime(LAST_YEAR, 12, 31, 23, 59, 59)  # noqa: DTZ001
#: More than any zone is away from UTC, and than any clock is set.
_MARGIN: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One event, with all of its recurrences; times are those of the wall in its zone unless said otherwise."""

    begins: datetime
    zone: tzinfo
    #: Of each occurrence.
    length: timedelta
    why: str
    rules: tuple[rrule, ...] = ()
    #: Further beginnings, in order.
    added: tuple[datetime, ...] = ()
    #: Further occurrences with an end of their own.
    periods: tuple[Span, ...] = ()
    #: Beginnings, in UTC, that do not happen, or happen otherwise.
    removed: frozenset[datetime] = frozenset()
    #: Whole days on which nothing begins.
    removed_days: frozenset[date] = frozenset()

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the occurrences that overlap [start, end), by their beginning."""
        return heapq.merge(
            self._recurring(start, end),
            (span for span in self.periods if span.start < end and _end(span) > start),
            key=lambda span: span.start,
        )

    def _recurring(self, start: datetime, end: datetime) -> Iterator[Span]:
        first = start.astimezone(UTC).replace(tzinfo=None) - self.length - _MARGIN
        last = end.astimezone(UTC).replace(tzinfo=None) + _MARGIN
        before: datetime | None = None
        for wall in takewhile(lambda wall: wall <= last, self._walls(first)):
            span = self._span(wall)
            gone = span.start in self.removed or wall.date() in self.removed_days
            if wall != before and not gone and span.start < end and _end(span) > start:
                yield span
            before = wall

    def _walls(self, first: datetime) -> Iterator[datetime]:
        own = (wall for wall in (self.begins, *self.added) if wall >= first)
        return heapq.merge(own, *(_followed(rule, first) for rule in self.rules))

    def _span(self, wall: datetime) -> Span:
        """Return one occurrence; its end is the later of those that a clock on the wall and a stopwatch show."""
        begins = in_utc(wall, self.zone)
        return Span(start=begins, end=max(begins + self.length, in_utc(wall + self.length, self.zone)), why=self.why)


def in_utc(wall: datetime, zone: tzinfo) -> datetime:
    """Return a time on the wall in UTC; one that comes twice is the first, one that never comes that much later."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


def follow(rule: str, begins: datetime, until: datetime | None) -> rrule:
    """Return the rule, its UNTIL left out of the text and given as a time on the wall.

    Raises:
        ValueError: dateutil does not understand it, or it never comes to pass.
        TypeError: it is not one rule.
    """
    followed = rrulestr(rule, dtstart=_ahead(begins))
    if not isinstance(followed, rrule):
        raise TypeError
    if until is not None and until.year <= LAST_YEAR:
        followed = followed.replace(until=_ahead(until))
    if next(iter(followed), None) is None:
        raise ValueError
    return followed


def _followed(rule: rrule, first: datetime) -> Iterator[datetime]:
    """Yield the times of a rule from one on, brought back into our years."""
    return (wall.replace(year=wall.year - _AHEAD) for wall in rule.xafter(_ahead(first), inc=True))


def _ahead(wall: datetime) -> datetime:
    inside = min(max(wall, _FIRST), _LAST)
    return inside.replace(year=inside.year + _AHEAD)


def _end(span: Span) -> datetime:
    return span.end or datetime.max.replace(tzinfo=UTC)


def in_order(walls: Iterable[datetime]) -> tuple[datetime, ...]:
    """Return further beginnings as a series wants them."""
    return tuple(sorted(set(walls)))
