"""Intake: read what an agency sent, judge it, and write down what is to be delivered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import islice
from typing import Final

from adapters import registry
from canonical.assessment import Assessment, Reading
from canonical.errors import EcasBridgeError
from canonical.finding import HoldCause, Kind, Report, Severity
from canonical.notice import Notice
from canonical.payload import Payload
from canonical.submission import State
from service.clock import Clock
from service.crowding import Crowding
from service.fitting import fitted
from service.judging import Judge, assessed, located
from service.mappings import Mappings, Undecided
from service.outbox.crowd import QUEUED
from service.outbox.outbox import Draft, Entry, Outbox, Reply, Request
from service.refusals import foreign, undecided, without_a_scope
from service.roster.rosters import Rosters
from service.routes import Route, Routes, Ways
from service.tracing import Step, received, step
from specs.catalog import Catalog
from specs.due import due
from specs.spec import Spec

#: Writes the answer to a payload: what its assessments became, in the order of the reading, and the reading itself.
Answering = Callable[[Sequence[Entry], Reading], tuple[int, bytes]]

#: Gives an assessment what its payload cannot know, before it is judged: the version of a correction.
Altering = Callable[[Assessment], Assessment]

_WHY: Final = {
    State.BLOCKED: "The report holds an error: the sender repairs it and sends again.",
    State.HELD: "The report names a cause to wait for.",
    State.HANDED_OFF: "The agency enters it in the Virtual Gateway.",
    State.READY: "It conforms and may leave.",
}

#: How the codes of findings about a certification key begin.
_OF_THE_KEY: Final = "C"

#: Of the wire, which a person at the Virtual Gateway does not use.
_OF_THE_WIRE: Final = "X010"
#: Stands for the notice that is still missing, to see whether the document has a place for one.
_ANY: Final = Notice(purpose="…", recipient="…", given_on=date.min)

#: What a new judgement can cure.
CURED_BY_JUDGING: Final = frozenset(
    {
        HoldCause.UNKNOWN_KEY,
        HoldCause.NAME_CHANGE,
        HoldCause.APPROVAL,
        HoldCause.DUPLICATE_KEY,
        HoldCause.COULD_NOT_CHECK,
        HoldCause.PART_TWO,
    }
)


class TooManyAssessments(EcasBridgeError):
    """A payload holds more assessments than are taken at once."""

    def __init__(self, count: int, most: int) -> None:
        """Say how many were counted before reading stopped, and how many it may hold."""
        super().__init__(f"The payload holds {count} assessments or more; at most {most} are taken at once.")
        self.count, self.most = count, most


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """The first half of a submission's way."""

    catalog: Catalog
    mappings: Mappings
    rosters: Rosters
    routes: Routes
    outbox: Outbox
    clock: Clock
    #: The one package that the settings name for everything; None for those in force.
    spec: Spec | None = None
    #: Whether there is room for more; None where nobody asks.
    crowding: Crowding | None = None
    #: Assessments of one payload, at most.
    at_most: int | None = None

    def receive(self, payload: Payload, *, format: str | None, request: Request | None, answer: Answering) -> Reply:
        """Read a payload, judge its assessments, and write all of it down in one transaction.

        A payload from which nothing could be read is written down too, with no submission, so that nothing is lost.

        Raises:
            KeyReused: the request's key came before with another body.
            TooManyAssessments: it holds more than are taken at once; nothing was written down.
            Full: there is no room for so many; nothing was written down.
        """
        agency = payload.agency or ""
        payload = self.dated(payload)
        reading, drafts = self.drafts(payload, format=format, at_most=self.at_most)
        places = sum(draft.state in QUEUED for draft in drafts)
        if self.crowding is not None and places:
            self.crowding.check(agency, places)
        with step(Step.WRITE, payload=payload.name, count=len(drafts)):
            reply = self.outbox.put(
                payload,
                reading.format,
                drafts,
                request=request,
                answer=lambda entries: answer(_traced(entries), reading),
            )
        if self.crowding is not None and not reply.replayed:
            self.crowding.took(agency, places)
        return reply

    def drafts(
        self,
        payload: Payload,
        *,
        format: str | None,
        altered: Altering = lambda assessment: assessment,
        at_most: int | None = None,
    ) -> tuple[Reading, list[Draft]]:
        """Read and judge a payload, and return what is to be written down of it."""
        reading = self.read(payload, format=format, at_most=at_most)
        reading = replace(reading, assessments=tuple(map(altered, reading.assessments)))
        return self.drafted(payload, reading)

    def drafted(self, payload: Payload, reading: Reading) -> tuple[Reading, list[Draft]]:
        """Judge what was read of a payload, and return what is to be written down of it."""
        reading, reports = self.judged(payload, reading)
        ways = self.routes.of(payload.agency or "")
        return reading, [
            replace(self._draft(assessment, report, ways), next_due=self._next_due(assessment, report))
            for assessment, report in zip(reading.assessments, reports, strict=True)
        ]

    def dated(self, payload: Payload) -> Payload:
        """Return the payload with its day: what is read again later is read with the mapping of that day."""
        return replace(payload, day=payload.day or self.clock().date())

    def read(self, payload: Payload, *, format: str | None, at_most: int | None = None) -> Reading:
        """Read a payload with the mapping of its day, and no further than it may go.

        Raises:
            TooManyAssessments: it holds more than ``at_most``; the rest was not read.
        """
        with step(Step.READ, payload=payload.name):
            try:
                mapping = self.mappings.choose(payload, format, payload.day or self.clock().date())
            except Undecided as fault:
                return Reading(format=fault.format, findings=(undecided(payload, fault.names),))
            stream = registry.read_each(payload, format=format, mapping=mapping)
            found = tuple(islice(stream, None if at_most is None else at_most + 1))
            if at_most is not None and len(found) > at_most:
                raise TooManyAssessments(len(found), at_most)
            return stream.reading(found)

    def _next_due(self, assessment: Assessment, report: Report) -> date | None:
        """Return when the child's next assessment falls due by this one, by the package that judged it."""
        assessed_on = assessed(assessment)
        if report.judged_by is None or assessed_on is None:
            return None
        spec = self.spec or self.catalog.for_date(assessed_on)
        instrument = spec.instruments.get(assessment.text("INSTRUMENT") or "")
        return None if instrument is None else due(instrument, assessment.text("SERVICE"), assessed_on)

    def judge(
        self,
        payload: Payload,
        *,
        format: str | None,
        certification: bool = True,
        at_most: int | None = None,
    ) -> tuple[Reading, list[Report]]:
        """Read and judge a payload and write nothing; findings carry the lines and columns of their places.

        Raises:
            TooManyAssessments: it holds more than ``at_most``; none was judged.
        """
        reading = self.read(payload, format=format, at_most=at_most)
        return self.judged(payload, reading, certification=certification)

    def judged(self, payload: Payload, reading: Reading, *, certification: bool = True) -> tuple[Reading, list[Report]]:
        """Judge what was read of a payload; findings carry the lines and columns of their places."""
        agency = payload.agency or ""
        with step(Step.JUDGE, payload=payload.name, count=len(reading.assessments)):
            judge = self.judge_for(agency, certification=certification)
            judged = judge.judge_reading(reading, self.clock())
            reports = [self._fit(assessment, report, judge) for assessment, report in judged]
        whole, *each = located(payload, reading, reading.findings, *(report.findings for report in reports))
        reading = replace(reading, findings=whole)
        return reading, [replace(report, findings=found) for report, found in zip(reports, each, strict=True)]

    def recheck(self, agency: str) -> int:
        """Judge an agency's held submissions again, after its roster changed; return how many go on now.

        What a person or a route holds waits on: nothing that judging could find would release it.
        """
        judge = self.judge_for(agency)
        ways = self.routes.of(agency)
        released = 0
        for entry in self.outbox.held(agency):
            if not _may_be_cured(entry):
                continue
            assessment, earlier = self.outbox.assessment(agency, entry.id), self.outbox.report(agency, entry.id)
            if assessment is None or earlier is None:
                continue
            draft = self.judged_again(assessment, earlier, judge, ways, vouched=entry.vouched)
            draft = not_live_yet(draft, entry)
            if draft.holds == entry.holds and draft.report.findings == earlier.findings:
                continue
            released += self.outbox.rejudge(agency, entry.id, draft) and draft.state in (State.READY, State.HANDED_OFF)
        return released

    def judge_for(self, agency: str, *, certification: bool = True) -> Judge:
        """Return what judges this agency's assessments, with its roster of today."""
        roster = self.rosters.of(agency)
        return Judge(catalog=self.catalog, roster=roster, spec=self.spec, certification=certification)

    def judged_again(
        self,
        assessment: Assessment,
        earlier: Report,
        judge: Judge,
        ways: Ways,
        *,
        vouched: tuple[HoldCause, ...] = (),
    ) -> Draft:
        """Judge what was read before; what the adapter found then still stands, and so does a person's word."""
        read = tuple(finding for finding in earlier.findings if finding.kind is Kind.READING)
        report = judge.judge(replace(assessment, findings=read), self.clock(), mapping=_mapping(earlier))
        report = _believing(vouched, self._fit(assessment, report, judge))
        return replace(self._draft(assessment, report, ways), vouched=vouched)

    def _fit(self, assessment: Assessment, report: Report, judge: Judge) -> Report:
        """Look at what only the service can: whose it is, and whether the document can be built, so that nobody learns it later."""
        if assessment.text("AGENCY_ID") != assessment.agency:
            return replace(report, findings=(*report.findings, foreign(assessment)))
        if report.judged_by is None:
            return report
        notice, protection = None, self.outbox.protection(assessment.agency or "", assessment)
        if protection is not None:
            notice = protection.notice or _ANY
            if protection.notice is None and not report.blocks:
                report = replace(report, findings=(*report.findings, without_a_scope(assessment)))
        today = self.clock().date()
        return fitted(assessment, report, judge.spec_for(assessment, today), judge.sending(today), notice=notice)

    def _draft(self, assessment: Assessment, report: Report, ways: Ways) -> Draft:
        """Choose where the submission begins: blocked, held, handed off or ready."""
        route = ways.for_(assessment)
        state, holds = State.READY, report.holds
        if route is Route.NOT_LIVE:
            holds = (*holds, HoldCause.NOT_LIVE)
        elif route is Route.VIRTUAL_GATEWAY:
            state, holds = State.HANDED_OFF, _before_a_person(report)
        if report.blocks:
            state, holds = State.BLOCKED, ()
        elif holds:
            state = State.HELD
        return Draft(assessment=assessment, report=report, state=state, holds=holds, why=_WHY[state])


