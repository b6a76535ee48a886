"""Submissions that wait: looked at again on a schedule, released or stopped by a person's word, never forgotten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from canonical.errors import EcasBridgeError
from canonical.finding import HoldCause
from canonical.submission import State
from service.clock import Clock
from service.intake import Intake, not_live_yet
from service.outbox.outbox import Entry, Outbox
from validators.business_days import business_days_between

#: What a person's word can cure: nobody else can know that a name change is done, or that the desks have verified a key.
CURED_BY_WORD: Final = frozenset({HoldCause.NAME_CHANGE, HoldCause.KEY_REFUSED, HoldCause.IDENTITY, HoldCause.PERSON})
#: Where the desks count their business days.
_MASSACHUSETTS: Final = ZoneInfo("America/New_York")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Holds:
    """The second half of waiting: somebody looks."""

    intake: Intake
    outbox: Outbox
    clock: Clock

    def look_again(self) -> int:
        """Judge everything again that a new judgement can cure, escalate what has waited too long; return how many go on.

        One agency's broken roster or package keeps nobody else waiting.
        """
        released = 0
        for agency in self.outbox.waiting_agencies():
            try:
                released += self.intake.recheck(agency)
                self._escalate(agency)
            except (EcasBridgeError, OSError) as error:
                _log.warning("held submissions could not be judged again", agency=agency, kind=type(error).__name__)
        if released:
            _log.info("held submissions released", count=released)
        return released

    def hold(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Let a submission wait until a person releases it; False where it has left, or ended."""
        return self.outbox.hold(agency, submission, actor=actor, note=note)

    def release(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Take a person's word for what it can cure, and judge again: whatever else stops it still does.

        False where no cause is one that a person's word can cure, or it moved meanwhile.
        """
        entry = self.outbox.entry(agency, submission)
        if entry is None or entry.state is not State.HELD or not _cured_by_word(entry):
            return False
        assessment, earlier = self.outbox.assessment(agency, submission), self.outbox.report(agency, submission)
        if assessment is None or earlier is None:
            return False
        given = (cause for cause in entry.holds if cause is HoldCause.NAME_CHANGE)
        vouched = tuple(dict.fromkeys((*entry.vouched, *given)))
        ways, judge = self.intake.routes.of(agency), self.intake.judge_for(agency)
        draft = self.intake.judged_again(assessment, earlier, judge, ways, vouched=vouched)
        draft = not_live_yet(draft, entry)
        return self.outbox.release(agency, submission, draft, actor=actor, note=note)

    def _escalate(self, agency: str) -> None:
        """Say of each name change that has taken longer than the package allows that it has."""
        today = self.clock()
        for entry in self.outbox.held(agency):
            if entry.escalated_at is not None or entry.name_change_since is None:
                continue
            waited = business_days_between(_local(entry.name_change_since), _local(today))
            if waited >= (allowed := self._allowed(entry)):
                why = (
                    f"The name change has waited for {allowed} business days: ask the Access Administrator what became of "
                    "the User Request Form, or Virtual Gateway Customer Service where there is none."
                )
                self.outbox.escalate(agency, entry.id, why)
                _log.warning("a name change has waited too long", agency=agency, submission=entry.id, days=waited)

    def _allowed(self, entry: Entry) -> int:
        """Return the business days that a name change may take, by the package that judges the assessment."""
        assessment = self.outbox.assessment(entry.agency, entry.id)
        assert assessment is not None
        judge = self.intake.judge_for(entry.agency)
        return judge.spec_for(assessment, self.clock().date()).certification.name_change_business_days


def _cured_by_word(entry: Entry) -> bool:
    """Return whether a person's word cures a cause; nobody's word stands against the member's, who withdrew consent."""
    return not CURED_BY_WORD.isdisjoint(entry.holds) and HoldCause.CONSENT_WITHDRAWN not in entry.holds


def _local(moment: datetime) -> date:
    return moment.astimezone(_MASSACHUSETTS).date()
