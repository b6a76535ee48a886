"""What parsers refuse and remark, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from adapters.faults import NO_ASSESSMENT, NOT_A_PAYLOAD, ODD_PLACE, READ_AS_WINDOWS, UNREADABLE_VALUE, Fault
from adapters.remark import Oddity, Remark
from canonical.finding import Finding, Severity
from canonical.refusal import Refused

#: What is more, or less, than odd.
_FAULTS: Final[dict[Oddity, tuple[Fault, Severity]]] = {
    Oddity.READ_AS_WINDOWS: (READ_AS_WINDOWS, Severity.ADVICE),
    Oddity.ERROR_CELL: (UNREADABLE_VALUE, Severity.WARNING),
    Oddity.NO_CACHED_VALUE: (UNREADABLE_VALUE, Severity.WARNING),
    Oddity.OTHER_MESSAGE: (NO_ASSESSMENT, Severity.ADVICE),
    Oddity.WRONG_COUNT: (ODD_PLACE, Severity.ERROR),
    Oddity.FORMULA: (ODD_PLACE, Severity.ADVICE),
}


def refused(refusals: Refused, file: str) -> tuple[Finding, ...]:
    """Return a finding for each reason why something was not read."""
    return tuple(NOT_A_PAYLOAD.found(refusal.reason, refusal.source(file)) for refusal in refusals)


def remarked(remarks: Iterable[Remark]) -> Iterator[Finding]:
    """Yield a finding for each place that was read and is odd all the same."""
    for remark in remarks:
        fault, severity = _FAULTS.get(remark.what, (ODD_PLACE, Severity.WARNING))
        yield replace(fault.found(remark.sentence, remark.source), severity=severity)
