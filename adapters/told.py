"""What parsers refuse and remark, as findings; and the names that they may show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from adapters.agency_mapping import AgencyMapping
from adapters.faults import NO_ASSESSMENT, NOT_A_PAYLOAD, ODD_PLACE, READ_AS_WINDOWS, UNREADABLE_VALUE, Fault
from adapters.path import PathDefect, parse
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


def declared(mapping: AgencyMapping) -> frozenset[str]:
    """Return the names that a mapping's paths declare."""
    paths = [path for mapped in mapping.items.values() for path in mapped.columns]
    paths += [*mapping.ignored, *([mapping.records] if mapping.records else [])]
    hl7 = mapping.format == "hl7v2"
    return frozenset(name for path in paths for name in parse(path, hl7=hl7).names)


def shown(labels: Iterable[str]) -> frozenset[str]:
    """Return the names that labels of fields show.

    A name is either shown in every label or in none. So the labels of some places are the same for whoever knows only
    the names in them: nothing else need be known to find them again.
    """
    found: set[str] = set()
    for label in labels:
        try:
            found |= parse(label.partition("/text()")[0]).names
        except PathDefect:
            continue
    return frozenset(found)
