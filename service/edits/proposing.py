"""Findings about mechanical faults, with the edit that mends each in the sender's own file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Final

from adapters import spans
from adapters.agency_mapping import AgencyMapping
from canonical.assessment import Source
from canonical.finding import Edit, Finding, Report
from canonical.payload import Payload
from service.edits.rewording import Rewording
from specs.spec import Spec

#: The findings about the text of one item at one place: unreadable (by FHIR, by the mapping), in no table, not of its type,
#: not in its list, too long, out of its form, no instrument.
MENDABLE: Final = frozenset({"A002", "A004", "A005", "S003", "S004", "S006", "S007", "S011"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposer:
    """Proposes edits for one payload."""

    payload: Payload
    #: The format that it was read as.
    format: str
    mapping: AgencyMapping | None
    today: date

    def propose(self, groups: Sequence[tuple[Spec | None, Sequence[Finding]]]) -> list[tuple[Finding, ...]]:
        """Return these groups of findings, each mechanical fault with its edit; a group has the package that judged it."""
        wanted = [
            finding.sources[0]
            for spec, findings in groups
            for finding in findings
            if spec is not None and _is_mendable(finding, spec)
        ]
        written = spans.find(self.payload, self.format, self.mapping, wanted) if wanted else {}
        mend: Callable[[Finding, Spec], Finding] = lambda finding, spec: self._mended(finding, spec, written)  # noqa: E731
        return [
            tuple(mend(one, spec) if spec is not None and _is_mendable(one, spec) else one for one in findings)
            for spec, findings in groups
        ]

    def of_reports(self, reports: Sequence[Report], spec_of: Callable[[Report], Spec | None]) -> list[Report]:
        """Return these reports, each mechanical fault in them with its edit; ``spec_of`` tells what judged one."""
        proposed = self.propose([(spec_of(report), report.findings) for report in reports])
        return [replace(report, findings=found) for report, found in zip(reports, proposed, strict=True)]

    def _mended(self, finding: Finding, spec: Spec, written: dict[Source, spans.Written]) -> Finding:
        here = written.get(finding.sources[0])
        if here is None:
            return finding
        code = finding.items[0]
        mapped = self.mapping.items.get(code) if self.mapping else None
        if mapped is not None and (mapped.join is not None or len(mapped.paths) != 1):
            return finding  # which part of a joined text is wrong, nobody can tell
        rewording = Rewording(
            item=spec.occurrences[code],
            spec=spec,
            mapping=self.mapping if mapped else None,
            mapped=mapped,
            today=self.today,
        )
        meant = rewording.of(here.text)
        replacement = here.put(meant.text) if meant is not None else None
        if meant is None or replacement is None:
            return finding
        edit = Edit(
            start=here.start,
            end=here.end,
            replacement=replacement,
            encoding=here.encoding,
            certain=meant.certain,
        )
        return replace(finding, edit=edit)


def edits_of(findings: Iterable[Finding]) -> list[Edit]:
    """Return the certain edits, each place once, in the file's order; where two do not agree, neither."""
    found: dict[tuple[int, int], Edit | None] = {}
    for finding in findings:
        edit = finding.edit
        if edit is not None and edit.certain:
            place = (edit.start, edit.end)
            found[place] = edit if place not in found or found[place] == edit else None
    ordered = sorted((edit for edit in found.values() if edit is not None), key=lambda edit: edit.start)
    overlapping = {edit for one, other in pairwise(ordered) if one.end > other.start for edit in (one, other)}
    return [edit for edit in ordered if edit not in overlapping]


def _is_mendable(finding: Finding, spec: Spec) -> bool:
    """Return whether a finding is about the text of one item, which is no credential, at one place."""
    if finding.rule not in MENDABLE or len(finding.items) != 1 or len(finding.sources) != 1:
        return False
    item = spec.occurrences.get(finding.items[0])
    return item is not None and not item.sensitive
