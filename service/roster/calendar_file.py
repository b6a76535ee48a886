"""A forecast as a calendar (iCalendar, RFC 5545): the last day of each certificate, and a task for whatever waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

from service.roster.forecast import Coming, Foreseen

#: Octets of one line at most; longer ones are folded. (RFC 5545 section 3.1)
_LINE: Final = 75
_TITLES: Final = {
    Coming.LAPSES: "CANS certification lapses",
    Coming.WAIVED: "CANS certification ends; good while testing is suspended",
    Coming.AWAITS_APPROVAL: "CANS account awaits approval",
    Coming.HELD: "Held submissions",
}


def write(foreseen: Iterable[Foreseen], at: datetime) -> str:
    """Return the calendar; the same thing has the same UID tomorrow, so that an import replaces it."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//ecas-bridge//keys forecast//EN"]
    for one in foreseen:
        lines += _entry(one, at)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in _folded(line))


def _entry(one: Foreseen, at: datetime) -> Iterator[str]:
    kind = "VEVENT" if one.on else "VTODO"
    yield f"BEGIN:{kind}"
    yield f"UID:{one.what.value}-{one.id or one.key.strip('•')}-{one.why.partition(' ')[0]}@ecas-bridge"
    yield f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    if one.on:
        yield f"DTSTART;VALUE=DATE:{_day(one.on)}"
        yield f"DTEND;VALUE=DATE:{_day(one.on + timedelta(days=1))}"
        yield "TRANSP:TRANSPARENT"
    yield f"SUMMARY:{_text(f'{_TITLES[one.what]}: {one.name}')}"
    told = [f"key {one.key}", f"{one.count} reassessments or submissions" if one.count else "", one.why]
    told.append(f"next reassessment due {one.next_due.isoformat()}" if one.next_due else "")
    yield f"DESCRIPTION:{_text('; '.join(filter(None, told)))}"
    yield f"END:{kind}"


def _day(day: date) -> str:
    return f"{day:%Y%m%d}"


def _text(text: str) -> str:
    """Return a text with what means something else in a calendar spelt out."""
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Yield the line in parts of so many octets, no letter torn apart."""
    part = ""
    for sign in line:
        if len((part + sign).encode()) > _LINE:
            yield part
            part = " "
        part += sign
    yield part
