"""The lines of a calendar file, each with its number, and what is refused before a library sees it.

icalendar knows no line numbers, and expands the rules of time zones while it parses; so what would never end, or would
hide its fault, is found here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod
from typing import Final

from canonical.errors import ConfigurationError

#: What a calendar file may weigh.
LARGEST_FILE: Final = 1_000_000
#: Of how many events, and rules of recurrence, a file may consist: the one cost time when it is read, the other whenever
#: it is asked.
_MOST_EVENTS: Final = 2_000
_MOST_RULES: Final = 100
_DEEPEST: Final = 4
#: How many beginnings one day of a rule may have.
_MOST_A_DAY: Final = 4
_LINE: Final = re.compile(r"([A-Za-z0-9-]+)((?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?):(.*)", re.DOTALL)
_PART: Final = re.compile(r"([A-Z]+)=([A-Z0-9,+:-]{1,400})")
_COUNTS: Final = re.compile(r"[1-9][0-9]{0,8}")
_TIMES: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
_DAYS: Final = ("BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS")
_PARTS: Final = frozenset({"FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", *_TIMES, *_DAYS})
_OFTEN: Final = ("SECONDLY", "MINUTELY", "HOURLY")
_SELDOM: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")


class CalendarFault(ConfigurationError):
    """Something in a calendar file cannot be read, at a line."""

    def __init__(self, line: int, sentence: str) -> None:
        """Take the line, from 1, and what is wrong with it; the file's name is added where it is known."""
        super().__init__(sentence)
        self.line = line


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLine:
    """One property, its folded lines joined."""

    #: Where it begins, from 1.
    number: int
    #: In capitals.
    name: str
    #: The parameters, with their semicolons.
    parameters: str
    value: str


@dataclass(slots=True, kw_only=True)
class Place:
    """Where one VEVENT stands, and each of its properties."""

    line: int
    properties: dict[str, int] = field(default_factory=dict)

    def line_of(self, name: str) -> int:
        """Return the line of a property, or of the event where it has none."""
        return self.properties.get(name, self.line)


def text_of(content: bytes) -> str:
    """Return a calendar's text.

    Raises:
        CalendarFault: it is too large, or not UTF-8.
    """
    if len(content) > LARGEST_FILE:
        raise CalendarFault(1, f"The file is larger than {LARGEST_FILE} bytes. Keep only what closes the road.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
    raise CalendarFault(line, "This is not UTF-8. Export the calendar again.")


def content_lines(text: str) -> Iterator[ContentLine]:
    """Yield the properties of a calendar, and every BEGIN and END.

    Raises:
        CalendarFault: a line is no property.
    """
    unfolded: list[tuple[int, str]] = []
    for number, raw in enumerate(re.split(r"\r\n|\n|\r", text), start=1):
        if raw[:1] in (" ", "\t") and unfolded:
            unfolded[-1] = (unfolded[-1][0], unfolded[-1][1] + raw[1:])
        elif raw.strip():
            unfolded.append((number, raw))
    for number, line in unfolded:
        found = _LINE.fullmatch(line)
        if found is None:
            raise CalendarFault(number, "This is no line of a calendar (NAME:value).")
        yield ContentLine(number=number, name=found[1].upper(), parameters=found[2], value=found[3])


def event_places(text: str) -> list[Place]:
    """Return where the events of a calendar stand, in order.

    Raises:
        CalendarFault: components do not nest, or a rule of recurrence is one that we do not follow.
    """
    within: list[str] = []
    events: list[Place] = []
    rules: list[tuple[ContentLine, bool]] = []
    last = 1
    for line in content_lines(text):
        last = line.number
        _step(line, within)
        if line.name == "BEGIN" and within[-1] == "VEVENT":
            events.append(Place(line=line.number))
        elif line.name in ("RRULE", "EXRULE"):
            rules.append((line, "VTIMEZONE" in within))
        if within and within[-1] == "VEVENT":
            events[-1].properties.setdefault(line.name, line.number)
    if within or not text.strip():
        raise CalendarFault(last, "The calendar has no end: END:VCALENDAR is missing. Export it again.")
    for fault, found, most in (("events", len(events), _MOST_EVENTS), ("rules of recurrence", len(rules), _MOST_RULES)):
        if found > most:
            raise CalendarFault(last, f"The calendar holds more than {most} {fault}. Keep only what closes the road.")
    for line, zone in rules:
        _check_rule(line, zone=zone)
    return events


def _step(line: ContentLine, within: list[str]) -> None:
    """Go into a component, or out of it."""
    name = line.value.strip().upper()
    if not within and (line.name, name) != ("BEGIN", "VCALENDAR"):
        raise CalendarFault(line.number, "A calendar begins with BEGIN:VCALENDAR.")
    if line.name == "BEGIN":
        within.append(name)
    elif line.name == "END" and within.pop() != name:
        raise CalendarFault(line.number, "This END closes something else than was begun last.")
    if len(within) > _DEEPEST:
        raise CalendarFault(line.number, "Components stand too deep in one another.")


def _check_rule(line: ContentLine, *, zone: bool) -> None:
    """Refuse a rule that could keep a worker busy, and one that we would not follow to the letter."""
    parts: dict[str, str] = {}
    for part in line.value.strip().upper().rstrip(";").split(";"):
        found = _PART.fullmatch(part)
        if found is None or found[1] not in _PARTS or found[1] in parts:
            raise CalendarFault(line.number, "This rule of recurrence has a part that we do not know, or one twice.")
        parts[found[1]] = found[2]
    frequency = parts.get("FREQ")
    if line.name == "EXRULE":
        raise CalendarFault(line.number, "EXRULE is no longer part of iCalendar; name the exceptions in EXDATE.")
    if frequency in _OFTEN or (zone and frequency != "YEARLY"):
        raise CalendarFault(line.number, f"We follow no rule that is {frequency}; let it be DAILY, or less often.")
    if frequency not in _SELDOM:
        raise CalendarFault(line.number, f"A rule of recurrence needs a FREQ ({', '.join(_SELDOM)}).")
    if any(not _COUNTS.fullmatch(parts.get(name, "1")) for name in ("INTERVAL", "COUNT")):
        raise CalendarFault(line.number, "INTERVAL and COUNT are whole numbers from 1 to 999999999.")
    if "COUNT" in parts and "UNTIL" in parts:
        raise CalendarFault(line.number, "A rule has a COUNT or an UNTIL, not both.")
    if prod(parts.get(name, "").count(",") + 1 for name in _TIMES) > _MOST_A_DAY:
        raise CalendarFault(line.number, f"A rule may begin {_MOST_A_DAY} times a day at most.")
