"""What is not with the state yet: the queue as a forecast needs it, what is due, and how fast the state answered."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, and_, exists, func, or_, select, text

from canonical.finding import HoldCause
from canonical.submission import NOT_WITH_THE_STATE, State, StuckCause
from service.clock import from_milliseconds, to_milliseconds
from service.deadlines import due_day
from service.forecast import Lane
from service.outbox import schema as t
from service.outbox.destinations import paused_parts
from service.outbox.engine import reading
from service.outbox.rows import MOVING, Rows, read_holds
from service.tenants.connections import as_operator, own
from service.tenants.tenant import EVERY, whose

#: After one of these the child's assessment is still wanting; any other later one of the child has taken its place.
_WITHOUT_EFFECT: Final = (State.BLOCKED, State.REJECTED, State.CANCELLED, State.SUPERSEDED)
#: What an attempt is called that the state answered for good.
_ANSWERED: Final = ("Accepted", "Rejected", "Pending", "Suspended")
#: So many of the newest answers tell how fast it goes.
_SAMPLE: Final = 20_000
#: Lanes in one question.
_AT_ONCE: Final = 500
_WAITING: Final = text(t.WAITING)
_S, _L, _A = t.submission.c, t.lane.c, t.attempt.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What may leave as soon as the road is open, lane by lane."""

    lanes: tuple[Lane, ...]
    #: The submissions of each lane, like its deadlines.
    ids: tuple[tuple[str, ...], ...]
    #: How many were left out, because not all were asked for.
    left_out: int = 0

    def __len__(self) -> int:
        """How many submissions are in it."""
        return sum(map(len, self.ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """What keeps a submission from its turn: its own state, or an earlier one of the child."""

    id: str
    state: State
    cause: StuckCause | None
    holds: tuple[HoldCause, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A submission that is not with the state, and the day by which it should be."""

    id: str
    agency: str
    programme: str
    state: State
    due_on: date
    #: None where only the road and its turn are between it and the state.
    obstacle: Obstacle | None
    #: True where its agency or programme is paused.
    paused: bool


class Backlog(Rows):
    """Looks only; each look is one short transaction.

    Whose turn comes when depends on everybody's queue, and so it is looked at in an agency's request too; the agency is
    told of its own submissions alone (``due``).
    """

    def queue(self, destination: str, *, limit: int | None = None) -> Queue:
        """Return what may leave, of at most so many lanes, least slack first; paused parts and held work are not in it."""
        with reading(self._engine, EVERY) as connection, as_operator(connection):
            closed = paused_parts(connection, destination) - {("", "")}
            shut = [agency for agency, programme in closed if not programme]
            mine = and_(_L.destination == destination, _L.due_at.is_not(None), _L.agency.not_in(shut))
            query = select(_S.lane, _S.id, _S.agency, _S.state, _S.programme, _S.deadline_at)
            query = query.join(t.lane, _L.id == _S.lane).where(mine, _WAITING).order_by(_S.lane, _S.seq)
            if not self._rules().behind_pending:
                query = query.where(_S.state != State.PENDING)
            left_out = 0
            if limit is not None:
                lanes = connection.execute(select(func.count()).select_from(t.lane).where(mine)).scalar_one()
                left_out = max(0, lanes - limit)
            if left_out:
                query = query.where(_L.id.in_(select(_L.id).where(mine).order_by(_L.deadline_at, _L.id).limit(limit)))
            rows = connection.execute(query).all()
        return _queue(rows, closed, left_out)

    def due(self, destination: str, *, before: datetime, agency: str | None = None) -> list[Due]:
        """Return what should be with the state before that moment and is not, the most urgent first."""
        later = t.submission.alias()
        replaced = exists().where(later.c.lane == _S.lane, later.c.seq > _S.seq, later.c.state.not_in(_WITHOUT_EFFECT))
        query = (
            select(_S.id, _S.seq, _S.agency, _S.programme, _S.state, _S.cause, _S.holds, _S.deadline_at, _S.lane)
            .where(_S.state.in_(sorted(NOT_WITH_THE_STATE)), _S.deadline_at <= to_milliseconds(before))
            .where(or_(_S.state != State.REJECTED, ~replaced))
            .order_by(_S.deadline_at, _S.seq)
        )
        if agency is not None:
            query = query.where(_S.agency == agency)
        with reading(self._engine, whose(agency)) as connection:
            closed = paused_parts(connection, destination) - {("", "")}
            rows = connection.execute(query).mappings().all()
            standing = _standing(connection, {row["lane"] for row in rows if row["state"] in MOVING})
            return [_due(row, standing.get(row["lane"], ()), closed) for row in rows]

    def throughput(self, *, since: datetime) -> tuple[int, timedelta]:
        """Return how many the state answered for good since then, and for how long anything of it was under way.

        The quotient is what the destination takes: an idle hour between two sends says nothing about that.
        """
        with reading(self._engine, EVERY) as connection, as_operator(connection):
            begin = _first_since(connection, to_milliseconds(since))
            query = (
                select(_A.started_at, _A.ended_at)
                .where(_A.seq >= begin, _A.kind == "send", _A.outcome.in_(_ANSWERED), _A.ended_at.is_not(None))
                .order_by(_A.seq.desc())
                .limit(_SAMPLE)
            )
            spans = [(row.started_at, row.ended_at) for row in connection.execute(query)]
        return len(spans), timedelta(milliseconds=_covered(spans))

    def sends(self, *, since: datetime) -> dict[str, int]:
        """Return how many sends began since then, by what came of them; an empty name for those under way."""
        with reading(self._engine, EVERY) as connection:
            begin = _first_since(connection, to_milliseconds(since))
            rows = connection.execute(
                select(_A.outcome, func.count()).where(_A.seq >= begin, _A.kind == "send").group_by(_A.outcome)
            ).all()
        return {outcome or "": count for outcome, count in rows}

    def oldest(self) -> datetime | None:
        """Return when the oldest was received of all that only waits for the road and its turn."""
        with reading(self._engine, EVERY) as connection:
            at = connection.execute(select(func.min(_S.received_at)).where(_S.state.in_(MOVING))).scalar()
        return None if at is None else from_milliseconds(at)


def _queue(rows: Iterable[Any], closed: Collection[tuple[str, str]], left_out: int) -> Queue:
    """Return of each lane what may leave: all that stands before the first that must stay."""
    days: dict[int | None, date | None] = {None: None}
    lanes, ids = [], []
    for _, lane in groupby(rows, key=lambda row: row.lane):
        going = []
        for row in lane:
            if row.state not in MOVING or _is_paused(row.agency, row.programme, closed):
                break
            going.append(row)
            if row.deadline_at not in days:
                days[row.deadline_at] = due_day(from_milliseconds(row.deadline_at))
        if going:
            lanes.append(Lane(agency=going[0].agency, due_on=tuple(days[row.deadline_at] for row in going)))
            ids.append(tuple(row.id for row in going))
    return Queue(lanes=tuple(lanes), ids=tuple(ids), left_out=left_out)


def _standing(connection: Connection, lanes: Collection[int]) -> dict[int, list[RowMapping]]:
    """Return what stands still in these lanes, in their order."""
    found: dict[int, list[RowMapping]] = {}
    wanted: list[Any] = sorted(lanes)
    columns = (_S.lane, _S.seq, _S.id, _S.state, _S.cause, _S.holds)
    for begin in range(0, len(wanted), _AT_ONCE):
        some = (_S.lane.in_(wanted[begin : begin + _AT_ONCE]), _WAITING, _S.state.not_in((*MOVING, State.PENDING)))
        mine = own(connection, t.submission)
        for row in connection.execute(select(*columns).where(*some, *mine).order_by(_S.lane, _S.seq)).mappings():
            found.setdefault(row["lane"], []).append(row)
    return found


def _due(row: RowMapping, standing: Sequence[RowMapping], closed: Collection[tuple[str, str]]) -> Due:
    moving = row["state"] in MOVING
    first = next((one for one in standing if one["seq"] < row["seq"]), None) if moving else row
    return Due(
        id=row["id"],
        agency=row["agency"],
        programme=row["programme"],
        state=State(row["state"]),
        due_on=due_day(from_milliseconds(row["deadline_at"])),
        obstacle=None if first is None else _obstacle(first),
        paused=moving and _is_paused(row["agency"], row["programme"], closed),
    )


def _obstacle(row: RowMapping) -> Obstacle:
    return Obstacle(
        id=row["id"],
        state=State(row["state"]),
        cause=StuckCause(row["cause"]) if row["cause"] else None,
        holds=read_holds(row["holds"]),
    )


def _is_paused(agency: str, programme: str, closed: Collection[tuple[str, str]]) -> bool:
    parts = {(agency, ""), ("", programme), (agency, programme)} - {("", "")}
    return any(part in closed for part in parts)


def _first_since(connection: Connection, since: int) -> int:
    """Return the number of the first attempt since then, by halving: they are numbered as they begin, and none is looked at."""
    low = connection.execute(select(func.min(_A.seq))).scalar() or 0
    high = (connection.execute(select(func.max(_A.seq))).scalar() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        query = select(_A.seq, _A.started_at).where(_A.seq >= middle).order_by(_A.seq).limit(1)
        found = connection.execute(query).first()
        if found is None or found.started_at >= since:
            high = middle
        else:
            low = found.seq + 1
    return low


def _covered(spans: Iterable[tuple[int, int]]) -> int:
    """Return how many milliseconds lie in any of the spans; each is one long at least."""
    covered, until = 0, 0
    for begin, end in sorted((begin, max(end, begin + 1)) for begin, end in spans):
        covered += max(0, end - max(begin, until))
        until = max(until, end)
    return covered
