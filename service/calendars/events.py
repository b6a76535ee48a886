"""The events of a calendar file, read by icalendar, as series that close the road.

An event closes the road unless it says otherwise: STATUS:CANCELLED and TRANSP:TRANSPARENT (the calendar's word for “takes
no time”) close nothing; TENTATIVE closes. A time without a zone, and a whole day, are those of Massachusetts.
"""

from __future__ import annotations

import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event
from icalendar.timezone import tzp

from service.calendars.content_lines import CalendarFault, Place, event_places, text_of
from service.calendars.recurrence import FIRST_YEAR, LAST_YEAR, Series, follow, in_order, in_utc
from specs.windows import STATE_ZONE, Span

_STATE: Final = ZoneInfo(STATE_ZONE)
_DAY: Final = timedelta(days=1)
_UNTITLED: Final = "an event of the calendar"
#: What icalendar and dateutil raise for a file that they cannot read.
_UNREADABLE: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError)


def read_events(content: bytes) -> tuple[Series, ...]:
    """Return what closes the road.

    Raises:
        CalendarFault: something in the file cannot be read, and so nobody knows what it closes.
    """
    text = text_of(content)
    places = event_places(text)
    tzp.use_zoneinfo()  # forgets the zones that the files before defined
    try:
        with warnings.catch_warnings(action="ignore"):  # about names of zones that it guesses
            calendars = Calendar.from_ical(text, multiple=True)
            events = [one for calendar in calendars for one in calendar.walk("VEVENT") if isinstance(one, Event)]
    except _UNREADABLE:
        raise CalendarFault(1, "This file cannot be read as a calendar (iCalendar). Export it again.") from None
    if len(events) != len(places):
        raise CalendarFault(1, "This file cannot be read as a calendar (iCalendar). Export it again.")
    return tuple(_series([_Reader(event, place) for event, place in zip(events, places, strict=True)]))


def _series(readers: Iterable[_Reader]) -> Iterator[Series]:
    """Yield a series for each event, without the occurrences that another event of its UID stands for."""
    by_uid: dict[str, list[_Reader]] = defaultdict(list)
    for reader in readers:
        by_uid[str(reader.event.get("UID", f"line {reader.place.line}"))].append(reader)
    for same in by_uid.values():
        instead = frozenset(reader.stands_for for reader in same if reader.stands_for is not None)
        for reader in same:
            if reader.closes:
                yield reader.read(instead if reader.stands_for is None else frozenset())


