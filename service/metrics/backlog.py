"""The queue and the road as the database has them: the same answer from whichever service is asked."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from sqlalchemy import Connection, Engine, and_, case, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from service.deadlines import URGENT
from service.metrics.attempts import Attempts
from service.metrics.instruments import UNREAD
from service.metrics.webhooks import webhooks
from service.outbox import schema as t
from service.outbox.engine import reading
from service.tenants.tenant import EVERY

#: Seconds for which a look is good, however many scrape.
_FRESH: Final = 2.0
#: Agencies that have a label of their own; those beyond are counted together.
AGENCIES: Final = 200
OTHERS: Final = "(others)"
_S, _L, _D, _C, _Q = t.submission.c, t.lane.c, t.destination.c, t.closure.c, t.quarantine.c
_URGENT: Final = int(URGENT.total_seconds() * 1000)
_log = structlog.get_logger()


class Backlog:
    """A collector of Prometheus: asked at each scrape."""

    def __init__(
        self,
        engine: Engine,
        moment: Callable[[Connection], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look into this database; ``moment`` is the outbox's own time, in milliseconds."""
        self._engine, self._moment, self._clock = engine, moment, clock
        self._attempts = Attempts()
        self._guard = threading.Lock()
        self._until = 0.0
        self._seen: list[Metric] = []
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Name nothing beforehand: the database may not answer when the service starts."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Return everything; where the database does not answer, only that."""
        with self._guard:
            if self._clock() >= self._until:
                self._seen = self._look()
                self._until = self._clock() + _FRESH
            yield from self._seen

    def _look(self) -> list[Metric]:
        up = GaugeMetricFamily("ecas_database_up", "1 where the database answered this scrape.")
        try:
            with reading(self._engine, EVERY) as connection:
                now = self._moment(connection)
                seen = [
                    *_waiting(connection, now),
                    *_needing_people(connection),
                    *_lanes(connection, now),
                    *_road(connection, now),
                    *self._attempted(connection, now),
                    *webhooks(connection, now),
                ]
        except SQLAlchemyError as error:
            _log.error("the figures of the database could not be read", kind=type(error).__name__)
            UNREAD.inc()
            up.add_metric((), 0)
            return [up]
        up.add_metric((), 1)
        return [up, *seen]

    def _attempted(self, connection: Connection, now: int) -> Iterator[Metric]:
        number, milliseconds = self._attempts.tallies(connection, now)
        counted = CounterMetricFamily(
            "ecas_attempts", "Sends, questions and polls of all workers.", labels=["kind", "outcome"]
        )
        took = CounterMetricFamily("ecas_attempt_seconds", "How long they took together.", labels=["kind", "outcome"])
        for names, count in sorted(number.items()):
            counted.add_metric(names, count)
            took.add_metric(names, milliseconds[names] / 1000)
        yield from (counted, took)


def _waiting(connection: Connection, now: int) -> Iterator[Metric]:
    """What has not come to its end: how much, how old, and what is late."""
    late = func.sum(case((_S.deadline_at < now, 1), else_=0))
    soon = func.sum(case((and_(_S.deadline_at >= now, _S.deadline_at < now + _URGENT), 1), else_=0))
    query = (
        select(_S.agency, _S.state, func.count(), func.min(_S.since), late, soon)
        .where(text(t.WAITING))
        .group_by(_S.state, _S.agency)
    )
    depth: dict[tuple[str, str], int] = defaultdict(int)
    oldest: dict[str, int] = {}
    missed = at_risk = 0
    rows = connection.execute(query).all()
    own = set(sorted({row.agency for row in rows})[:AGENCIES])
    for agency, state, count, since, late_ones, soon_ones in rows:
        depth[agency if agency in own else OTHERS, state] += count
        oldest[state] = min(since, oldest.get(state, since))
        missed, at_risk = missed + late_ones, at_risk + soon_ones
    waiting = GaugeMetricFamily(
        "ecas_waiting_submissions", "Submissions that have not come to their end.", labels=["agency", "state"]
    )
    for names, count in sorted(depth.items()):
        waiting.add_metric(names, count)
    age = GaugeMetricFamily("ecas_oldest_seconds", "How long the oldest is in this state.", labels=["state"])
    for state, since in sorted(oldest.items()):
        age.add_metric((state,), _seconds(now - since))
    yield from (waiting, age)
    yield _one("ecas_deadlines_missed", "What still waits after the day by which the state should have it.", missed)
    yield _one("ecas_deadlines_at_risk", "What still waits within two days of that.", at_risk)


