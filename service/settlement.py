"""What follows from an outcome: the table of design section 7 as one pure decision."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from canonical.assessment import Assessment
from canonical.finding import Finding, HoldCause
from canonical.outcome import (
    Accepted,
    Misconfigured,
    NotThere,
    Outcome,
    Pending,
    Receipt,
    Rejected,
    Reply,
    Suspended,
    TryLater,
    Unsure,
)
from canonical.submission import State
from gateway_client.retry import given_up, next_due
from service.outbox.outbox import Claim, Poll, Settlement
from service.refusals import refused
from specs.spec import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Everything that a decision needs beside the outcome."""

    transport: Transport
    now: datetime
    rng: random.Random

    def of_send(self, outcome: Outcome, claim: Claim) -> Settlement:
        """Decide what follows from a send."""
        match outcome:
            case Accepted() | Pending() | Suspended():
                return self._taken(outcome)
            case Rejected():
                return self._rejected(outcome, claim)
            case TryLater():
                return self._later(outcome, claim)
            case Unsure():
                return self._unsure(outcome, claim)
            case Misconfigured():
                return Settlement(
                    state=State.READY, outcome="Misconfigured", why=outcome.why, spent=False, pause=outcome.why
                )

    def of_question(self, reply: Reply, claim: Claim) -> Settlement:
        """Decide what follows from a question about an in-doubt submission; ``NotThere`` is not asked here: it is sent."""
        match reply:
            case Accepted() | Pending() | Suspended():
                return self._taken(reply)
            case Rejected():
                return self._rejected(reply, claim)
            case TryLater() | Unsure():
                after = reply.after if isinstance(reply, TryLater) else None
                return self._still_in_doubt(reply.why, claim, after)
            case Misconfigured():
                return Settlement(
                    state=State.IN_DOUBT, outcome="Misconfigured", why=reply.why, spent=False, pause=reply.why
                )
            case NotThere():
                return Settlement(state=State.READY, outcome="NotThere", why="The state never received it.")

    def of_poll(self, reply: Reply, poll: Poll) -> Settlement:
        """Decide what follows from asking for a receipt that was not final."""
        match reply:
            case Accepted() | Pending() | Suspended():
                return self._taken(reply)
            case Rejected():
                return Settlement(
                    state=State.REJECTED,
                    outcome="Rejected",
                    why="The state rejected it after all.",
                    receipt=reply.receipt,
                    findings=_findings(reply.receipt, poll.assessment),
                )
            case NotThere():
                return Settlement(
                    state=State.STUCK, outcome="NotThere", why="The state no longer knows a document that it had taken."
                )
            case TryLater() | Unsure() | Misconfigured():
                pause = reply.why if isinstance(reply, Misconfigured) else None
                return Settlement(
                    state=poll.state,
                    outcome=type(reply).__name__,
                    why=reply.why,
                    wait=self.transport.poll_every,
                    pause=pause,
                )

    def _taken(self, outcome: Accepted | Pending | Suspended) -> Settlement:
        state, why, wait = {
            Accepted: (State.ACCEPTED, "The state accepted it.", timedelta(0)),
            Pending: (State.PENDING, "The state has it and has not decided.", self.transport.poll_every),
            Suspended: (State.SUSPENDED, "The state has it and a person must act.", self.transport.poll_every),
        }[type(outcome)]
        return Settlement(state=state, outcome=type(outcome).__name__, why=why, wait=wait, receipt=outcome.receipt)

    def _rejected(self, outcome: Rejected, claim: Claim) -> Settlement:
        """A key that we hold valid is tried once more under a fresh idempotency key, then held; all else is final."""
        findings = _findings(outcome.receipt, claim.assessment)
        if not outcome.concerns_key:
            return Settlement(
                state=State.REJECTED,
                outcome="Rejected",
                why="The state rejected it.",
                receipt=outcome.receipt,
                findings=findings,
            )
        if self.transport.second_try and not claim.second_try:
            return Settlement(
                state=State.READY,
                outcome="Rejected",
                why="The state refused a certification key that we hold valid: it is tried once more.",
                wait=self._wait(claim.attempts, None),
                receipt=outcome.receipt,
                fresh_key=True,
            )
        return Settlement(
            state=State.HELD,
            outcome="Rejected",
            why="The state refused a certification key that we hold valid; the desks named in the report can help.",
            holds=(HoldCause.KEY_REFUSED,),
            receipt=outcome.receipt,
            findings=findings,
        )

    def _later(self, outcome: TryLater, claim: Claim) -> Settlement:
        if self._given_up(claim):
            return Settlement(state=State.STUCK, outcome="TryLater", why=f"{outcome.why} We gave up after a long time.")
        return Settlement(
            state=State.READY,
            outcome="TryLater",
            why=outcome.why,
            wait=self._wait(claim.attempts, outcome.after),
        )

    def _unsure(self, outcome: Unsure, claim: Claim) -> Settlement:
        if self.transport.query is None and not self.transport.idempotency:
            return Settlement(
                state=State.STUCK,
                outcome="Unsure",
                why=f"{outcome.why} The state offers no way to ask, and sending again could double it.",
            )
        return self._still_in_doubt(outcome.why, claim, None)

    def _still_in_doubt(self, why: str, claim: Claim, after: timedelta | None) -> Settlement:
        if self._given_up(claim):
            return Settlement(state=State.STUCK, outcome="Unsure", why=f"{why} We gave up asking after a long time.")
        return Settlement(state=State.IN_DOUBT, outcome="Unsure", why=why, wait=self._wait(claim.attempts, after))

    def _wait(self, attempts: int, after: timedelta | None) -> timedelta:
        return next_due(self.transport.schedule, max(1, attempts), after, self.rng)

    def _given_up(self, claim: Claim) -> bool:
        began = claim.first_sent_at
        return began is not None and given_up(self.transport.give_up_after, self.now - began)


def _findings(receipt: Receipt, assessment: Assessment) -> tuple[Finding, ...]:
    return tuple(refused(assessment, reason) for reason in receipt.reasons)
