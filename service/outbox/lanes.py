"""Lanes: which of them are due and in what order they are served, and what stands at their heads."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, bindparam, case, exists, func, select, text, update

from canonical.submission import State
from service.outbox import schema as t
from service.tenants.connections import own

#: The deadline of a lane in which nothing has one.
NEVER: Final = t.NEVER
#: A lane is urgent when its deadline is this near, or past.
URGENT_WITHIN: Final = timedelta(days=2)

_S, _L = t.submission.c, t.lane.c
#: In these very words, so that the partial index serves it.
_WAITING: Final = text(t.WAITING)
_IN_FLIGHT: Final = (State.SENDING, State.IN_DOUBT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a lane waits for, and by when what waits in it should be with the state."""

    lane: int
    seq: int
    state: State
    deadline_at: int


def due(
    connection: Connection, destination: str, now: int, room: int, closed: Collection[str], rng: random.Random
) -> list[int]:
    """Return the ids of at most ``room`` due lanes, in the order in which they are served.

    Agencies take turns, and within its turn an agency's lane with the least slack goes first, so that ten thousand of one
    keep nobody else waiting. Up to half of the room goes before that to urgent lanes, least slack first, whosever they are.
    """
    ripe = and_(_L.destination == destination, _L.due_at.is_not(None), _L.due_at <= now)
    agencies = [
        agency
        for agency in connection.scalars(select(t.agency.c.id).where(exists().where(ripe, _L.agency == t.agency.c.id)))
        if agency not in closed
    ]
    if not agencies or not room:
        return []
    rng.shuffle(agencies)
    soon, half = now + URGENT_WITHIN // timedelta(milliseconds=1), _half(room, rng)
    queues = _queues(connection, ripe, agencies, room, soon, half)
    urgent = sorted(lane for queue in queues.values() for lane in queue if lane[0] <= soon)[:half]
    by_turns = _turns([[lane for lane in queue if lane not in urgent] for queue in queues.values()])
    return [lane for _, lane in (*urgent, *by_turns)][:room]


def heads(connection: Connection, lanes: Sequence[int], *, behind_pending: bool) -> dict[int, Head]:
    """Return the head of each lane that has one: what is under way, else the oldest of what it waits behind."""
    if not lanes:
        return {}
    under_way = case((_S.state.in_(_IN_FLIGHT), _S.seq))
    waiting = select(
        _S.lane,
        func.coalesce(func.min(under_way), func.min(_S.seq)).label("seq"),
        func.min(_S.deadline_at).label("deadline_at"),
    ).where(_S.lane.in_(lanes), _WAITING, *own(connection, t.submission))
    if not behind_pending:
        waiting = waiting.where(_S.state != State.PENDING)
    found = waiting.group_by(_S.lane).subquery()
    rows = connection.execute(
        select(found.c.lane, found.c.seq, found.c.deadline_at, _S.state).join(t.submission, _S.seq == found.c.seq)
    )
    return {
        row.lane: Head(
            lane=row.lane,
            seq=row.seq,
            state=State(row.state),
            deadline_at=NEVER if row.deadline_at is None else row.deadline_at,
        )
        for row in rows
    }


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
        update(t.lane)
        .where(_L.id == bindparam("lane"))
        .values(owner=None, due_at=bindparam("due"), deadline_at=bindparam("deadline")),
        [
            {"lane": lane, "due": due_at, "deadline": found[lane].deadline_at if lane in found else NEVER}
            for lane, due_at in times.items()
        ],
    )


def _queues(
    connection: Connection, ripe: ColumnElement[bool], agencies: Sequence[str], room: int, soon: int, half: int
) -> dict[str, list[tuple[int, int]]]:
    """Return of each agency its due lanes with their deadlines: an equal share, more where it is urgent or others have less."""
    share = -(-room // len(agencies))
    queues = {agency: _queue(connection, ripe, agency, share) for agency in agencies}
    scarce = sum(map(len, queues.values())) < room
    for agency, queue in queues.items():
        deeper = room if scarce else share + half if queue and queue[0][0] <= soon else share
        if len(queue) == share and deeper > share:
            queues[agency] = _queue(connection, ripe, agency, deeper)
    return queues


def _queue(connection: Connection, ripe: ColumnElement[bool], agency: str, limit: int) -> list[tuple[int, int]]:
    query = select(_L.deadline_at, _L.id).where(ripe, _L.agency == agency).order_by(_L.deadline_at).limit(limit)
    return [(row.deadline_at, row.id) for row in connection.execute(query)]


def _turns(queues: Sequence[Sequence[tuple[int, int]]]) -> Iterator[tuple[int, int]]:
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))


def _half(room: int, rng: random.Random) -> int:
    """Return half of the room; of an odd one the last place is drawn by lot."""
    return (room + rng.randint(0, 1)) // 2
