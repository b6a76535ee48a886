"""Corrections and voids of what was sent: submissions of their own, behind what they mend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from canonical.assessment import Answer, Assessment
from canonical.errors import EcasBridgeError
from canonical.finding import Finding, Report, Severity
from canonical.payload import Payload
from service.clock import Clock
from service.intake import Answering, Intake
from service.judging import Judge
from service.outbox.correcting import Lineage, Stage
from service.outbox.outbox import Draft, Reply, Request
from service.outbox.resolving import Word
from service.outbox.sql_outbox import SqlOutbox
from service.replays import bearing
from specs.spec import Spec

_VERSION: Final = "DOCUMENT_VERSION"
_TYPE: Final = "SUBMISSION_TYPE"
_ID: Final = "DOCUMENT_ID"
_VOID: Final = "void"
_CORRECT: Final = "correct"
#: Needed to find the child and the programme, though the state does not ask for it.
_OURS: Final = frozenset({"MEMBER_LOCAL_ID", "SERVICE"})
#: How often something may change while we judge before we give up.
_TRIES: Final = 3
#: How often a rule may ask for one more answer.
_ROUNDS: Final = 8
_BLANK: Final = Report(findings=(), judged_by=None)


class Voided(StrEnum):
    """What became of the wish to void a submission."""

    #: It never left, and is cancelled.
    CANCELLED = "cancelled"
    #: A void is behind it in its lane.
    BEHIND = "behind"
    #: The state does not have it, so that there is nothing to void.
    NOTHING = "nothing"


class MovedMeanwhile(EcasBridgeError):
    """What was to be mended kept moving while it was judged; trying again does no harm."""


class NotOneAssessment(EcasBridgeError):
    """A correction's payload holds none, or more than one."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        """Carry what the adapter found."""
        super().__init__("A correction is a payload with exactly one assessment.")
        self.findings = tuple(findings)


class NothingToCorrect(EcasBridgeError):
    """The state does not have it: send it again like any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """Judged like everything else; whatever is behind in a lane cannot overtake."""

    intake: Intake
    outbox: SqlOutbox
    clock: Clock

    def void(self, agency: str, submission: str, word: Word) -> tuple[Voided, str]:
        """Withdraw a document: cancel what never left, send a void behind what did; return also which submission tells.

        Said twice it means the same: a void that is on its way or done is answered again.

        Raises:
            MovedMeanwhile: it kept moving.
        """
        for _ in range(_TRIES):
            found = self.outbox.lineage(agency, submission)
            if found is None or found.stage is Stage.OVER:
                return Voided.NOTHING, submission
            if found.stage is Stage.UNSENT:
                if self.outbox.cancel(agency, submission, actor=word.actor, note=word.note):
                    return Voided.CANCELLED, submission
                continue
            if found.voided_by is not None:
                return Voided.BEHIND, found.voided_by
            draft = self._void_of(agency, found)
            new = self.outbox.void(agency, submission, draft, next_version=found.next_version, word=word)
            if new is not None:
                return Voided.BEHIND, new
        raise MovedMeanwhile("The submission moved while it was being voided. Say it again.")

    def correct(
        self, payload: Payload, submission: str, *, format: str | None, request: Request, answer: Answering, actor: str
    ) -> Reply:
        """Take a payload whose one assessment replaces a document.

        What never left is superseded under the same version; what did is corrected by the next version, behind it.

        Raises:
            NotOneAssessment: the payload holds none, or several.
            NothingToCorrect: the state does not have it, and never will.
            MovedMeanwhile: it kept moving.
            KeyReused: the request's key came before with another body.
        """
        payload = self.intake.dated(payload)
        for _ in range(_TRIES):
            found = self.outbox.lineage(payload.agency or "", submission)
            if found is None or found.stage is Stage.OVER:
                raise NothingToCorrect("The state does not have it: send the record again with “ecas submit”.")
            reply = self._corrected(payload, submission, found, format, request, answer, actor)
            if reply is not None:
                return reply
        raise MovedMeanwhile("The submission moved while its correction was judged. Send it again.")

    def _corrected(
        self,
        payload: Payload,
        submission: str,
        found: Lineage,
        format_: str | None,
        request: Request,
        answer: Answering,
        actor: str,
    ) -> Reply | None:
        def altered(read: Assessment) -> Assessment:
            return bearing(read, _identity(found, read))

        reading, drafts = self.intake.drafts(payload, format=format_, altered=altered)
        if len(drafts) != 1:
            raise NotOneAssessment(reading.findings)
        return self.outbox.correct(
            payload.agency or "",
            submission,
            payload,
            reading.format,
            drafts[0],
            found=found,
            request=request,
            answer=lambda entries: answer(entries, reading),
            word=Word(actor=actor, note=""),
        )

    def _void_of(self, agency: str, found: Lineage) -> Draft:
        """Return the void of a document: as few answers as the dictionary and the rules accept, and none of the full CANS."""
        judge = self.intake.judge_for(agency)
        whole = found.assessment
        spec = judge.spec_for(whole, self.clock().date())
        offered = {item: whole.answers[item] for item in whole.answers if item in spec.leaves_without_consent}
        offered |= _marks(whole, {_TYPE: _VOID, _VERSION: str(found.next_version)})
        kept = {item for item in offered if item in _OURS or _asked_for(item, spec)} - {spec.consent_item}
        for _ in range(_ROUNDS):
            void = replace(whole, answers={item: offered[item] for item in offered if item in kept}, findings=())
            missing = _missing(judge, void, self.clock) & offered.keys() - kept
            if not missing:
                break
            kept |= missing
        return self.intake.judged_again(void, _BLANK, judge, self.intake.routes.of(agency))


def _identity(found: Lineage, read: Assessment) -> Mapping[str, Answer]:
    """Return what makes an assessment the correction of that document: its id, and the version that is next."""
    own = found.assessment
    if found.stage is Stage.UNSENT:
        return {item: own.answers[item] for item in (_ID, _VERSION, _TYPE) if item in own.answers}
    document = {_ID: own.answers[_ID]} if _ID in own.answers else {}
    return {**document, **_marks(read, {_TYPE: _CORRECT, _VERSION: str(found.next_version)})}


def _marks(assessment: Assessment, texts: Mapping[str, str]) -> dict[str, Answer]:
    place = replace(assessment.origin, label=f"derived by ecas-bridge for {assessment.origin.label}")
    return {item: Answer(text=text, source=place) for item, text in texts.items()}


def _asked_for(item: str, spec: Spec) -> bool:
    line = spec.occurrences.get(item)
    return line is not None and (line.required or bool(line.required_when))


def _missing(judge: Judge, void: Assessment, clock: Clock) -> set[str]:
    """Return the items of which the dictionary or a rule says that the void cannot do without them."""
    report = judge.judge(void, clock())
    wrong: Iterable[Finding] = (f for f in report.findings if f.severity is Severity.ERROR)
    return {item for finding in wrong for item in finding.items}