@dataclass(slots=True)
class _Reader:
    """One VEVENT, and where it stands."""

    event: Event
    place: Place

    def __post_init__(self) -> None:
        """Refuse an event of which icalendar left something out."""
        for name, _ in self.event.errors:
            raise self.fault(name or "", f"{name or 'A property'} of this event cannot be read.")
        if "DTSTART" not in self.event:
            raise self.fault("", "This event has no beginning (DTSTART).")

    @property
    def closes(self) -> bool:
        """Whether the event closes the road at all."""
        cancelled = str(self.event.get("STATUS", "")).upper() == "CANCELLED"
        return not cancelled and str(self.event.get("TRANSP", "")).upper() != "TRANSPARENT"

    @property
    def stands_for(self) -> datetime | None:
        """The occurrence of its series that this event replaces; None where it is a series of its own."""
        if "RECURRENCE-ID" not in self.event:
            return None
        if "RANGE" in self._one("RECURRENCE-ID").params:
            sentence = "We do not follow RANGE=THISANDFUTURE; end the series and begin another."
            raise self.fault("RECURRENCE-ID", sentence)
        return self._moment("RECURRENCE-ID", self._one("RECURRENCE-ID").dt)

    def read(self, instead: frozenset[datetime]) -> Series:
        """Return the series, without those occurrences."""
        begun = self._one("DTSTART").dt
        wall, zone = self._wall("DTSTART", begun), self._zone(begun)
        if not FIRST_YEAR <= wall.year <= LAST_YEAR:
            raise self.fault("DTSTART", f"This event does not begin between {FIRST_YEAR} and {LAST_YEAR}.")
        added, periods = self._added(zone)
        removed, removed_days = self._removed()
        return Series(
            begins=wall,
            zone=zone,
            length=self._length(begun, wall),
            why=str(self.event.get("SUMMARY", "")).strip() or _UNTITLED,
            rules=tuple(self._rules(wall, zone)),
            added=in_order(added),
            periods=periods,
            removed=removed | instead,
            removed_days=removed_days,
        )

    def fault(self, name: str, sentence: str) -> CalendarFault:
        """Return a fault at the line of a property."""
        return CalendarFault(self.place.line_of(name), sentence)

    def _length(self, begun: date, wall: datetime) -> timedelta:
        if "DTEND" in self.event:
            ended = self._one("DTEND").dt
            if isinstance(begun, datetime) != isinstance(ended, datetime):
                raise self.fault("DTEND", "The event begins with a time and ends with a day, or the other way round.")
            if isinstance(begun, datetime):
                length = self._moment("DTEND", ended) - self._moment("DTSTART", begun)
            else:
                length = self._wall("DTEND", ended) - wall
        elif "DURATION" in self.event:
            length = self._one("DURATION").dt
        else:
            length = timedelta() if isinstance(begun, datetime) else _DAY
        if not timedelta() < length <= 366 * _DAY:
            raise self.fault("DTEND", "An event must end (DTEND or DURATION), after it begins and within a year.")
        return length

    def _rules(self, wall: datetime, zone: tzinfo) -> Iterator[Any]:
        for recurrence in self._all("RRULE"):
            until = (recurrence.get("UNTIL") or [None])[0]
            text = ";".join(
                part for part in recurrence.to_ical().decode().split(";") if not part.upper().startswith("UNTIL=")
            )
            try:
                yield follow(text, wall, None if until is None else self._until(until, zone))
            except _UNREADABLE:
                sentence = "This rule of recurrence cannot be followed, or never comes to pass."
                raise self.fault("RRULE", sentence) from None

    def _until(self, until: date, zone: tzinfo) -> datetime:
        """Return the last time of a rule on the wall of its zone; a day counts whole."""
        if not isinstance(until, datetime):
            return datetime.combine(until, time.max)
        return until if until.tzinfo is None else until.astimezone(zone).replace(tzinfo=None)

    def _added(self, zone: tzinfo) -> tuple[list[datetime], tuple[Span, ...]]:
        walls, periods = [], []
        for value in self._values("RDATE"):
            if isinstance(value, tuple):
                begins = self._moment("RDATE", value[0])
                ends = begins + value[1] if isinstance(value[1], timedelta) else self._moment("RDATE", value[1])
                periods.append(Span(start=begins, end=ends, why=str(self.event.get("SUMMARY", "")) or _UNTITLED))
            else:
                walls.append(self._moment("RDATE", value).astimezone(zone).replace(tzinfo=None))
        return walls, tuple(sorted(periods, key=lambda span: span.start))

    def _removed(self) -> tuple[frozenset[datetime], frozenset[date]]:
        values = list(self._values("EXDATE"))
        moments = frozenset(self._moment("EXDATE", value) for value in values if isinstance(value, datetime))
        return moments, frozenset(value for value in values if not isinstance(value, datetime))

    def _values(self, name: str) -> Iterator[Any]:
        return (value.dt for listed in self._all(name) for value in listed.dts)

    def _all(self, name: str) -> list[Any]:
        value = self.event.get(name, [])
        return value if isinstance(value, list) else [value]

    def _one(self, name: str) -> Any:  # noqa: ANN401 - icalendar's own types; they end here
        values = self._all(name)
        if len(values) != 1:
            raise self.fault(name, f"This event has more than one {name}.")
        return values[0]

    def _wall(self, name: str, value: date) -> datetime:
        """Return a day or a time on the wall of its own zone."""
        if not isinstance(value, datetime):
            return datetime.combine(value, time())
        if value.tzinfo is None and "TZID" in self._one(name).params:
            raise self.fault(name, "This time zone (TZID) is not known, and no VTIMEZONE defines it.")
        return value.replace(tzinfo=None)

    def _zone(self, value: date) -> tzinfo:
        return (value.tzinfo if isinstance(value, datetime) else None) or _STATE

    def _moment(self, name: str, value: date) -> datetime:
        zone = self._zone(value)
        if isinstance(value, datetime) and value.tzinfo is None:
            self._wall(name, value)
        wall = value.replace(tzinfo=None) if isinstance(value, datetime) else datetime.combine(value, time())
        return in_utc(wall, zone) if zone is not UTC else wall.replace(tzinfo=UTC)
