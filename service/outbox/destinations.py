"""Closures of a destination: who may let nothing leave, and how the road stands."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, Connection, RowMapping, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from service.audit.deed import closing
from service.clock import from_milliseconds, to_milliseconds
from service.outbox import schema as t
from service.outbox.breaker import Breaker
from service.outbox.engine import reading, writing
from service.outbox.lanes import heads, set_due
from service.outbox.outbox import Closure
from service.outbox.rows import MOVING, Rows
from service.tenants.connections import own_or_for_all
from service.tenants.tenant import EVERY

#: Begun by a person, or by a refusal; ended by a person.
PAUSE: Final = "pause"
#: Begun by a restore; ended by the release of the quarantine alone (quarantines.py).
QUARANTINE: Final = "quarantine"
#: What lets nothing leave, whatever the road says.
_STANDSTILLS: Final = (QUARANTINE, PAUSE)
#: Begun and ended by what the road says.
BREAKER: Final = "breaker"
#: The lanes that a resumption wakes at a time.
_BATCH: Final = 1000
_C = t.closure.c


class Destinations(Rows):
    """A destination that refuses us is paused: nothing leaves for it until a person resumes it."""

    def pause(
        self, destination: str, why: str, *, agency: str = "", programme: str = "", actor: str = "operator"
    ) -> None:
        """Let nothing more leave for this destination, or for a part of it (see ``Outbox.pause``)."""
        with writing(self._engine, EVERY) as connection:
            road(connection, destination)
            begin(connection, destination, PAUSE, self._now(connection), why, actor, agency, programme)
            self._audit.note(connection, closing("road.paused", destination, actor, agency, programme))

    def resume(
        self, destination: str, *, agency: str = "", programme: str = "", actor: str = "operator", note: str = ""
    ) -> bool:
        """Let things leave again (see ``Outbox.resume``); lanes that a closed head kept back are woken."""
        word = f" Resumed by {actor}: {note}" if note else ""
        with writing(self._engine, EVERY) as connection:
            road(connection, destination)
            ended = end(connection, destination, PAUSE, self._now(connection), agency, programme, word)
            if ended:
                self._audit.note(connection, closing("road.resumed", destination, actor, agency, programme))
        if ended:
            self._wake_all(destination, agency)
        return ended

    def paused(self, destination: str) -> str | None:
        """Return why the whole destination is paused, or None."""
        with reading(self._engine, EVERY) as connection:
            return paused(connection, destination)

    def closures(self, destination: str, *, since: datetime | None = None) -> list[Closure]:
        """Return what is closed, or was since then (see ``Outbox.closures``)."""
        with reading(self._engine, EVERY) as connection:
            return told(connection, destination, since)

    def _wake_all(self, destination: str, agency: str) -> None:
        """Wake the lanes that stand still, some at a time so that nobody waits long for the writer."""
        c = t.lane.c
        last = 0
        while True:
            with writing(self._engine, EVERY) as connection:
                asleep = select(c.id).where(c.destination == destination, c.due_at.is_(None), c.id > last)
                if agency:
                    asleep = asleep.where(c.agency == agency)
                lanes = connection.scalars(asleep.order_by(c.id).limit(_BATCH).with_for_update()).all()
                found = heads(connection, lanes, behind_pending=self._rules().behind_pending)
                now = self._now(connection)
                set_due(connection, {lane: now for lane, head in found.items() if head.state in MOVING}, found)
            if len(lanes) < _BATCH:
                return
            last = lanes[-1]


def road(connection: Connection, destination: str) -> RowMapping:
    """Lock the destination's row and return it: whoever claims, settles or pauses does so one after the other."""
    query = select(t.destination).where(t.destination.c.id == destination).with_for_update()
    row = connection.execute(query).mappings().first()
    if row is not None:
        return row
    try:
        with connection.begin_nested():
            connection.execute(insert(t.destination).values(id=destination))
    except IntegrityError:
        pass  # another node was first
    return connection.execute(query).mappings().one()


def breaker_of(row: RowMapping) -> Breaker:
    """Return how the road stands by its row."""
    return Breaker(
        failures=row["failures"],
        refusals=row["refusals"],
        opened_at=row["opened_at"],
        probe_at=row["probe_at"],
        closed_at=row["closed_at"],
    )


