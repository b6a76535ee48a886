"""When the next assessment is due: intervals by service and date, for public sources know 90 days and 180."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final

from specs.spec import Due, Instrument

#: Every service that has no interval of its own.
ANY: Final = "*"
#: Ten years; nothing is due later, and dates stay dates.
_LONGEST: Final = 3_660


def due(instrument: Instrument, service: str | None, on: date) -> date | None:
    """Return the day by which an assessment of ``on`` is to be followed by the next; None where nothing says.

    The service's own interval comes before that of all services, where both are valid on the day.
    """
    valid = {line.service: line for line in instrument.due if line.valid_on(on)}
    line = valid.get(service or ANY) or valid.get(ANY)
    return None if line is None else on + timedelta(days=line.days)


def deadline(instrument: Instrument, service: str | None, assessed_on: date, earlier: date | None) -> date | None:
    """Return the day by which an assessment should be with the state; None where nothing says.

    That is the day on which it fell due itself, by the assessment before it (``earlier``, of the same child); where we know
    of none, the day on which its own successor falls due. Our assumption: no public source names such a day.
    """
    fell_due = due(instrument, service, earlier) if earlier is not None and earlier < assessed_on else None
    return fell_due or due(instrument, service, assessed_on)


def due_faults(lines: Sequence[Due]) -> Iterator[tuple[str, ...]]:
    """Yield for each interval what is wrong with it: one that ends before it begins, or that another contradicts."""
    for position, line in enumerate(lines):
        faults = []
        if _begin(line) > _end(line):
            faults.append("The interval ends before it begins.")
        if line.days > _LONGEST:
            faults.append(f"An interval has {_LONGEST} days at most.")
        if any(_overlap(line, other) for other in lines[:position]):
            faults.append(f"Two intervals for the service {line.service!r} are valid on one day.")
        yield tuple(faults)


def _overlap(line: Due, other: Due) -> bool:
    return line.service == other.service and _begin(line) <= _end(other) and _begin(other) <= _end(line)


def _begin(line: Due) -> date:
    return line.valid_from or date.min


def _end(line: Due) -> date:
    return line.valid_to or date.max
