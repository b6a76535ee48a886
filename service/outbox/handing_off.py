"""What a person enters in the Virtual Gateway, and how what waits moves from one route to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, case, func, select, update

from canonical.finding import HoldCause
from canonical.submission import State
from service.clock import from_milliseconds, to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.outbox import Draft, Entry
from service.outbox.receiving import Receiving
from service.outbox.rows import read_holds

#: Who the history names for what the ramp of a go-live releases: it is counted by this name.
GO_LIVE: Final = "go-live"
#: The span in which a go-live may release so many, in milliseconds.
_MINUTE: Final = 60_000
#: A change of route leaves these alone: the state has it, or may have it.
UNDER_WAY: Final = (State.SENDING, State.IN_DOUBT, State.PENDING, State.SUSPENDED)
#: What another of the same child stands before, or behind.
_OPEN: Final = (*UNDER_WAY, State.READY, State.HELD, State.STUCK, State.HANDED_OFF)
#: Lanes in one question.
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Programmes:
    """Which programmes of an agency are meant: one, or all that have no route of their own."""

    #: Empty for all but ``own``.
    programme: str = ""
    #: Those with a route of their own.
    own: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handoff:
    """An assessment that a person is to enter, or is entering."""

    entry: Entry
    since: datetime
    #: Earlier submissions of the child that have not ended: they come before it.
    after: tuple[str, ...]
    #: Later submissions of the child that wait until this one is closed.
    before: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """What an agency's programmes have that is not ended, for whoever wants to change their route."""

    states: Mapping[State, int]
    #: For what the held ones wait; one may wait for several.
    causes: Mapping[HoldCause, int]
    #: Some of those that stay where they are, oldest first.
    under_way: tuple[tuple[str, State], ...] = field(default=())


