"""A case, run: what is read now, and how that differs from what must be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from adapters import registry
from adapters.mapping import AgencyMapping
from canonical.assessment import Assessment
from canonical.finding import Finding
from canonical.payload import Payload
from canonical.provenance import OURS
from service.proving.case import Case, Told
from specs.spec import Spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One way in which a reading is not as its case says."""

    #: Which assessment, from 1; 0 for the payload as a whole.
    assessment: int
    #: The item; empty where it is about something else.
    item: str
    #: One sentence, without any value.
    text: str
    #: What must be read, and what is; None where there is nothing.
    wanted: str | None = field(default=None, repr=False)
    read: str | None = field(default=None, repr=False)


def read(case: Case, mapping: AgencyMapping) -> Case:
    """Return the case as it would have to be for what is read now."""
    payload = Payload(content=case.payload.read_bytes(), name=case.payload.name)
    reading = registry.read(payload, format=mapping.format, mapping=mapping)
    assessments = tuple(_told(assessment) for assessment in reading.assessments)
    return replace(case, assessments=assessments, findings=_named(reading.findings))


def differences(case: Case, now: Case) -> Iterator[Difference]:
    """Yield how what is read now differs from what the case says."""
    if case.assessments is None:
        yield Difference(
            assessment=0, item="", text="Nobody has said yet what must be read in it; --write freezes what is."
        )
        return
    yield from _of_findings(0, case.findings, now.findings)
    wanted, found = case.assessments, now.assessments or ()
    if len(wanted) != len(found):
        counted = f"Assessments: {len(wanted)} expected, {len(found)} read."
        yield Difference(assessment=0, item="", text=counted)
    for number, (told, seen) in enumerate(zip(wanted, found, strict=False), start=1):
        for item in dict.fromkeys((*told.answers, *seen.answers)):
            wanted_text, text = told.answers.get(item), seen.answers.get(item)
            if wanted_text != text:
                says = (
                    "not read"
                    if text is None
                    else "read, and not expected"
                    if wanted_text is None
                    else "read otherwise"
                )
                yield Difference(assessment=number, item=item, text=says, wanted=wanted_text, read=text)
        yield from _of_findings(number, told.findings, seen.findings)


def _of_findings(number: int, wanted: Iterable[str], found: Iterable[str]) -> Iterator[Difference]:
    missing, surplus = list(wanted), []
    for one in found:
        if one in missing:
            missing.remove(one)
        else:
            surplus.append(one)
    yield from (Difference(assessment=number, item="", text=f"expected, and not found: {one}") for one in missing)
    yield from (Difference(assessment=number, item="", text=f"found, and not expected: {one}") for one in surplus)


def _told(assessment: Assessment) -> Told:
    """Return what an assessment tells, without what we add to every one."""
    own = {item: answer.text for item, answer in assessment.answers.items() if answer.provenance != OURS}
    return Told(answers=dict(sorted(own.items())), findings=_named(assessment.findings))


def _named(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted(" ".join((finding.rule, *finding.items)) for finding in findings))


def masked(difference: Difference, spec: Spec) -> bool:
    """Return whether the item's text is never shown, not even to somebody who asks: a credential, or free text."""
    item = spec.occurrences.get(difference.item)
    return item is None or item.sensitive