def _traced(entries: Sequence[Entry]) -> Sequence[Entry]:
    received([entry.id for entry in entries])
    return entries


def not_live_yet(draft: Draft, entry: Entry) -> Draft:
    """Return the draft of one that waits for a go-live: only the ramp ends that wait, or the Virtual Gateway does."""
    if HoldCause.NOT_LIVE not in entry.holds or draft.state not in (State.READY, State.HELD):
        return draft
    holds = tuple(dict.fromkeys((*draft.holds, HoldCause.NOT_LIVE)))
    return replace(draft, state=State.HELD, holds=holds, why=_WHY[State.HELD])


def _before_a_person(report: Report) -> tuple[HoldCause, ...]:
    """Return what keeps an assessment even from the Virtual Gateway; that checks the certification key by itself."""
    found = (finding for finding in report.findings if not finding.rule.startswith((_OF_THE_KEY, _OF_THE_WIRE)))
    return tuple(dict.fromkeys(finding.hold for finding in found if finding.hold is not None))


def _may_be_cured(entry: Entry) -> bool:
    """Return whether a new judgement can cure a cause; what the state refused, or a person stopped, waits for people."""
    causes = CURED_BY_JUDGING.intersection(entry.holds)
    return bool(causes) and (CURED_BY_JUDGING | {HoldCause.NOT_LIVE}).issuperset(entry.holds)


def _believing(vouched: tuple[HoldCause, ...], report: Report) -> Report:
    """Return the report of somebody who takes a person's word for these causes: they are told, and hold nothing up."""
    findings = (
        replace(finding, severity=Severity.WARNING, hold=None) if finding.hold in vouched else finding
        for finding in report.findings
    )
    return replace(report, findings=tuple(findings)) if vouched else report


def _mapping(report: Report) -> str | None:
    return report.judged_by.mapping if report.judged_by else None
