"""Delivery: take what is due, send or ask, record what came of it."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar

import structlog
from sqlalchemy.exc import DBAPIError

from canonical.errors import LostLease
from service.attempts import Attempts
from service.chores import Chores
from service.clock import Clock
from service.outbox.outbox import Claim, Exchange, Outbox, Poll, Settlement
from service.owners import Owner
from service.roads import Roads
from service.telemetry import Ours, fault_of
from service.tracing import Step, mark, step
from specs.windows import Windows

#: How long an idle worker sleeps before it looks again; jittered, so that workers do not look in step.
LOOK_AGAIN: Final = timedelta(seconds=0.5)
#: A busy worker's breath between two exchanges with the database, so that each carries more: CPU of a submission on
#: PostgreSQL 1.80 ms without, 1.71 with 10 ms, 1.55 with 20 (bench/delivery.py); beside a state's answer it is short.
BREATH: Final = timedelta(milliseconds=15)
#: "Idle" for --until-idle: nothing leased, and nothing due within this time.
IDLE_WITHIN: Final = timedelta(seconds=60)
#: How long a worker waits for a database that does not answer before it tries again.
DATABASE_AGAIN: Final = timedelta(seconds=1)

_Result = TypeVar("_Result")
_log = structlog.get_logger()


@dataclass(slots=True)
class UnderWay:
    """What is at work now, and what is done and not yet recorded."""

    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    done: list[tuple[Claim, Settlement]] = field(default_factory=list)

    def begin(self, work: asyncio.Task[None]) -> None:
        """Take a task under way until it ends."""
        self.tasks.add(work)
        work.add_done_callback(self.tasks.discard)

    def __bool__(self) -> bool:
        """Return whether anything is at work, or not yet recorded."""
        return bool(self.tasks or self.done)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One worker's work. The database is touched from one thread only, and never while a request is under way."""

    outbox: Outbox
    roads: Roads
    attempts: Attempts
    chores: Chores
    #: When nothing may leave though the state is well.
    windows: Callable[[], Windows]
    destination: str
    owner: Owner
    clock: Clock
    rng: random.Random
    store: ThreadPoolExecutor
    #: How long what is under way is given when the worker is told to stop.
    grace: timedelta = timedelta(seconds=20)

    async def run(self, *, until_idle: bool, stopping: asyncio.Event) -> None:
        """Deliver until told to stop (what is under way is finished), or until idle; a database that is away is waited for."""
        under_way = UnderWay()
        while not stopping.is_set():
            try:
                await self.chores.do(self._stored)
                begun = await self._turn(under_way)
                if not begun and until_idle and not under_way and await self._idle():
                    break
            except DBAPIError as error:
                _log.warning("the database does not answer", kind=type(error).__name__)
                await self._pause(under_way, stopping, DATABASE_AGAIN)
                continue
            await (asyncio.sleep(BREATH.total_seconds()) if begun else self._pause(under_way, stopping, LOOK_AGAIN))
        await self._finish(under_way)

    async def _turn(self, under_way: UnderWay) -> int:
        """Record what is done and lease what is due, in one transaction; return how much was begun."""
        transport = self.roads.today().transport
        room = 0 if self.windows().closed_at(self.clock()) else transport.max_in_flight - len(under_way.tasks)
        until = time.monotonic() + (self.lease - 2 * transport.total_timeout).total_seconds()
        claims = (await self._exchange(under_way, room)).claims
        for claim in claims:  # at once: whatever else fails now, what is leased is on its way
            under_way.begin(asyncio.create_task(self._deliver(claim, until, under_way)))
        polls = await self._polls(room - len(claims)) if room > len(claims) else []
        for poll in polls:
            under_way.begin(asyncio.create_task(self._poll(poll)))
        return len(claims) + len(polls)

    async def _polls(self, room: int) -> list[Poll]:
        lease = self.lease
        return await self._stored(lambda: self.outbox.polls(self.destination, limit=room, lease=lease))

    async def _exchange(self, under_way: UnderWay, room: int) -> Exchange:
        """Hand back what is done and take what is due; what could not be recorded now is handed back next time."""
        handed, under_way.done = under_way.done, []
        try:
            exchange = await self._stored(
                lambda: self.outbox.exchange(self.destination, self.owner.name, handed, limit=room, lease=self.lease)
            )
        except DBAPIError:
            under_way.done = [*handed, *under_way.done]
            raise
        except Exception as fault:  # noqa: BLE001 - one settlement that cannot be recorded must not stop the others
            _log.error("settlements could not be recorded together", count=len(handed), **fault_of(fault))
            await self._recorded_singly(handed)
            return Exchange(claims=[])
        for claim, settlement in handed:
            _tell(claim, settlement, lost=claim.submission in exchange.lost)
        return exchange

    async def _recorded_singly(self, handed: Sequence[tuple[Claim, Settlement]]) -> None:
        """Record each by itself; what cannot be recorded is left to its lease, after which the state is asked."""
        for claim, settlement in handed:
            try:
                await self._stored(self.outbox.settle, claim, settlement)
            except Exception as fault:  # noqa: BLE001 - see above
                _log.error("a settlement could not be recorded", submission=claim.submission, **fault_of(fault))
            else:
                _tell(claim, settlement, lost=False)

    @property
    def lease(self) -> timedelta:
        """Longer than an attempt can last: a question and a send, each at most two requests long, and some air."""
        return 4 * self.roads.today().transport.total_timeout + timedelta(seconds=10)

    async def _deliver(self, claim: Claim, until: float, under_way: UnderWay) -> None:
        with step(Step.ATTEMPT, of=claim.submission, agency=claim.agency, attempt=claim.attempts):
            ended = await self.attempts.make(claim, self._stored, until)
        under_way.done.append(ended)  # looked up only now: while the attempt lasted, another list took its place

    async def _poll(self, poll: Poll) -> None:
        with step(Step.POLL, of=poll.submission):
            settlement = await self.attempts.poll(poll)
        try:
            await self._stored(self.outbox.settle_poll, poll, settlement)
        except LostLease:
            _log.warning("poll lost; nothing recorded", submission=poll.submission)
        except DBAPIError as error:  # it is due again when its lease ends
            _log.warning("the database does not answer", submission=poll.submission, kind=type(error).__name__)

    async def _finish(self, under_way: UnderWay) -> None:
        """Let what is under way come to its end, and record it; what cannot be recorded now is asked about later.

        What lasts longer than the grace is left: its lease ends with this worker, and the next one asks about it.
        """
        if under_way.tasks:
            _, late = await asyncio.wait(under_way.tasks, timeout=self.grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if under_way.done:
            try:
                await self._exchange(under_way, 0)
            except DBAPIError as error:
                _log.warning("the database does not answer; the state will be asked", kind=type(error).__name__)

    async def _idle(self) -> bool:
        """Nothing leased by anyone, and nothing due soon (what a closed road keeps back does not count)."""
        if await self._stored(self.outbox.paused, self.destination) is not None:
            return True
        soon = self.clock() + IDLE_WITHIN
        closed = self.windows().closed_at(self.clock())
        depth = await self._stored(self.outbox.depth, self.destination)
        if closed is not None and (closed.end is None or closed.end > soon):
            return depth.leased == 0
        return depth.leased == 0 and (depth.next_due is None or depth.next_due > soon)

    async def _pause(self, under_way: UnderWay, stopping: asyncio.Event, span: timedelta) -> None:
        """Wait until something ends, somebody stops us, or it is time to look again."""
        if under_way.done:
            return
        waker = asyncio.create_task(stopping.wait())
        seconds = span.total_seconds() * self.rng.uniform(0.5, 1)
        await asyncio.wait({waker, *under_way.tasks}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        waker.cancel()

    async def _stored(self, work: Callable[..., _Result], *arguments: object) -> _Result:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.store, work, *arguments)


def _tell(claim: Claim, settlement: Settlement, *, lost: bool) -> None:
    mark(
        Step.SETTLE,
        claim.submission,
        outcome="lost" if lost else settlement.outcome,
        state=settlement.state.value,
    )
    if lost:
        _log.warning("lease lost; nothing recorded", submission=claim.submission)
        return
    if settlement.pause is not None:
        _log.error("the destination is paused", submission=claim.submission, why=Ours(settlement.pause))
    _log.info(
        "attempt settled",
        submission=claim.submission,
        attempt=claim.attempts,
        outcome=settlement.outcome,
        state=settlement.state,
    )