class HandingOff(Receiving):
    """A hand-off has its place in the child's lane like everything else; only a person ends it."""

    def handoffs(self, agency: str, *, limit: int) -> list[Handoff]:
        """Return an agency's open hand-offs, oldest first."""
        c = t.submission.c
        query = select(t.submission).where(c.agency == agency, c.state == State.HANDED_OFF).order_by(c.seq).limit(limit)
        with reading(self._engine, agency) as connection:
            rows = connection.execute(query).mappings().all()
            siblings = _open_by_lane(connection, {row["lane"] for row in rows if row["lane"] is not None})
        return [self._handoff(row, siblings.get(row["lane"], [])) for row in rows]

    def _handoff(self, row: RowMapping, siblings: Iterable[tuple[int, str]]) -> Handoff:
        siblings = list(siblings)
        return Handoff(
            entry=self._as_entry(row),
            since=from_milliseconds(row["since"] or row["updated_at"]),
            after=tuple(id_ for seq, id_ in siblings if seq < row["seq"]),
            before=tuple(id_ for seq, id_ in siblings if seq > row["seq"]),
        )

    def close_handoff(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Record a person's word that it was entered; False where it is no open hand-off of this agency."""
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or row["agency"] != agency or State(row["state"]) is not State.HANDED_OFF:
                return False
            why = "A person entered it in the Virtual Gateway."
            note_ = self._vault.seal(note.encode(), "note", agency, submission)
            self._move(connection, submission, State.HANDED_OFF, State.CLOSED, actor, why, note_)
            if row["lane"] is not None:
                self._wake(connection, row["lane"])
        return True

    def of_route(
        self,
        agency: str,
        programmes: Programmes,
        states: Collection[State],
        *,
        after: str | None = None,
        limit: int,
    ) -> list[Entry]:
        """Return what of these programmes stands in these states, oldest first, after the one of that id.

        Of the held only those that wait for a go-live: whatever cures another cause looks at the route by itself.
        """
        c = t.submission.c
        held = (c.state != State.HELD) | c.holds.contains(HoldCause.NOT_LIVE, autoescape=True)
        meant = and_(_of(agency, programmes), c.state.in_(list(states)), held)
        query = select(t.submission).where(meant).order_by(c.seq).limit(limit)
        if after is not None:
            query = query.where(c.seq > select(c.seq).where(c.id == after).correlate(None).scalar_subquery())
        with reading(self._engine, agency) as connection:
            # In order, SQLite walks through all that the agency ever sent; whether there is any, it knows by the states.
            if connection.execute(select(c.seq).where(meant).limit(1)).first() is None:
                return []
            return [self._as_entry(row) for row in connection.execute(query).mappings()]

    def census(self, agency: str, programmes: Programmes, *, named: int) -> Census:
        """Count what of these programmes has not ended, and name some of what is under way."""
        c = t.submission.c
        mine = _of(agency, programmes)
        counted = select(c.state, c.holds, func.count().label("many")).where(mine, c.state.in_(_OPEN))
        moving = select(c.id, c.state).where(mine, c.state.in_(UNDER_WAY)).order_by(c.seq).limit(named)
        states: Counter[State] = Counter()
        causes: Counter[HoldCause] = Counter()
        with reading(self._engine, agency) as connection:
            for row in connection.execute(counted.group_by(c.state, c.holds)):
                states[State(row.state)] += row.many
                if row.state == State.HELD:
                    causes.update(dict.fromkeys(read_holds(row.holds), row.many))
            under_way = tuple((row.id, State(row.state)) for row in connection.execute(moving))
        return Census(states=states, causes=causes, under_way=under_way)

    def reroute(
        self, agency: str, submission: str, draft: Draft, *, was: State, actor: str, why: str, note: str = ""
    ) -> bool:
        """Move what waits to where another route puts it, with its new report; False where it moved meanwhile."""
        with writing(self._engine, agency) as connection:
            return self._reroute(connection, agency, submission, draft, was, actor, why, note)

    def go_live(self, agency: str, submission: str, draft: Draft, *, since: datetime, per_minute: int) -> bool:
        """Release one that waited for a go-live, if the ramp has room for it; False where it has none, or it moved.

        The room is counted in the transaction that takes it, and one agency's releases come one after the other, so that
        many workers together keep to one ramp.
        """
        with writing(self._engine, agency) as connection:
            # FOR NO KEY UPDATE: whoever writes down a submission of the agency meanwhile is not kept waiting.
            connection.execute(select(t.agency.c.id).where(t.agency.c.id == agency).with_for_update(key_share=True))
            if draft.state is State.READY and not self._room(connection, agency, since, per_minute):
                return False
            why = "The agency is live: its turn of the ramp has come."
            return self._reroute(connection, agency, submission, draft, State.HELD, GO_LIVE, why)

    def go_live_room(self, agency: str, *, since: datetime, per_minute: int) -> int:
        """Return how many more the ramp may release now."""
        with reading(self._engine, agency) as connection:
            return self._room(connection, agency, since, per_minute)

    def _room(self, connection: Connection, agency: str, since: datetime, per_minute: int) -> int:
        c = t.event.c
        lately = case((c.at > self._now(connection) - _MINUTE, 1), else_=0)
        released = connection.execute(
            select(func.count(), func.coalesce(func.sum(lately), 0))
            .select_from(t.event.join(t.submission, t.submission.c.id == c.submission))
            .where(
                t.submission.c.agency == agency,
                c.actor == GO_LIVE,
                c.became == State.READY,
                c.at >= to_milliseconds(since),
            )
        ).one()
        return ramp(*released, per_minute=per_minute)

    def _reroute(
        self,
        connection: Connection,
        agency: str,
        submission: str,
        draft: Draft,
        was: State,
        actor: str,
        why: str,
        note: str = "",
    ) -> bool:
        c = t.submission.c
        mine = select(c.lane).where(c.id == submission, c.agency == agency)
        if (found := connection.execute(mine).first()) is None:
            return False
        lane = self._placed(connection, agency, draft) if found.lane is None else found.lane
        row = self._locked(connection, submission)
        if row["agency"] != agency or State(row["state"]) is not was:
            return False
        connection.execute(
            update(t.submission)
            .where(t.submission.c.id == submission)
            .values(
                **self._judged(connection, row, draft),
                lane=lane if row["lane"] is None else row["lane"],  # it may have been merged meanwhile
            )
        )
        note_ = self._vault.seal(note.encode(), "note", agency, submission) if note else None
        self._move(connection, submission, was, draft.state, actor, why, note_)
        self._wake(connection, lane if row["lane"] is None else row["lane"])
        return True

    def _placed(self, connection: Connection, agency: str, draft: Draft) -> int:
        """Return the lane of one that came before hand-offs had lanes; it keeps its place in the order of arrival."""
        in_turn(connection, agency)
        child = self._child(connection, agency, draft.assessment)
        lane, _ = self._lane(connection, agency, child, State.HELD, None)  # whoever asked wakes it
        return lane


def ramp(released: int, lately: int, *, per_minute: int) -> int:
    """Return how many more a go-live may release now.

    Each minute as many as went before it and one more: 1, 2, 4, 8 … up to ``per_minute``. It follows what was released, not
    the clock, so that a worker that was down for the first hour begins with one as well.
    """
    return max(0, min(per_minute, released - lately + 1) - lately)


def _of(agency: str, programmes: Programmes) -> ColumnElement[bool]:
    c = t.submission.c
    if programmes.programme:
        return (c.agency == agency) & (c.programme == programmes.programme)
    return (c.agency == agency) & c.programme.not_in(programmes.own)


def _open_by_lane(connection: Connection, lanes: Collection[int]) -> dict[int, list[tuple[int, str]]]:
    """Return what of these lanes has not ended, in their order."""
    c = t.submission.c
    found: dict[int, list[tuple[int, str]]] = {}
    wanted: list[Any] = sorted(lanes)
    for begin in range(0, len(wanted), _AT_ONCE):
        some = c.lane.in_(wanted[begin : begin + _AT_ONCE])
        for row in connection.execute(select(c.lane, c.seq, c.id).where(some, c.state.in_(_OPEN)).order_by(c.seq)):
            found.setdefault(row.lane, []).append((row.seq, row.id))
    return found