def keep(connection: Connection, destination: str, was: Breaker, now_stands: Breaker, now: int) -> None:
    """Write down how the road stands; where it opened or closed, that begins or ends a closure."""
    if was == now_stands:
        return
    connection.execute(
        update(t.destination)
        .where(t.destination.c.id == destination)
        .values(
            failures=now_stands.failures,
            refusals=now_stands.refusals,
            opened_at=now_stands.opened_at,
            probe_at=now_stands.probe_at,
            closed_at=now_stands.closed_at,
        )
    )
    if was.opened_at is None and now_stands.opened_at is not None:
        begin(connection, destination, BREAKER, now, "The state did not answer several times in a row.", "breaker")
    if was.opened_at is not None and now_stands.opened_at is None:
        end(connection, destination, BREAKER, now)
        _pull_forward(connection, destination, now)


def _pull_forward(connection: Connection, destination: str, now: int) -> None:
    """Let nobody wait for a schedule that was meant for a state that did not answer."""
    c = t.lane.c
    connection.execute(
        update(t.lane).where(c.destination == destination, c.owner.is_(None), c.due_at > now).values(due_at=now)
    )


def paused(connection: Connection, destination: str) -> str | None:
    """Return why the whole destination is paused, within a transaction."""
    return connection.execute(
        select(_C.why)
        .where(
            _C.destination == destination,
            _C.kind.in_(_STANDSTILLS),
            _C.agency == "",
            _C.programme == "",
            _C.ended_at.is_(None),
        )
        .order_by(_C.kind.desc())
    ).scalar()


def paused_parts(connection: Connection, destination: str) -> set[tuple[str, str]]:
    """Return what is paused, as (agency, programme); an empty one means every one."""
    query = select(_C.agency, _C.programme).where(
        _C.destination == destination,
        _C.kind.in_(_STANDSTILLS),
        _C.ended_at.is_(None),
        *own_or_for_all(connection, t.closure),
    )
    return {(row.agency, row.programme) for row in connection.execute(query)}


def told(connection: Connection, destination: str, since: datetime | None = None) -> list[Closure]:
    """Return what is closed, or was since then, within a transaction."""
    lasting: ColumnElement[bool] = _C.ended_at.is_(None)
    if since is not None:
        lasting = or_(lasting, _C.ended_at >= to_milliseconds(since))
    mine = (_C.destination == destination, *own_or_for_all(connection, t.closure))
    query = select(t.closure).where(*mine, lasting).order_by(_C.began_at, _C.seq)
    return [_closure(row) for row in connection.execute(query).mappings()]


def begin(
    connection: Connection,
    destination: str,
    kind: str,
    now: int,
    why: str,
    actor: str,
    agency: str = "",
    programme: str = "",
) -> bool:
    """Begin a closure; False where it lasts already."""
    if connection.execute(select(_C.seq).where(*_open(destination, kind, agency, programme))).first() is not None:
        return False
    values = {"agency": agency, "programme": programme, "began_at": now, "actor": actor, "why": why}
    connection.execute(insert(t.closure).values(destination=destination, kind=kind, **values))
    return True


def end(
    connection: Connection, destination: str, kind: str, now: int, agency: str = "", programme: str = "", word: str = ""
) -> bool:
    """End a closure, with a word added to its reason; False where none lasts."""
    over = update(t.closure).where(*_open(destination, kind, agency, programme)).values(ended_at=now, why=_C.why + word)
    return bool(connection.execute(over).rowcount)


def _open(destination: str, kind: str, agency: str, programme: str) -> tuple[ColumnElement[bool], ...]:
    return (
        _C.destination == destination,
        _C.kind == kind,
        _C.agency == agency,
        _C.programme == programme,
        _C.ended_at.is_(None),
    )


def _closure(row: RowMapping) -> Closure:
    return Closure(
        kind=row["kind"],
        began_at=from_milliseconds(row["began_at"]),
        ended_at=None if row["ended_at"] is None else from_milliseconds(row["ended_at"]),
        actor=row["actor"],
        why=row["why"],
        agency=row["agency"],
        programme=row["programme"],
    )
