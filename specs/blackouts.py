"""``[[blackout]]`` of transport.toml: the hours in which the state asks not to be sent to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import time
from typing import Final

from specs.toml_table import Table
from specs.windows import STATE_ZONE, WEEKDAYS, Blackout, DatedBlackout, WeeklyBlackout

_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


def read_blackouts(file: Table) -> tuple[Blackout, ...]:
    """Read the windows of a transport; one with ``days`` is weekly, one without is dated."""
    return tuple(blackout for table in file.tables("blackout") for blackout in _read(table))


def _read(table: Table) -> Iterator[Blackout]:
    with table:
        why = table.text("why")
        yield from _weekly(table, why) if "days" in table else _dated(table, why)


def _weekly(table: Table, why: str) -> Iterator[WeeklyBlackout]:
    days, begins, ends = _days(table), _clock(table, "from"), _clock(table, "to")
    zone = _zone(table)
    if begins is not None and ends is not None:
        yield WeeklyBlackout(days=days, begins=begins, ends=ends, zone=zone, why=why)


def _dated(table: Table, why: str) -> Iterator[DatedBlackout]:
    begins, ends = table.moment("from"), table.moment("to")
    if begins is None or ends is None:
        return
    if ends <= begins:
        table.refuse("to", "The window ends before it begins.")
    yield DatedBlackout(begins=begins, ends=ends, why=why)


def _days(table: Table) -> frozenset[int]:
    days = table.texts("days")
    for day in days:
        if day not in WEEKDAYS:
            table.refuse("days", f"{day!r} is no day ({', '.join(WEEKDAYS)}).")
    return frozenset(WEEKDAYS.index(day) for day in days if day in WEEKDAYS)


def _clock(table: Table, key: str) -> time | None:
    text = table.text(key)
    found = _CLOCK.fullmatch(text)
    if found is None:
        if text:
            table.refuse(key, f"The key {key!r} must be a time of day, 00:00 to 23:59, in quotes.")
        return None
    return time(int(found[1]), int(found[2]))


def _zone(table: Table) -> str:
    zone = table.text("zone", default=STATE_ZONE)
    if zone != STATE_ZONE:
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - only a package that names one pays for it

        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):  # an unknown name, a path, a folder of the database
            table.refuse("zone", f"{zone!r} is no time zone of the IANA database.")
            return STATE_ZONE
    return zone
