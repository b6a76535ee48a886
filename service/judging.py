"""Judging with the specification that was in force: the one path of the command line, the service and the API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import Final

from adapters import registry
from canonical.assessment import Assessment, Reading, Source
from canonical.errors import NoSpecInForce
from canonical.finding import Finding, HoldCause, Kind, Report, Severity
from canonical.payload import Payload
from specs.catalog import Catalog
from specs.spec import Spec
from validators.engine import validate
from validators.roster import Roster

_NO_SPEC_IN_FORCE: Final = Finding(
    rule="X002",
    severity=Severity.ERROR,
    kind=Kind.COULD_NOT_CHECK,
    title="No specification in force",
    message="No specification package is in force on the assessment date, so nothing could be checked.",
    items=("ASSESSMENT_DATE",),
    why="An assessment is judged by the rules of its own date; to judge it by others would prove nothing.",
    fix="Check the assessment date. If it is right, add the package for that date to ECAS_SPEC_PATH, or name one.",
    hold=HoldCause.COULD_NOT_CHECK,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Everything that judging needs, chosen once."""

    catalog: Catalog
    #: The agency's roster of certification keys; without one certification could not be checked.
    roster: Roster | None = None
    #: The package that somebody named; None for the one in force on each assessment's own date.
    spec: Spec | None = None
    #: False where a person left the certification out on purpose.
    certification: bool = True

    def spec_for(self, assessment: Assessment, today: date) -> Spec:
        """Return the package that judges this assessment.

        Where its date is missing or broken, today's does: that is the one that says so, and nothing of it is ever sent.

        Raises:
            NoSpecInForce: no published specification covers that date.
        """
        return self.spec or self.catalog.for_date(assessed(assessment) or today)

    def spec_of(self, report: Report) -> Spec | None:
        """Return the package that a report was judged by; None where none was."""
        if report.judged_by is None:
            return None
        return self.spec or self.catalog.named(report.judged_by.spec)

    def sending(self, today: date) -> Spec:
        """Return the package whose document and transport are in force today, whatever judged the assessment.

        Raises:
            NoSpecInForce: no published specification covers today.
        """
        return self.spec or self.catalog.for_date(today)

    def judge(self, assessment: Assessment, at: datetime, *, mapping: str | None = None) -> Report:
        """Judge one assessment; ``mapping`` is the name, first day and digest of the one that it was read with."""
        try:
            spec = self.spec_for(assessment, at.date())
        except NoSpecInForce:
            finding = _NO_SPEC_IN_FORCE.at(_date_source(assessment))
            return Report(findings=(*assessment.findings, finding), judged_by=None)
        return validate(assessment, spec, self.roster, at, certification=self.certification, mapping=mapping)

    def judge_reading(self, reading: Reading, at: datetime) -> list[tuple[Assessment, Report]]:
        """Judge all of a reading, in its order."""
        return [(assessment, self.judge(assessment, at, mapping=reading.mapping)) for assessment in reading.assessments]


def located(payload: Payload, reading: Reading, *findings: tuple[Finding, ...]) -> list[tuple[Finding, ...]]:
    """Return these groups of findings with the lines and columns of their places: asked for only when somebody looks."""
    sources = {source for finding in chain.from_iterable(findings) for source in finding.sources}
    if not sources:
        return list(findings)
    places = registry.locate(payload, reading.format, sources)
    return [
        tuple(_at(finding, tuple(places.get(source, source) for source in finding.sources)) for finding in group)
        for group in findings
    ]


def _at(finding: Finding, sources: tuple[Source, ...]) -> Finding:
    """Return a finding at these places: itself where they are its own, for a file may have hundreds of thousands."""
    return finding if sources == finding.sources else finding.at(sources)


def assessed(assessment: Assessment) -> date | None:
    """Return the assessment date; None where it is missing or broken."""
    try:
        return date.fromisoformat(assessment.text("ASSESSMENT_DATE") or "")
    except ValueError:
        return None


def _date_source(assessment: Assessment) -> tuple[Source, ...]:
    answer = assessment.answers.get("ASSESSMENT_DATE")
    return (assessment.origin if answer is None else answer.source,)
