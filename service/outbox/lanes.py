"""Lanes: which of them are due and in what order they are served, and what stands at their heads."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    RowMapping,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    select,
    text,
    union_all,
    update,
)

from canonical.submission import State
from service.outbox import schema as t
from service.tenants.connections import tenant_of
from service.tenants.tenant import Wide

#: The deadline of a lane in which nothing has one.
NEVER: Final = t.NEVER
#: A lane is urgent when its deadline is this near, or past.
URGENT_WITHIN: Final = timedelta(days=2)

#: Agencies whose queues are read by one statement: SQLite takes no more than 500 parts.
_MOST_PARTS: Final = 100

_S, _L = t.submission.c, t.lane.c
#: In these very words, so that the partial index serves it.
_WAITING: Final = text(t.WAITING)
_IN_FLIGHT: Final = (State.SENDING, State.IN_DOUBT)
#: A lane that may be taken: ``due_at`` is set, and reached.
_RIPE: Final = and_(_L.destination == bindparam("destination"), _L.due_at.is_not(None), _L.due_at <= bindparam("now"))
_AGENCIES: Final = select(t.agency.c.id).where(exists().where(_RIPE, _L.agency == t.agency.c.id))
#: A lane by its deadline and id.
_Lane = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a lane waits for, and by when what waits in it should be with the state."""

    lane: int
    seq: int
    state: State
    deadline_at: int
    #: The columns of its submission that were asked for.
    row: RowMapping = field(repr=False)


def due(
    connection: Connection, destination: str, now: int, room: int, closed: Collection[str], rng: random.Random
) -> list[int]:
    """Return the ids of at most ``room`` due lanes, in the order in which they are served.

    Agencies take turns, and within its turn an agency's lane with the least slack goes first, so that ten thousand of one
    keep nobody else waiting. Up to half of the room goes before that to urgent lanes, least slack first, whosever they are.
    """
    ripe = {"destination": destination, "now": now}
    agencies = [agency for agency in connection.scalars(_AGENCIES, ripe) if agency not in closed]
    if not agencies or not room:
        return []
    rng.shuffle(agencies)
    soon, half = now + URGENT_WITHIN // timedelta(milliseconds=1), _half(room, rng)
    queues = _queues(connection, ripe, agencies, room, soon, half)
    urgent = sorted(lane for queue in queues.values() for lane in queue if lane[0] <= soon)[:half]
    first = frozenset(urgent)
    by_turns = _turns([[lane for lane in queue if lane not in first] for queue in queues.values()])
    return [lane for _, lane in (*urgent, *by_turns)][:room]


def heads(
    connection: Connection,
    lanes: Collection[int],
    *,
    behind_pending: bool,
    columns: tuple[ColumnElement[Any], ...] = (),
) -> dict[int, Head]:
    """Return the head of each lane that has one: what is under way, else the oldest of what it waits behind."""
    if not lanes:
        return {}
    tenant = tenant_of(connection)
    narrow = not isinstance(tenant, Wide)
    given = {"lanes": [*lanes], **({"agency": tenant} if narrow else {})}
    rows = connection.execute(_heads(behind_pending, narrow, columns), given).mappings()
    return {
        row["of_lane"]: Head(
            lane=row["of_lane"],
            seq=row["head"],
            state=State(row["state"]),
            deadline_at=NEVER if row["earliest"] is None else row["earliest"],
            row=row,
        )
        for row in rows
    }


@cache
def _heads(behind_pending: bool, narrow: bool, columns: tuple[ColumnElement[Any], ...]) -> Select[Any]:  # noqa: FBT001 - keys of the cache
    """Lay the statement out once, for everybody and, ``narrow``, for one agency: that costs more than to run it.

    Each lane is asked by itself: given lanes and states in one list each, SQLite goes by the states, through all that waits.
    """
    mine = (_S.lane == _L.id, _WAITING, *((_S.agency == bindparam("agency"),) if narrow else ()))
    mine = mine if behind_pending else (*mine, _S.state != State.PENDING)
    under_way = case((_S.state.in_(_IN_FLIGHT), _S.seq))
    head = select(func.coalesce(func.min(under_way), func.min(_S.seq))).where(*mine).correlate(t.lane)
    earliest = select(func.min(_S.deadline_at)).where(*mine).correlate(t.lane)
    found = (
        select(
            _L.id.label("lane"), head.scalar_subquery().label("seq"), earliest.scalar_subquery().label("deadline_at")
        )
        .where(_L.id.in_(bindparam("lanes", expanding=True)))
        .subquery()
    )
    known = (found.c.lane.label("of_lane"), found.c.seq.label("head"), found.c.deadline_at.label("earliest"))
    wanted = (column for column in columns if column.key != _S.state.key)
    return select(*known, _S.state, *wanted).join(t.submission, _S.seq == found.c.seq)


