"""The outlook: which assessments are overdue, which will miss their deadlines, and what holds them up."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any, Final

from sqlalchemy import Engine

from canonical.stuck import plight
from service.clock import Clock
from service.deadlines import days_left, today, too_late_at
from service.forecast import departures
from service.judging import Judge
from service.outbox.backlog import Due, Obstacle, Queue
from service.outbox.engine import reading
from service.outbox.pulse import Pulse, pulse
from service.outbox.sql_outbox import SqlOutbox
from service.tenants.connections import as_operator
from service.tenants.tenant import EVERY
from specs.windows import Span, Windows

#: How far ahead is looked unless somebody says.
DAYS: Final = 14
#: The lanes that are looked at where somebody is kept waiting; the operator's own commands look at all.
QUICK: Final = 10_000
#: Answers of these last hours tell how fast the destination is; of fewer than so many nothing can be told.
_LATELY: Final = timedelta(hours=6)
_ENOUGH: Final = 20
#: How far ahead windows are looked at.
_AHEAD: Final = timedelta(days=366)


class Fate(StrEnum):
    """What becomes of a deadline if nobody does anything; the worst first."""

    OVERDUE = "overdue"
    #: Its turn comes too late, or never.
    WILL_BE_MISSED = "will_be_missed"
    #: Something must happen before it can leave at all, so nothing can be foretold.
    HELD_UP = "held_up"
    IN_TIME = "in_time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many documents a second the destination takes."""

    per_second: float
    #: False where it is what the package's limits guarantee at the worst.
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """When the queue leaves."""

    rate: Rate
    #: How many it is about.
    count: int
    #: Lanes that were not looked at: what is said is then the least that will happen.
    left_out: int
    #: When the last one leaves; None where the road has no known opening, or not all was looked at.
    drained_at: datetime | None
    #: Those that leave too late, and when; None where nothing says that they ever will.
    late: Mapping[str, datetime | None]
    #: Their deadlines.
    due: Mapping[str, date]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """One deadline, and what becomes of it."""

    due: Due
    fate: Fate
    days_left: int
    #: When its turn comes, where that is too late and can be told.
    leaves_at: datetime | None

    @property
    def held_up_by(self) -> str | None:
        """The word for what keeps it: a cause, a state, a pause; None where it is the queue or the road."""
        if self.due.obstacle is not None:
            return _word(self.due.obstacle)
        return "paused" if self.due.paused else None

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        obstacle = self.due.obstacle
        needs = None if obstacle is None else plight(obstacle.state, obstacle.cause, obstacle.holds)
        return {
            "id": self.due.id,
            "agency": self.due.agency,
            "programme": self.due.programme,
            "state": self.due.state.value,
            "deadline": self.due.due_on.isoformat(),
            "days_left": self.days_left,
            "fate": self.fate.value,
            "leaves_at": None if self.leaves_at is None else self.leaves_at.isoformat(timespec="seconds"),
            "held_up_by": self.held_up_by,
            "behind": None if obstacle is None or obstacle.id == self.due.id else obstacle.id,
            "owner": None if needs is None else needs.owner,
            "mend": None if needs is None else needs.mend,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """All that should be with the state by some day, and is not."""

    on: date
    days: int
    prospects: Sequence[Prospect]
    #: Why nothing leaves for anybody just now; None where the road is open.
    closed_by: str | None
    #: True where the queue was too long to look at all of it.
    at_least: bool

    @property
    def counts(self) -> Counter[Fate]:
        """How many of each fate."""
        return Counter(prospect.fate for prospect in self.prospects)

    @property
    def needs_somebody(self) -> bool:
        """True where a deadline is past, or will be missed."""
        return bool(self.counts[Fate.OVERDUE] or self.counts[Fate.WILL_BE_MISSED])

    def as_data(self, limit: int) -> dict[str, Any]:
        """Return it as plain data, with so many submissions at most."""
        by_agency: dict[str, Counter[Fate]] = {}
        for prospect in self.prospects:
            by_agency.setdefault(prospect.due.agency, Counter())[prospect.fate] += 1
        return {
            "on": self.on.isoformat(),
            "days": self.days,
            "closed_by": self.closed_by,
            "at_least": self.at_least,
            "counts": _counted(self.counts),
            "agencies": [{"agency": agency, **_counted(by_agency[agency])} for agency in sorted(by_agency)],
            "submissions": [prospect.as_data() for prospect in self.prospects[:limit]],
            "more": max(0, len(self.prospects) - limit),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Looks ahead from what is stored; it changes nothing."""

    engine: Engine
    outbox: SqlOutbox
    judge: Judge
    windows: Callable[[], Windows]
    destination: str
    clock: Clock
    #: One look at a long queue at a time: it takes a second, and memory.
    _alone: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def pulse(self) -> Pulse:
        """Return how the road stands."""
        with reading(self.engine, EVERY) as connection, as_operator(connection):
            return pulse(connection, self.destination, self.clock())

    def closed_by(self, now: Pulse) -> str | None:
        """Return in a word why nothing may leave for anybody; None where the road is open."""
        if now.quarantine is not None:
            return "quarantine"
        if now.pause is not None:
            return "paused"
        if now.breaker is not None:
            return "breaker"
        return None if self.windows().closed_at(now.at) is None else "window"

    def rate(self) -> Rate:
        """Return how fast the destination takes documents: by its last answers, else at the worst that the package allows."""
        now = self.clock()
        transport = self.judge.sending(now.date()).transport
        most = transport.per_second or float("inf")
        answers, busy = self.outbox.throughput(since=now - _LATELY)
        if answers < _ENOUGH:
            slowest = transport.max_in_flight / transport.total_timeout.total_seconds()
            return Rate(per_second=min(most, slowest), measured=False)
        return Rate(per_second=min(most, answers / busy.total_seconds()), measured=True)

    def predict(self, *, limit: int | None = None) -> Prediction:
        """Return when what waits leaves, if nobody does anything."""
        with self._alone:
            now, rate = self.pulse(), self.rate()
            queue = self.outbox.queue(self.destination, limit=limit)
            return _predicted(queue, now.at, rate, self.closures(now))

    def closures(self, now: Pulse) -> list[Span]:
        """Return what closes the road from now on; an outage is taken to last as long again as it has lasted."""
        found = list(self.windows().spans(now.at, now.at + _AHEAD))
        if (standstill := now.standstill) is not None:
            found.append(Span(start=standstill.began_at, end=None, why=standstill.why))
        if now.breaker is not None:
            lasts = now.at + (now.at - now.breaker.began_at)
            found.append(Span(start=now.breaker.began_at, end=max(lasts, now.probe_at or lasts), why=now.breaker.why))
        return found

    def deadlines(self, agency: str | None, *, days: int = DAYS, limit: int | None = None) -> Deadlines:
        """Return what is overdue or due within so many days: the worst first, then by deadline."""
        now = self.pulse()
        prediction = self.predict(limit=limit)
        last = today(now.at) + timedelta(days=days)
        due = self.outbox.due(self.destination, before=too_late_at(last), agency=agency)
        found = [_prospect(one, prediction, now.at) for one in due]
        worst = list(Fate)
        return Deadlines(
            on=today(now.at),
            days=days,
            prospects=sorted(found, key=lambda one: (worst.index(one.fate), one.due.due_on)),
            closed_by=self.closed_by(now),
            at_least=prediction.left_out > 0,
        )


def _predicted(queue: Queue, now: datetime, rate: Rate, closures: list[Span]) -> Prediction:
    """Play the queue once; what has not left when the road ends stays."""
    too_late = cache(too_late_at)
    late: dict[str, datetime | None] = {}
    due: dict[str, date] = {}
    gone = [0] * len(queue.lanes)
    leaves = now
    for departure in departures(queue.lanes, now=now, rate=rate.per_second, closures=closures):
        leaves, lane = departure.leaves_at, departure.lane
        gone[lane] += 1
        due_on = queue.lanes[lane].due_on[departure.position]
        if due_on is not None and leaves >= too_late(due_on):
            id_ = queue.ids[lane][departure.position]
            late[id_], due[id_] = leaves, due_on
    for id_, due_on in _left_behind(queue, gone):
        late[id_], due[id_] = None, due_on
    drained = sum(gone) == len(queue) and not queue.left_out
    return Prediction(
        rate=rate,
        count=len(queue),
        left_out=queue.left_out,
        drained_at=leaves if drained else None,
        late=late,
        due=due,
    )


def _left_behind(queue: Queue, gone: Sequence[int]) -> Iterator[tuple[str, date]]:
    for lane, ids, left in zip(queue.lanes, queue.ids, gone, strict=True):
        for id_, due_on in zip(ids[left:], lane.due_on[left:], strict=True):
            if due_on is not None:
                yield id_, due_on


def _prospect(due: Due, prediction: Prediction, now: datetime) -> Prospect:
    left = days_left(due.due_on, now)
    if left < 0:
        fate = Fate.OVERDUE
    elif due.obstacle is not None or due.paused:
        fate = Fate.HELD_UP
    else:
        fate = Fate.WILL_BE_MISSED if due.id in prediction.late else Fate.IN_TIME
    return Prospect(due=due, fate=fate, days_left=left, leaves_at=prediction.late.get(due.id))


def _word(obstacle: Obstacle) -> str:
    if obstacle.cause is not None:
        return obstacle.cause.value
    return obstacle.holds[0].value if obstacle.holds else obstacle.state.value


def _counted(counts: Counter[Fate]) -> dict[str, int]:
    return {fate.value: counts[fate] for fate in Fate}
