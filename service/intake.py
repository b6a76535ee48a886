"""Intake: read what an agency sent, judge it, and write down what is to be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters import registry
from canonical.assessment import Assessment, Reading
from canonical.errors import UnfitDocument
from canonical.finding import Finding, HoldCause, Kind, Report
from canonical.payload import Payload
from canonical.submission import State
from gateway_client.envelope import build
from service.agencies import Agencies, Route
from service.clock import Clock
from service.judging import Judge, located
from service.mappings import Mappings
from service.outbox.outbox import Draft, Entry, Outbox, Reply, Request
from service.refusals import foreign, unfit
from service.rosters import Rosters
from specs.catalog import Catalog

#: Writes the answer to a submission: its entries, and what concerns the payload as a whole.
Answering = Callable[[Sequence[Entry], Sequence[Finding]], tuple[int, bytes]]

_WHY: Final = {
    State.BLOCKED: "The report holds an error: the sender repairs it and sends again.",
    State.HELD: "The report names a cause to wait for.",
    State.HANDED_OFF: "The agency enters it in the Virtual Gateway.",
    State.READY: "It conforms and may leave.",
}

#: What a new judgement can cure.
CURED_BY_JUDGING: Final = frozenset(
    {HoldCause.UNKNOWN_KEY, HoldCause.NAME_CHANGE, HoldCause.APPROVAL, HoldCause.COULD_NOT_CHECK}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The first half of a submission's way."""

    catalog: Catalog
    mappings: Mappings
    rosters: Rosters
    agencies: Agencies
    outbox: Outbox
    clock: Clock

    def receive(self, payload: Payload, *, format: str | None, request: Request | None, answer: Answering) -> Reply:
        """Read a payload, judge its assessments, and write all of it down in one transaction.

        A payload from which nothing could be read is written down too, with no submission, so that nothing is lost.

        Raises:
            KeyReused: the request's key came before with another body.
        """
        reading, reports = self.judge(payload, format=format)
        route = self.agencies.route(payload.agency or "")
        drafts = [
            self._draft(assessment, report, route)
            for assessment, report in zip(reading.assessments, reports, strict=True)
        ]
        return self.outbox.put(
            payload,
            reading.format,
            drafts,
            request=request,
            answer=lambda entries: answer(entries, reading.findings),
        )

    def judge(
        self,
        payload: Payload,
        *,
        format: str | None,
        certification: bool = True,
    ) -> tuple[Reading, list[Report]]:
        """Read and judge a payload and write nothing; findings carry the lines and columns of their places."""
        agency = payload.agency or ""
        reading = registry.read(payload, format=format, mapping=self.mappings.choose(payload, format))
        judge = Judge(catalog=self.catalog, roster=self.rosters.of(agency), certification=certification)
        judged = judge.judge_reading(reading, self.clock())
        reports = [self._fit(assessment, report, judge) for assessment, report in judged]
        whole, *each = located(payload, reading, reading.findings, *(report.findings for report in reports))
        reading = replace(reading, findings=whole)
        return reading, [replace(report, findings=found) for report, found in zip(reports, each, strict=True)]

    def recheck(self, agency: str) -> int:
        """Judge an agency's held submissions again, after its roster changed; return how many go on now.

        What a person or a route holds waits on: nothing that judging could find would release it.
        """
        judge = Judge(catalog=self.catalog, roster=self.rosters.of(agency))
        route = self.agencies.route(agency)
        released = 0
        for entry in self.outbox.held(agency):
            if not CURED_BY_JUDGING.issuperset(entry.holds):
                continue
            assessment, earlier = self.outbox.assessment(agency, entry.id), self.outbox.report(agency, entry.id)
            if assessment is None or earlier is None:
                continue
            read = tuple(finding for finding in earlier.findings if finding.kind is Kind.READING)
            report = judge.judge(replace(assessment, findings=read), self.clock(), mapping=_mapping(earlier))
            draft = self._draft(assessment, self._fit(assessment, report, judge), route)
            released += self.outbox.rejudge(agency, entry.id, draft) and draft.state is State.READY
        return released

    def _fit(self, assessment: Assessment, report: Report, judge: Judge) -> Report:
        """Look at what only the service can: whose it is, and whether the document can be built, so that nobody learns it later."""
        if assessment.text("AGENCY_ID") != assessment.agency:
            return replace(report, findings=(*report.findings, foreign(assessment)))
        if report.blocks or report.judged_by is None:
            return report
        try:
            build(assessment, judge.spec_for(assessment, self.clock().date()))
        except UnfitDocument as fault:
            return replace(report, findings=(*report.findings, unfit(assessment, fault)))
        return report

    def _draft(self, assessment: Assessment, report: Report, route: Route) -> Draft:
        """Choose where the submission begins: blocked, held, handed off or ready."""
        state, holds = State.READY, report.holds
        if report.blocks:
            state, holds = State.BLOCKED, ()
        elif route is Route.VIRTUAL_GATEWAY:
            state, holds = State.HANDED_OFF, ()
        elif route is Route.NOT_LIVE:
            state, holds = State.HELD, (*holds, HoldCause.NOT_LIVE)
        elif holds:
            state = State.HELD
        return Draft(assessment=assessment, report=report, state=state, holds=holds, why=_WHY[state])


def _mapping(report: Report) -> str | None:
    return report.judged_by.mapping if report.judged_by else None
