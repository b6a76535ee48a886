"""What follows from an outcome: the table of design section 7 as one pure decision."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import timedelta

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
from canonical.submission import State, StuckCause
from gateway_client.retry import given_up, next_due
from service.outbox.breaker import Signal
from service.outbox.outbox import Claim, Poll, Settlement
from service.refusals import refused
from specs.spec import Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """Everything that a decision needs beside the outcome."""

    transport: Transport
    #: How long the road was open since the submission was first sent.
    open_road: timedelta
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
                return _refused_us(outcome)

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
            case Misconfigured() if reply.perhaps_document:
                return _refused_us(reply)  # stuck, and still in doubt: whoever resolves it has the state asked first
            case Misconfigured():
                return Settlement(state=State.IN_DOUBT, outcome="Misconfigured", why=reply.why, pause=reply.why)
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
                    signal=Signal.UP,
                )
            case NotThere():
                return Settlement(
                    state=State.STUCK,
                    outcome="NotThere",
                    why="The state no longer knows a document that it had taken.",
                    cause=StuckCause.FORGOTTEN,
                    signal=Signal.UP,
                )
            case TryLater() | Unsure() | Misconfigured():
                pause = reply.why if isinstance(reply, Misconfigured) and not reply.perhaps_document else None
                return Settlement(
                    state=poll.state,
                    outcome=type(reply).__name__,
                    why=reply.why,
                    wait=self.transport.poll_every,
                    pause=pause,
                    signal=None if pause else Signal.DOWN,
                )

    def _taken(self, outcome: Accepted | Pending | Suspended) -> Settlement:
        state, why, wait = {
            Accepted: (State.ACCEPTED, "The state accepted it.", timedelta(0)),
            Pending: (State.PENDING, "The state has it and has not decided.", self.transport.poll_every),
            Suspended: (State.SUSPENDED, "The state has it and a person must act.", self.transport.poll_every),
        }[type(outcome)]
        return Settlement(
            state=state,
            outcome=type(outcome).__name__,
            why=why,
            wait=wait,
            receipt=outcome.receipt,
            signal=Signal.UP,
        )

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
                signal=Signal.UP,
            )
        if self.transport.second_try and not claim.second_try:
            return Settlement(
                state=State.READY,
                outcome="Rejected",
                why="The state refused a certification key that we hold valid: it is tried once more.",
                wait=self._wait(claim.attempts, None),
                receipt=outcome.receipt,
                fresh_key=True,
                signal=Signal.UP,
            )
        return Settlement(
            state=State.HELD,
            outcome="Rejected",
            why="The state refused a certification key that we hold valid; the desks named in the report can help.",
            holds=(HoldCause.KEY_REFUSED,),
            receipt=outcome.receipt,
            findings=findings,
            signal=Signal.UP,
        )

    def _later(self, outcome: TryLater, claim: Claim) -> Settlement:
        later = Settlement(
            state=State.READY,
            outcome="TryLater",
            why=outcome.why,
            wait=self._wait(claim.attempts, outcome.after),
            spent=not claim.probe,  # a probe into a closed road is no attempt of the submission's own
            signal=Signal.DOWN,
            not_before=outcome.after or timedelta(0),
        )
        if not self._given_up():
            return later
        why = f"{outcome.why} We gave up after a long time of open road."
        return replace(later, state=State.STUCK, why=why, cause=StuckCause.GAVE_UP, spent=True)

    def _unsure(self, outcome: Unsure, claim: Claim) -> Settlement:
        if self.transport.query is None and not self.transport.idempotency:
            return never_blindly(outcome.why)
        return self._still_in_doubt(outcome.why, claim, None)

    def _still_in_doubt(self, why: str, claim: Claim, after: timedelta | None) -> Settlement:
        doubt = Settlement(
            state=State.IN_DOUBT,
            outcome="Unsure",
            why=why,
            wait=self._wait(claim.asks + 1, after),
            signal=Signal.DOWN,
            not_before=after or timedelta(0),
        )
        if not self._given_up():
            return doubt
        why = f"{why} We gave up asking after a long time of open road."
        return replace(doubt, state=State.STUCK, why=why, cause=StuckCause.GAVE_UP_ASKING)

    def _wait(self, tries: int, after: timedelta | None) -> timedelta:
        return next_due(self.transport.schedule, max(1, tries), after, self.rng)

    def _given_up(self) -> bool:
        return given_up(self.transport.give_up_after, self.open_road)


def never_blindly(why: str) -> Settlement:
    """Return what follows where the state offers neither a question nor a key: what may have arrived waits for a person."""
    return Settlement(
        state=State.STUCK,
        outcome="Unsure",
        why=f"{why} The state offers no way to ask, and sending again could double it.",
        cause=StuckCause.NO_WAY_TO_ASK,
        signal=Signal.DOWN,
    )


def _refused_us(outcome: Misconfigured) -> Settlement:
    """A refusal without a reason: where it may lie in the document, that one waits; else nothing more is sent at all."""
    if outcome.perhaps_document:
        return Settlement(
            state=State.STUCK,
            outcome="Misconfigured",
            why=outcome.why,
            cause=StuckCause.REFUSED_WITHOUT_REASON,
            signal=Signal.REFUSED,
        )
    return Settlement(state=State.READY, outcome="Misconfigured", why=outcome.why, spent=False, pause=outcome.why)


def _findings(receipt: Receipt, assessment: Assessment) -> tuple[Finding, ...]:
    return tuple(refused(assessment, reason) for reason in receipt.reasons)
