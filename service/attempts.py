"""One attempt: build the document, ask first where in doubt, send where it is certain that the state lacks it."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from canonical.assessment import Assessment
from canonical.errors import ConfigurationError, EcasBridgeError, InterlockClosed, LostLease, UnfitDocument
from canonical.finding import HoldCause
from canonical.notice import Notice
from canonical.outcome import Document, Misconfigured, NotThere, Outcome, TryLater, Unsure
from canonical.submission import State, StuckCause
from gateway_client.envelope import build
from service.clock import Clock
from service.judging import Judge
from service.open_road import open_road
from service.outbox.outbox import Claim, Outbox, Poll, Settlement
from service.outbox.protecting import ScopeGone
from service.outbox.withdrawals import ConsentGone
from service.refusals import unfit, withdrawn_before, without_a_scope
from service.roads import Road, Roads
from service.settlement import Settling, never_blindly
from service.telemetry import fault_of
from service.tracing import Step, step
from specs.windows import Span, Windows
from validators.certification import refused_twice

_Result = TypeVar("_Result")
_Word = TypeVar("_Word")
_OUR_FAULT: Final = "Our own program failed on it."
_log = structlog.get_logger()


class Stored(Protocol):
    """Runs a piece of work on the thread of the database."""

    def __call__(self, work: Callable[..., _Result], *arguments: object) -> Awaitable[_Result]:
        """Return what the work returns."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts. Whatever happens to one document, there is a settlement: nobody else's delivery stops for it."""

    outbox: Outbox
    roads: Roads
    judge: Judge
    windows: Callable[[], Windows]
    destination: str
    clock: Clock
    rng: random.Random

    async def make(self, claim: Claim, stored: Stored, until: float) -> tuple[Claim, Settlement]:
        """Make one attempt; return the claim as it stands after it (asked, or sent) and what follows.

        No send begins after ``until`` (of the monotonic clock): a worker that slept, and wakes when its lease is over,
        would send beside the worker that took over.
        """
        try:
            return await self._settled(claim, stored, until)
        except Exception as fault:  # noqa: BLE001 - one document's fault must not stop everybody's delivery
            _log.error("an attempt failed", submission=claim.submission, **fault_of(fault))
            return claim, Settlement(
                state=State.STUCK, outcome="OurFault", why=_OUR_FAULT, cause=StuckCause.OUR_FAULT, spent=False
            )

    async def _settled(self, claim: Claim, stored: Stored, until: float) -> tuple[Claim, Settlement]:
        """Make the attempt, and settle what kept it from being made."""
        try:
            return await self._made(claim, stored, until)
        except UnfitDocument as fault:
            return claim, _unfit(claim, fault)
        except (InterlockClosed, ConfigurationError) as closed:
            state = State.IN_DOUBT if claim.state is State.IN_DOUBT else State.READY
            why = str(closed)
            return claim, Settlement(state=state, outcome="Misconfigured", why=why, spent=False, pause=why)
        except ConsentGone:
            why = "It was in doubt, and the member's consent was withdrawn meanwhile: it is not sent again."
            holds, findings = (HoldCause.CONSENT_WITHDRAWN,), (withdrawn_before(claim.assessment),)
            return claim, Settlement(state=State.HELD, outcome="NotThere", why=why, holds=holds, findings=findings)
        except ScopeGone:
            why = "It was in doubt, and 42 CFR Part 2 forbids sending it again: no consent covers it any more."
            holds, findings = (HoldCause.PART_TWO,), (without_a_scope(claim.assessment),)
            return claim, Settlement(state=State.HELD, outcome="NotThere", why=why, holds=holds, findings=findings)
        except (LostLease, DBAPIError):
            why = "Our database did not answer, or gave the lane to another worker."
            return claim, Settlement(state=State.IN_DOUBT, outcome="Unsure", why=why)

    async def _made(self, claim: Claim, stored: Stored, until: float) -> tuple[Claim, Settlement]:
        road = self.roads.today()
        settling = await self._settling(road, claim, stored)
        document = self._document(claim)
        if claim.state is State.IN_DOUBT:
            if road.transport.query is not None:
                question = road.gateway.ask(document, idempotency_key=claim.idempotency_key)
                reply = await self._spoken(question, claim.submission, Step.ASK)
                if not isinstance(reply, NotThere):
                    return claim, self._explained(settling.of_question(reply, claim), claim)
                document = self._built(claim.assessment, self.clock(), claim.notice)
            elif not road.transport.idempotency:
                return claim, never_blindly("It may have arrived.")
            before, claim = claim.notice, await stored(self.outbox.resend, claim)
            if claim.notice != before:
                document = self._built(claim.assessment, self.clock(), claim.notice)
        if time.monotonic() >= until:
            raise LostLease
        send = road.gateway.send(document, idempotency_key=claim.idempotency_key)
        return claim, self._decided(settling, await self._spoken(send, claim.submission, Step.SEND), claim)

    def _decided(self, settling: Settling, outcome: Outcome, claim: Claim) -> Settlement:
        """Settle a send that was made; where our own program fails even now, the document may be with the state."""
        try:
            return self._explained(settling.of_send(outcome, claim), claim)
        except Exception as fault:  # noqa: BLE001 - see above
            _log.error("a send could not be settled", submission=claim.submission, **fault_of(fault))
            return settling.of_send(Unsure(why=_OUR_FAULT), claim)

    async def _spoken(self, talk: Awaitable[_Word], submission: str, kind: Step) -> _Word | Unsure:
        """Talk to the state; where our own program fails on the way, bytes may have left: that is a doubt, and no answer."""
        try:
            with step(kind):
                return await talk
        except EcasBridgeError:
            raise
        except Exception as fault:  # noqa: BLE001 - see above
            _log.error("a talk with the state failed", submission=submission, **fault_of(fault))
            return Unsure(why=_OUR_FAULT)

    async def ask(self, claim: Claim) -> tuple[str, Settlement | None] | None:
        """Ask the state what it has under a key, and send nothing; return the outcome's name and what follows.

        Nothing follows where the state has nothing. None where it gave no word, or cannot be asked at all.
        """
        road = self.roads.today()
        if road.transport.query is None:
            return None
        settling = Settling(transport=road.transport, open_road=timedelta(0), rng=self.rng)
        try:
            question = road.gateway.ask(self._document(claim), idempotency_key=claim.idempotency_key)
            reply = await self._spoken(question, claim.submission, Step.ASK)
        except UnfitDocument:
            return None
        match reply:
            case NotThere():
                return "NotThere", None
            case TryLater() | Unsure() | Misconfigured():
                return None
        return type(reply).__name__, self._explained(settling.of_question(reply, claim), claim)

    async def poll(self, poll: Poll) -> Settlement:
        """Ask how a receipt stands now."""
        road = self.roads.today()
        settling = Settling(transport=road.transport, open_road=timedelta(0), rng=self.rng)
        try:
            question = road.gateway.poll(poll.document_id, poll.digest, poll.tracking_id)
            reply = await self._spoken(question, poll.submission, Step.POLL)
        except (InterlockClosed, ConfigurationError) as closed:
            why, wait = str(closed), road.transport.poll_every
            return Settlement(state=poll.state, outcome="Misconfigured", why=why, pause=why, wait=wait)
        return settling.of_poll(reply, poll)

    async def _settling(self, road: Road, claim: Claim, stored: Stored) -> Settling:
        """Return what decides; the open road is measured only where enough time has passed for it to matter."""
        began, now = claim.first_sent_at, self.clock()
        waited = now - began if began is not None else timedelta(0)
        if began is not None and waited >= road.transport.give_up_after:
            waited = await stored(self._open_road, claim, began, now)
        return Settling(transport=road.transport, open_road=waited, rng=self.rng)

    def _open_road(self, claim: Claim, began: datetime, now: datetime) -> timedelta:
        told = self.outbox.closures(self.destination, since=began)
        closed = [
            Span(start=closure.began_at, end=closure.ended_at)
            for closure in told
            if closure.agency in ("", claim.agency) and closure.programme in ("", claim.programme)
        ]
        return open_road(began, now, [*closed, *self.windows().spans(began, now)])

    def _explained(self, settlement: Settlement, claim: Claim) -> Settlement:
        """Add whom to ask, in order, where the state refused a key that we hold valid for good."""
        if HoldCause.KEY_REFUSED not in settlement.holds:
            return settlement
        spec = self.judge.spec_for(claim.assessment, self.clock().date())
        return replace(settlement, findings=(*settlement.findings, refused_twice(claim.assessment, spec)))

    def _document(self, claim: Claim) -> Document:
        """Build the document of today; where it is in doubt, the one that was sent: the state is asked about that one."""
        in_doubt = claim.state is State.IN_DOUBT
        return self._built(claim.assessment, (in_doubt and claim.last_sent_at) or self.clock(), claim.notice)

    def _built(self, assessment: Assessment, at: datetime, notice: Notice | None) -> Document:
        """Build the document as it is sent at that moment; under one package for everything it never leaves a rehearsal."""
        judging = self.judge.spec_for(assessment, self.clock().date())
        with step(Step.BUILD):
            document = build(assessment, judging, self.judge.sending(at.date()), notice=notice)
        return replace(document, provisional=document.provisional or self.judge.spec is not None)


def _unfit(claim: Claim, fault: UnfitDocument) -> Settlement:
    """The wire of today has no room for what we would send: it waits for a person or a package, and never leaves."""
    in_doubt, finding = claim.state is State.IN_DOUBT, unfit(claim.assessment, fault)
    return Settlement(
        state=State.STUCK if in_doubt else State.HELD,
        outcome="Unfit",
        why="The document does not fit the wire of the specification package in force today.",
        holds=() if in_doubt else (finding.hold or HoldCause.COULD_NOT_CHECK,),
        cause=StuckCause.UNFIT if in_doubt else None,
        findings=(finding,),
        spent=False,
    )
