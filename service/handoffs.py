"""Hand-offs: what a person enters in the Virtual Gateway, from the worksheet to the word that it is done."""

from __future__ import annotations

from dataclasses import dataclass, replace

from canonical.finding import Finding, Kind, Severity
from canonical.submission import State
from gateway_client.worksheet import worksheet
from service.clock import Clock
from service.intake import Intake
from service.outbox.handing_off import Handoff
from service.outbox.sql_outbox import SqlOutbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoffs:
    """Shown, printed and closed; nothing here enters anything by itself."""

    intake: Intake
    outbox: SqlOutbox
    clock: Clock

    def open(self, agency: str, *, limit: int) -> list[Handoff]:
        """Return an agency's open hand-offs, oldest first."""
        return self.outbox.handoffs(agency, limit=limit)

    def close(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Take a person's word that it was entered; False where it is no open hand-off."""
        return self.outbox.close_handoff(agency, submission, actor=actor, note=note)

    def worksheet(self, agency: str, submission: str, *, with_key: bool = False) -> bytes | None:
        """Return the page to enter it from; None where nobody is to enter it by hand: two ways in would make it two.

        Raises:
            NoSpecInForce: no published specification covers its date any more.
        """
        entry = self.outbox.entry(agency, submission)
        if entry is None or entry.state is not State.HANDED_OFF:
            return None
        assessment, report = self.outbox.assessment(agency, submission), self.outbox.report(agency, submission)
        if assessment is None or report is None:
            return None
        read = tuple(finding for finding in report.findings if finding.kind is Kind.READING)
        spec = self.intake.judge_for(agency).spec_for(assessment, self.clock().date())
        return worksheet(
            replace(assessment, findings=read),
            spec,
            submission=submission,
            findings=tuple(finding for finding in report.findings if _worth_a_look(finding)),
            with_key=with_key,
        )


def _worth_a_look(finding: Finding) -> bool:
    return finding.severity is not Severity.ADVICE