def _needing_people(connection: Connection) -> Iterator[Metric]:
    """What waits for a person or a cure, by cause."""
    stuck = GaugeMetricFamily("ecas_stuck_submissions", "Stuck submissions by cause.", labels=["cause"])
    query = select(_S.cause, func.count()).where(_S.state == "stuck").group_by(_S.cause)
    for cause, count in connection.execute(query):
        stuck.add_metric((cause or "unknown",), count)
    held: dict[str, int] = defaultdict(int)
    query = select(_S.holds, func.count()).where(_S.state == "held").group_by(_S.holds)
    for causes, count in connection.execute(query):
        for cause in causes.split():
            held[cause] += count
    holding = GaugeMetricFamily("ecas_held_submissions", "Held submissions by cause.", labels=["cause"])
    for cause, count in sorted(held.items()):
        holding.add_metric((cause,), count)
    yield from (stuck, holding)


def _lanes(connection: Connection, now: int) -> Iterator[Metric]:
    """What could leave now, and what is leaving."""
    free = and_(_L.owner.is_(None), _L.merged_into.is_(None), _L.due_at <= now)
    due, since = connection.execute(select(func.count(), func.min(_L.due_at)).where(free)).one()
    leased = connection.execute(select(func.count()).where(_L.owner.is_not(None))).scalar_one()
    yield _one("ecas_due_lanes", "Children with something that could leave now.", due)
    yield _one("ecas_oldest_due_seconds", "How long the first of them has been due.", _seconds(now - (since or now)))
    yield _one("ecas_leased_lanes", "Children with something at a worker now.", leased)


def _road(connection: Connection, now: int) -> Iterator[Metric]:
    """How the road to the state stands, and what closes it."""
    breaker = GaugeMetricFamily("ecas_breaker_open", "1 while the breaker is open.", labels=["destination"])
    failures = GaugeMetricFamily(
        "ecas_road_failures", "Failures of the road one after the other.", labels=["destination"]
    )
    for id_, opened_at, count in connection.execute(select(_D.id, _D.opened_at, _D.failures).order_by(_D.id)):
        breaker.add_metric((id_,), opened_at is not None)
        failures.add_metric((id_,), count)
    part = case((and_(_C.agency == "", _C.programme == ""), "all"), else_="part")
    query = select(_C.kind, part.label("part"), func.count(), func.min(_C.began_at)).where(_C.ended_at.is_(None))
    closures = GaugeMetricFamily(
        "ecas_closures", "What is closed now: a pause or the breaker, of all or of a part.", labels=["kind", "part"]
    )
    closed = GaugeMetricFamily("ecas_closed_seconds", "How long the oldest of them lasts.", labels=["kind", "part"])
    for kind, which, count, began in connection.execute(query.group_by(_C.kind, part)):
        closures.add_metric((kind, which), count)
        closed.add_metric((kind, which), _seconds(now - began))
    quarantines = select(func.count()).select_from(t.quarantine).where(_Q.released_at.is_(None))
    yield from (breaker, failures, closures, closed)
    yield _one(
        "ecas_quarantined",
        "1 while this database is a restored copy that may not send.",
        min(1, connection.execute(quarantines).scalar_one()),
    )


def _one(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=value)


def _seconds(milliseconds: int) -> float:
    return max(0, milliseconds) / 1000
