"""How many wait, and what stands before one of them: counts, and nothing of anybody's record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, bindparam, func, select

from canonical.submission import LANE_WAITS_BEHIND, State
from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.rows import Rows
from service.tenants.connections import as_operator
from service.tenants.tenant import EVERY

#: What takes a place in the queue: it has not left for good, and does not wait with the sender.
QUEUED: Final = (State.HELD, State.READY, State.SENDING, State.IN_DOUBT, State.STUCK)
#: What may leave, as soon as its turn comes.
LEAVING: Final = (State.READY, State.SENDING, State.IN_DOUBT)
#: So many of the last sends say how fast the road is.
_LAST: Final = 200
_SEND: Final = "send"
_FEW: Final = 500

_MINE, _EARLIER = t.submission.alias(), t.submission.alias()
#: Written once: an alias of so many columns costs a millisecond to make.
_BEFORE: Final = select(
    _MINE.c.id,
    select(func.count())
    .where(
        _EARLIER.c.agency == _MINE.c.agency,
        _EARLIER.c.lane == _MINE.c.lane,
        _EARLIER.c.seq < _MINE.c.seq,
        _EARLIER.c.state.in_(LANE_WAITS_BEHIND),
    )
    .scalar_subquery(),
).where(
    _MINE.c.agency == bindparam("of"),
    _MINE.c.id.in_(bindparam("ids", expanding=True)),
    _MINE.c.lane.is_not(None),
    _MINE.c.state.in_(LANE_WAITS_BEHIND),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """How many submissions take a place, at one moment."""

    #: By agency.
    of: dict[str, int]
    #: Of all agencies, those that may leave as soon as their turn comes.
    leaving: int

    @property
    def total(self) -> int:
        """Of all agencies."""
        return sum(self.of.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How the last sends went."""

    #: When the newest of them ended.
    last: datetime
    #: Answered in a second, from the first of them to the last.
    per_second: float
    #: How long one took.
    each: timedelta


class Crowds(Rows):
    """The one place that counts over all agencies for an agency's sake; it is told a number and no more."""

    def crowd(self) -> Crowd:
        """Return how many wait; it reads an index and no row."""
        c = t.submission.c
        query = select(c.agency, c.state, func.count()).where(c.state.in_(QUEUED)).group_by(c.agency, c.state)
        of: dict[str, int] = {}
        leaving = 0
        with reading(self._engine, EVERY) as connection, as_operator(connection):  # in an agency's request too
            for agency, state, count in connection.execute(query):
                of[agency] = of.get(agency, 0) + count
                leaving += count if state in LEAVING else 0
        return Crowd(of=of, leaving=leaving)

    def before_in_lane(self, agency: str, submissions: Sequence[str]) -> dict[str, int]:
        """Return of those that wait in a lane how many go before them, by id."""
        with reading(self._engine, agency) as connection:
            return before_in_lane(connection, agency, submissions)

    def due_at(self, agency: str, submission: str) -> datetime | None:
        """Return when its lane is to be looked at next; None where nothing says, or a worker has it."""
        query = (
            select(t.lane.c.due_at)
            .join(t.submission, t.submission.c.lane == t.lane.c.id)
            .where(t.submission.c.agency == agency, t.submission.c.id == submission, t.lane.c.owner.is_(None))
        )
        with reading(self._engine, agency) as connection:
            at = connection.execute(query).scalar()
        return None if at is None else from_milliseconds(at)

    def pace(self) -> Pace | None:
        """Return how the last sends went; None where there were too few to say."""
        c = t.attempt.c
        newest = (
            select(c.started_at, c.ended_at)
            .where(c.kind == _SEND, c.ended_at.is_not(None))
            .order_by(c.seq.desc())
            .limit(_LAST)
            .subquery()
        )
        n = newest.c
        query = select(
            func.count(), func.min(n.started_at), func.max(n.ended_at), func.sum(n.ended_at - n.started_at)
        ).select_from(newest)
        with reading(self._engine, EVERY) as connection, as_operator(connection):
            count, first, last, spent = connection.execute(query).one()
        if not count:
            return None
        return Pace(
            last=from_milliseconds(last),
            per_second=count * 1000 / max(last - first, 1),
            each=timedelta(milliseconds=max(float(spent) / count, 1)),
        )


def before_in_lane(connection: Connection, agency: str, submissions: Sequence[str]) -> dict[str, int]:
    """Return of those that wait in a lane how many go before them, within a transaction."""
    given = {"of": agency, "ids": list(submissions)}
    return {row[0]: row[1] for row in connection.execute(_BEFORE, given)}


def batched(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield ids a few hundred at a time: a statement may not have any number of parameters."""
    return (ids[start : start + _FEW] for start in range(0, len(ids), _FEW))
