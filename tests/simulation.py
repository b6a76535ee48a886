"""The real worker on a real database, against a state that is dead for days, in simulated time.

Nothing of ours is replaced. The event loop's clock is simulated: where everybody only waits, it jumps, and where even the
worker could only look and find nothing, it jumps to the moment at which something may happen again.
"""

from __future__ import annotations

import asyncio
import json
import random
import selectors
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import psutil
from backlog import queue, works
from sqlalchemy import func, select
from vaults import vault_of

from canonical.assessment import Answer, Assessment, Source
from canonical.outcome import Accepted, Document, NotThere, Outcome, Receipt, Reply, TryLater, Unsure
from canonical.submission import State
from canonical.verdict import Verdict
from service.attempts import Attempts
from service.chores import Chores
from service.clock import to_milliseconds
from service.delivery import Delivery
from service.identifiers import new_id
from service.judging import Judge
from service.main import road_rules
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading
from service.outbox.sql_outbox import SqlOutbox
from service.owners import Owner
from service.roads import Roads
from service.tenants.tenant import EVERY
from specs.catalog import PACKAGES, Catalog
from specs.patience import USUAL, Patience
from specs.windows import Windows

BEGINS = datetime.fromisoformat("2026-11-16T09:00:00+00:00")
_LEAST = PACKAGES / "2026.1/examples/accepted/five-through-twenty-least.json"
#: A shorter wait is that of something under way; a longer one that of a worker who found nothing to do.
_IDLE = 0.2


class Dead(StrEnum):
    """How a state can be dead."""

    REFUSED = "connection refused"
    UNAVAILABLE = "503, Retry-After: 3600"
    SILENT = "no answer for 30 s"