def locked(connection: Connection, lanes: Collection[int]) -> dict[int, RowMapping]:
    """Lock lanes, always in the same order, and return them."""
    if not lanes:
        return {}
    rows = connection.execute(select(t.lane).where(_L.id.in_(lanes)).order_by(_L.id).with_for_update()).mappings()
    return {row["id"]: row for row in rows}


def free(connection: Connection, lanes: Sequence[int]) -> dict[int, RowMapping]:
    """Lock those of the lanes that nobody else is at work on just now; whoever is left out is looked at next time."""
    query = select(t.lane).where(_L.id.in_(lanes)).order_by(_L.id)
    # SQLite has no such words and needs none: its writer is alone.
    rows = {row["id"]: row for row in connection.execute(query.with_for_update(skip_locked=True)).mappings()}
    return {lane: rows[lane] for lane in lanes if lane in rows}


def draining(connection: Connection, lanes: Collection[int]) -> set[int]:
    """Return those lanes into which another one still drains: they wait until nothing of it is under way."""
    source = t.lane.alias()
    still = exists().where(_S.lane == source.c.id, _S.state.in_(_IN_FLIGHT))
    return set(
        connection.scalars(select(source.c.merged_into).where(source.c.merged_into.in_(lanes), still).distinct()).all()
    )


def set_due(connection: Connection, times: Mapping[int, int | None], found: Mapping[int, Head]) -> None:
    """Let each lane go free and be due at its time, with the deadline of what waits in it."""
    if not times:
        return
    connection.execute(
        _SET_DUE,
        [
            {"lane": lane, "due": due_at, "deadline": found[lane].deadline_at if lane in found else NEVER}
            for lane, due_at in times.items()
        ],
    )


_SET_DUE: Final = (
    update(t.lane)
    .where(_L.id == bindparam("lane"))
    .values(owner=None, due_at=bindparam("due"), deadline_at=bindparam("deadline"))
)


def _queues(
    connection: Connection, ripe: Mapping[str, Any], agencies: Sequence[str], room: int, soon: int, half: int
) -> dict[str, list[_Lane]]:
    """Return of each agency its due lanes with their deadlines: an equal share, more where it is urgent or others have less."""
    share = -(-room // len(agencies))
    queues = _queues_of(connection, ripe, agencies, share)
    longer = {agency: queue for agency, queue in queues.items() if len(queue) == share}
    if sum(map(len, queues.values())) < room:
        return queues | _queues_of(connection, ripe, [*longer], room)
    urgent = [agency for agency, queue in longer.items() if queue[0][0] <= soon]
    return queues | _queues_of(connection, ripe, urgent, share + half)


def _queues_of(
    connection: Connection, ripe: Mapping[str, Any], agencies: Sequence[str], limit: int
) -> dict[str, list[_Lane]]:
    queues: dict[str, list[_Lane]] = {agency: [] for agency in agencies}
    for first in range(0, len(agencies), _MOST_PARTS):
        part = agencies[first : first + _MOST_PARTS]
        named = {f"agency_{number}": agency for number, agency in enumerate(part)}
        for row in connection.execute(_fronts(len(part)), {**ripe, **named, "share": limit}):
            queues[row.agency].append((row.deadline_at, row.id))
    return queues


@cache
def _fronts(agencies: int) -> CompoundSelect[Any]:
    """Lay out one statement for the fronts of that many queues: one for each agency took 12 % of a worker's time."""
    fronts = []
    for number in range(agencies):
        own = select(_L.agency, _L.deadline_at, _L.id).where(_RIPE, _L.agency == bindparam(f"agency_{number}"))
        front = own.order_by(_L.deadline_at).limit(bindparam("share", type_=Integer)).subquery()
        fronts.append(select(front))
    return union_all(*fronts)


def _turns(queues: Sequence[Sequence[_Lane]]) -> Iterator[_Lane]:
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))


def _half(room: int, rng: random.Random) -> int:
    """Return half of the room; of an odd one the last place is drawn by lot."""
    return (room + rng.randint(0, 1)) // 2
