"""Delivery: take what is due, send or ask, record what came of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import structlog

from canonical.assessment import Assessment
from canonical.errors import InterlockClosed, LostLease, UnfitDocument
from canonical.finding import HoldCause
from canonical.outcome import Document, NotThere
from canonical.submission import State
from gateway_client.envelope import build
from service.clock import Clock
from service.holds import Holds
from service.judging import Judge
from service.outbox.outbox import Claim, Outbox, Poll, Settlement
from service.owners import Owner
from service.refusals import unfit
from service.roads import Road, Roads
from service.settlement import Settling
from validators.certification import refused_twice

#: How long an idle worker sleeps before it looks again; jittered, so that workers do not look in step.
LOOK_AGAIN: Final = timedelta(seconds=0.5)
#: "Idle" for --until-idle: nothing leased, and nothing due within this time.
IDLE_WITHIN: Final = timedelta(seconds=60)

_Result = TypeVar("_Result")
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One worker's work. The database is touched from one thread only, and never while a request is under way."""

    outbox: Outbox
    roads: Roads
    judge: Judge
    holds: Holds
    #: How often what waits is judged again: a roster or a package may change without anybody telling us.
    look_again_every: timedelta
    destination: str
    owner: Owner
    clock: Clock
    rng: random.Random
    store: ThreadPoolExecutor

    async def run(self, *, until_idle: bool, stopping: asyncio.Event) -> None:
        """Deliver until told to stop (what is under way is finished), or until idle."""
        under_way: set[asyncio.Task[None]] = set()
        look_again_at = 0.0
        while not stopping.is_set():
            if time.monotonic() >= look_again_at:
                await self._stored(self.holds.look_again)
                look_again_at = time.monotonic() + self.look_again_every.total_seconds()
            ended = await self._stored(self.outbox.expire, self.owner.alive)
            if ended:
                _log.info("leases of dead workers ended", count=ended)
            room = self.roads.today().transport.max_in_flight - len(under_way)
            begun = await self._begin(room) if room > 0 else []
            for work in begun:
                task = asyncio.create_task(work)
                under_way.add(task)
            if not begun:
                if until_idle and not under_way and await self._idle():
                    break
                await self._pause(under_way, stopping)
            under_way = _still_running(under_way)
        if under_way:
            await asyncio.wait(under_way)
            _still_running(under_way)

    async def _begin(self, room: int) -> list[Coroutine[Any, Any, None]]:
        """Lease what is due; every attempt is on disk before this returns."""
        lease = self.lease
        claims = await self._stored(
            lambda: self.outbox.claim(self.destination, self.owner.name, limit=room, lease=lease)
        )
        polls = await self._stored(lambda: self.outbox.polls(self.destination, limit=room - len(claims), lease=lease))
        return [*(self._deliver(claim) for claim in claims), *(self._poll(poll) for poll in polls)]

    @property
    def lease(self) -> timedelta:
        """Longer than an attempt can last: a question and a send, each at most two requests long, and some air."""
        return 4 * self.roads.today().transport.total_timeout + timedelta(seconds=10)

    async def _deliver(self, claim: Claim) -> None:
        try:
            settlement = await self._attempt(claim)
            await self._stored(self.outbox.settle, claim, settlement)
        except LostLease:
            _log.warning("lease lost; nothing recorded", submission=claim.submission)
            return
        if settlement.pause is not None:
            _log.error("the destination is paused", submission=claim.submission, why=settlement.pause)
        _log.info(
            "attempt settled",
            submission=claim.submission,
            attempt=claim.attempts,
            outcome=settlement.outcome,
            state=settlement.state,
        )

    async def _attempt(self, claim: Claim) -> Settlement:
        """Build the document, ask first where in doubt, send where it is certain that the state lacks it."""
        road = self.roads.today()
        try:
            document = self._document(claim)
            if claim.state is State.IN_DOUBT and road.transport.query is not None:
                reply = await road.gateway.ask(document, idempotency_key=claim.idempotency_key)
                if not isinstance(reply, NotThere):
                    return self._explained(self._settling(road).of_question(reply, claim), claim)
                document = self._built(claim.assessment, self.clock())
            if claim.state is State.IN_DOUBT and road.transport.query is None and not road.transport.idempotency:
                return _never_blindly()
            if claim.state is State.IN_DOUBT:
                claim = await self._stored(self.outbox.resend, claim)
            outcome = await road.gateway.send(document, idempotency_key=claim.idempotency_key)
        except UnfitDocument as fault:
            return _unfit(claim, fault)
        except InterlockClosed as closed:
            return Settlement(
                state=claim.state if claim.state is State.IN_DOUBT else State.READY,
                outcome="Misconfigured",
                why=str(closed),
                spent=False,
                pause=str(closed),
            )
        return self._explained(self._settling(road).of_send(outcome, claim), claim)

    def _explained(self, settlement: Settlement, claim: Claim) -> Settlement:
        """Add whom to ask, in order, where the state refused a key that we hold valid for good."""
        if HoldCause.KEY_REFUSED not in settlement.holds:
            return settlement
        spec = self.judge.spec_for(claim.assessment, self.clock().date())
        return replace(settlement, findings=(*settlement.findings, refused_twice(claim.assessment, spec)))

    async def _poll(self, poll: Poll) -> None:
        road = self.roads.today()
        try:
            reply = await road.gateway.poll(poll.document_id, poll.digest, poll.tracking_id)
            settlement = self._settling(road).of_poll(reply, poll)
        except InterlockClosed as closed:
            settlement = Settlement(
                state=poll.state,
                outcome="Misconfigured",
                why=str(closed),
                pause=str(closed),
                wait=road.transport.poll_every,
            )
        try:
            await self._stored(self.outbox.settle_poll, poll, settlement)
        except LostLease:
            _log.warning("poll lost; nothing recorded", submission=poll.submission)

    def _document(self, claim: Claim) -> Document:
        """Build the document of today; where it is in doubt, the one that was sent: the state is asked about that one."""
        in_doubt = claim.state is State.IN_DOUBT
        return self._built(claim.assessment, (in_doubt and claim.last_sent_at) or self.clock())

    def _built(self, assessment: Assessment, at: datetime) -> Document:
        """Build the document as it is sent at that moment; under one package for everything it never leaves a rehearsal."""
        judging = self.judge.spec_for(assessment, self.clock().date())
        document = build(assessment, judging, self.judge.sending(at.date()))
        return replace(document, provisional=document.provisional or self.judge.spec is not None)

    def _settling(self, road: Road) -> Settling:
        return Settling(transport=road.transport, now=self.clock(), rng=self.rng)

    async def _idle(self) -> bool:
        """Nothing leased by anyone, and nothing due soon (what a paused destination keeps back does not count)."""
        if await self._stored(self.outbox.paused, self.destination) is not None:
            return True
        depth = await self._stored(self.outbox.depth, self.destination)
        soon = self.clock() + IDLE_WITHIN
        return depth.leased == 0 and (depth.next_due is None or depth.next_due > soon)

    async def _pause(self, under_way: set[asyncio.Task[None]], stopping: asyncio.Event) -> None:
        """Wait until something ends, somebody stops us, or it is time to look again."""
        waker = asyncio.create_task(stopping.wait())
        seconds = LOOK_AGAIN.total_seconds() * self.rng.uniform(0.5, 1)
        await asyncio.wait({waker, *under_way}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waker.cancel()

    async def _stored(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.store, work, *arguments)


def _still_running(tasks: set[asyncio.Task[None]]) -> set[asyncio.Task[None]]:
    """Drop what has ended; what ended by an error of ours ends the worker, whose leases then run out."""
    for task in tasks:
        if task.done():
            task.result()
    return {task for task in tasks if not task.done()}


def _never_blindly() -> Settlement:
    """The state offers neither a question nor a key: what may have arrived waits for a person."""
    return Settlement(
        state=State.STUCK,
        outcome="Unsure",
        why="It may have arrived; the state offers no way to ask, and sending again could double it.",
    )


def _unfit(claim: Claim, fault: UnfitDocument) -> Settlement:
    """The wire of today has no room for what we would send: it waits for a person or a package, and never leaves."""
    return Settlement(
        state=State.STUCK if claim.state is State.IN_DOUBT else State.HELD,
        outcome="Unfit",
        why="The document does not fit the wire of the specification package in force today.",
        holds=() if claim.state is State.IN_DOUBT else (HoldCause.COULD_NOT_CHECK,),
        findings=(unfit(claim.assessment, fault),),
        spent=False,
    )