class Time(selectors.DefaultSelector):
    """Simulated seconds since the beginning; they pass where the event loop would wait."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds = 0.0
        #: Seconds until something may happen; the clock jumps there when the worker is idle.
        self.until_something: Callable[[], float] = lambda: 0.0

    def __call__(self) -> datetime:
        return BEGINS + timedelta(seconds=self.seconds)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout > 0:
            self.seconds += timeout if timeout < _IDLE else max(timeout, self.until_something())
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, time: Time) -> None:
        self._simulated = time
        super().__init__(time)

    def time(self) -> float:
        return self._simulated.seconds


class _Here(ThreadPoolExecutor):
    """Does the work at once: simulated time must not pass while a thread is at the database."""

    def submit(self, work: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(work(*arguments, **named))
        except Exception as error:  # noqa: BLE001 - the future hands it on
            done.set_exception(error)
        return done


@dataclass
class DeadState:
    """A gateway to a state that is dead until a moment, and afterwards takes everything. It keeps counts, no documents."""

    time: Time
    dead: Dead
    lives_at: float
    #: How often each document took effect, by its number.
    effects: bytearray
    #: The next turn of each child, by its number.
    turns: bytearray
    children: int
    requests: int = 0
    #: Into the dead state.
    in_vain: int = 0
    #: The most of them that began in one second: at all, and after the first minute.
    peak: int = 0
    later_peak: int = 0
    out_of_order: int = 0
    under_way: list[float] = field(default_factory=list)
    has_all: asyncio.Event = field(default_factory=asyncio.Event)
    _taken: int = 0
    _second: int = -1
    _in_second: int = 0

    async def send(self, document: Document, *, idempotency_key: str) -> Outcome:  # noqa: ARG002 - of the protocol
        if (failed := await self._in_vain()) is not None:
            return failed
        agency, child, turn = (int(part) for part in document.document_id.removeprefix("agency-").split("-"))
        number = agency * self.children + child
        self.effects[number * (len(self.effects) // len(self.turns)) + turn] += 1
        self.out_of_order += self.turns[number] != turn
        self.turns[number] = turn + 1
        self._taken += 1
        if self._taken == len(self.effects):
            self.has_all.set()
        return Accepted(
            receipt=Receipt(
                tracking_id="trk_1",
                verdict=Verdict.ACCEPTED,
                document_id=document.document_id,
                digest=document.digest,
            )
        )

    async def ask(self, document: Document, *, idempotency_key: str) -> Reply:  # noqa: ARG002 - same
        return await self._in_vain() or NotThere()

    async def poll(self, document_id: str, digest: str, tracking_id: str) -> Reply:
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing to give back."""

    async def _in_vain(self) -> TryLater | Unsure | None:
        self.requests += 1
        if self.time.seconds >= self.lives_at:
            return None
        self._count()
        if self.dead is Dead.REFUSED:
            return TryLater(why="The state could not be reached.")
        if self.dead is Dead.UNAVAILABLE:
            return TryLater(why="The state asks us to come back later.", after=timedelta(hours=1))
        answer_at = self.time.seconds + 30
        self.under_way.append(answer_at)
        await asyncio.sleep(30)
        self.under_way.remove(answer_at)
        return Unsure(why="The state did not answer in time.")

    def _count(self) -> None:
        self.in_vain += 1
        if int(self.time.seconds) != self._second:
            self._second, self._in_second = int(self.time.seconds), 0
        self._in_second += 1
        self.peak = max(self.peak, self._in_second)
        if self.time.seconds > 60:
            self.later_peak = max(self.later_peak, self._in_second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """What came of it."""

    what: str
    queued: int
    drained: int
    stuck: int
    twice: int
    out_of_order: int
    days: float
    #: Of one submission: sends and questions, and what counts as its attempts.
    most_tries: int
    mean_tries: float
    most_attempts: int
    in_vain: int
    per_second: float
    peak: int
    later_peak: int
    #: Simulated seconds from the state's return to its first and last document.
    noticed: float
    drained_after: float
    #: Megabytes of this process: when it began, when the state came back, at the end.
    memory: tuple[float, float, float]

    def __str__(self) -> str:
        """One line for people."""
        began, back, end = self.memory
        return (
            f"{self.what}: {self.queued} queued, {self.days:.0f} days: {self.drained} drained, {self.stuck} stuck, "
            f"{self.twice} twice, {self.out_of_order} out of order; tries of one at most {self.most_tries} (mean "
            f"{self.mean_tries:.3f}), attempts that count at most {self.most_attempts}; into the dead state {self.in_vain} "
            f"requests, {self.per_second:.4f}/s, at most {self.peak} in a second ({self.later_peak} after the first "
            f"minute); noticed {self.noticed:.0f} s after its return, drained {self.drained_after / 60:.0f} min after; "
            f"memory {began:.0f} MB, {back - began:+.1f} in the outage, {end - began:+.1f} at the end"
        )


def outage(
    database_url: str,
    folder: Path,
    dead: Dead,
    *,
    queued: int,
    days: float = 30,
    agencies: int = 20,
    each: int = 5,
    patience: Patience = USUAL,
) -> Outage:
    """Queue so many while the state is dead for so many days, let it live, and count."""
    time = Time()
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    vault = vault_of(engine)
    children = queued // (agencies * each)
    names = [f"agency-{number}" for number in range(agencies)]
    todo = works(least(), names, children=children, each=each)
    assert queue(engine, vault, todo, destination="ecas", at=to_milliseconds(BEGINS)) == queued
    judge = Judge(catalog=Catalog())
    rules = replace(road_rules(judge.sending(BEGINS.date()).transport), patience=patience)
    outbox = SqlOutbox(
        engine,
        vault,
        destination="ecas",
        clock=time,
        new_id=new_id,
        moment=lambda _: to_milliseconds(time()),
        rules=lambda: rules,
        rng=random.Random(7),
    )
    state = DeadState(time, dead, days * 86_400, bytearray(queued), bytearray(agencies * children), children)
    roads = Roads(judge, time, lambda _: state)
    memory = [_megabytes()]

    def until_something() -> float:
        if time.seconds < state.lives_at:
            memory[1:] = [_megabytes()]
        if state.under_way:
            return min(state.under_way) - time.seconds
        with reading(engine, EVERY) as connection:
            road = connection.execute(select(t.destination.c.opened_at, t.destination.c.probe_at)).one()
            moment = road.probe_at
            if road.opened_at is None:
                moment = connection.scalar(select(func.min(t.lane.c.due_at)).where(t.lane.c.owner.is_(None)))
        return 0.0 if moment is None else (moment - to_milliseconds(time())) / 1000

    time.until_something = until_something
    with Owner(folder / "workers", "wrk_simulated") as owner, _Here() as store:
        delivery = Delivery(
            outbox=outbox,
            roads=roads,
            attempts=Attempts(
                outbox=outbox,
                roads=roads,
                judge=judge,
                windows=Windows,
                destination="ecas",
                clock=time,
                rng=random.Random(8),
            ),
            chores=Chores([]),
            windows=Windows,
            destination="ecas",
            owner=owner,
            clock=time,
            rng=random.Random(9),
            store=store,
        )
        with asyncio.Runner(loop_factory=lambda: _Loop(time)) as runner:
            runner.run(_worked(delivery, state))
    memory.append(_megabytes())
    with reading(engine, EVERY) as connection:
        states = dict(
            connection.execute(select(t.submission.c.state, func.count()).group_by(t.submission.c.state)).all()
        )
        most_attempts = connection.scalar(select(func.max(t.submission.c.attempts)))
        of_each = select(func.count().label("tries")).select_from(t.attempt).group_by(t.attempt.c.submission).subquery()
        tries = connection.execute(select(func.max(of_each.c.tries), func.avg(of_each.c.tries))).one()
        ended = connection.execute(select(func.min(t.receipt.c.received_at), func.max(t.receipt.c.received_at))).one()
    engine.dispose()
    back = to_milliseconds(BEGINS) + days * 86_400_000
    return Outage(
        what=f"{dead.value}, {engine.dialect.name}",
        queued=queued,
        drained=states.get(State.ACCEPTED, 0),
        stuck=states.get(State.STUCK, 0),
        twice=sum(effects > 1 for effects in state.effects),
        out_of_order=state.out_of_order,
        days=days,
        most_tries=tries[0],
        mean_tries=float(tries[1]),
        most_attempts=most_attempts or 0,
        in_vain=state.in_vain,
        per_second=state.in_vain / state.lives_at,
        peak=state.peak,
        later_peak=state.later_peak,
        noticed=(ended[0] - back) / 1000,
        drained_after=(ended[1] - back) / 1000,
        memory=(memory[0], memory[1], memory[2]),
    )


async def _worked(delivery: Delivery, state: DeadState) -> None:
    """Let the worker work until the state has everything, or has lived again for ten days."""
    stopping = state.has_all = asyncio.Event()
    asyncio.get_running_loop().call_at(state.lives_at + 864_000, stopping.set)
    await delivery.run(until_idle=False, stopping=stopping)


def least() -> Assessment:
    """Return the smallest complete assessment of the package."""
    place = Source(file="payload:p", label="row 2")
    texts = json.loads(_LEAST.read_bytes())["answers"]
    return Assessment(
        agency=None, origin=place, answers={item: Answer(text=text, source=place) for item, text in texts.items()}
    )


def _megabytes() -> float:
    return psutil.Process().memory_info().rss / 1e6
