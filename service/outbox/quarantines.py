"""Quarantine: a restored copy sends nothing until the state was asked about everything that it may have sent since.

It is a closure of the whole road, so that workers, polls and the open road heed it as they heed a pause; but no
resumption ends it, only the release of the quarantine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, exists, func, insert, select, update

from canonical.submission import State
from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.destinations import QUARANTINE, Destinations, begin, end, road
from service.outbox.engine import reading, writing
from service.outbox.leasing import Leasing
from service.outbox.outbox import Claim, Settlement
from service.outbox.settling import CHANGE
from service.tenants.tenant import EVERY

#: What may have been sent under its key after the copy was taken, whatever the copy says of it.
MAYBE_SENT: Final = (
    State.READY,
    State.HELD,
    State.SENDING,
    State.IN_DOUBT,
    State.STUCK,
    State.PENDING,
    State.SUSPENDED,
)
#: How one comes, by legal moves, to where the state's word can be recorded.
_WAYS: Final = {
    State.HELD: (State.READY, State.SENDING),
    State.READY: (State.SENDING,),
    State.STUCK: (State.IN_DOUBT,),
}
_WHY: Final = "This is a restored copy: it was sent after the copy was taken, and the state was asked."
_ACTOR: Final = "restore"
_S, _Q, _I = t.submission.c, t.quarantine.c, t.quarantine_item.c


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantine:
    """One that stands."""

    #: Counts the times that this database began anew from a copy of itself.
    epoch: int
    began_at: datetime
    #: The id of the backup; empty where another tool restored it.
    backup: str
    copied_at: datetime | None
    reconciled_at: datetime | None
    #: What the state was asked about, by what it said.
    found: dict[str, int]
    #: What it is still to be asked about.
    open: int


class Quarantines(Leasing, Destinations):
    """Begins, reconciles and releases."""

    def begin_quarantine(self, backup: str, copied_at: int | None) -> int:
        """Write down that this database is a restored copy; return the epoch. Leases of the copy are nobody's."""
        with writing(self._engine, EVERY) as connection:
            road(connection, self._destination)
            return mark(connection, self._destination, self._now(connection), backup, copied_at)

    def quarantine(self) -> Quarantine | None:
        """Return the quarantine that stands; None where none does."""
        with reading(self._engine, EVERY) as connection:
            row = self._standing(connection)
            if row is None:
                return None
            counted = select(_I.found, func.count().label("many")).where(_I.quarantine == row["seq"])
            left = select(func.count()).select_from(t.submission).where(*self._unasked(row))
            return Quarantine(
                epoch=row["seq"],
                began_at=from_milliseconds(row["began_at"]),
                backup=row["backup"],
                copied_at=None if row["copied_at"] is None else from_milliseconds(row["copied_at"]),
                reconciled_at=None if row["reconciled_at"] is None else from_milliseconds(row["reconciled_at"]),
                found={one.found: one.many for one in connection.execute(counted.group_by(_I.found))},
                open=connection.execute(left).scalar_one(),
            )

    def to_ask(self, *, after: int, limit: int) -> list[tuple[int, Claim]]:
        """Return some of what the state is still to be asked about, in order, each as a claim in doubt."""
        with reading(self._engine, EVERY) as connection:
            row = self._standing(connection)
            if row is None:
                return []
            query = select(t.submission).where(*self._unasked(row), _S.seq > after).order_by(_S.seq).limit(limit)
            rows = connection.execute(query).mappings().all()
            last = self._last_sends(connection, [one["id"] for one in rows])
            children = self._children_of(connection, rows)
            notices = self._notices(
                connection, {one["seq"]: one for one in rows}, children, last, self._now(connection)
            )
            doubts = [(one["seq"], self._doubt(one, last.get(one["id"]))) for one in rows]
            return [(seq, replace(claim, notice=notices.get(seq))) for seq, claim in doubts]

    def record_asked(self, claim: Claim, outcome: str, settlement: Settlement | None) -> bool:
        """Record what the state said; with None it has nothing under that key. False where it moved meanwhile."""
        with writing(self._engine, EVERY) as connection:
            epoch = self._standing(connection)
            row = self._locked(connection, claim.submission)
            if (
                epoch is None
                or row["idempotency_key"] != claim.idempotency_key
                or State(row["state"]) not in MAYBE_SENT
            ):
                return False
            if settlement is None:
                self._not_there(connection, row)
            else:
                self._settle_asked(connection, row, settlement)
            if settlement is None or not settlement.fresh_key:  # a second try has a key of its own: asked about, too
                self._asked_about(connection, epoch["seq"], row, outcome)
        return True

    def reconciled(self) -> None:
        """Write down that nothing is left to be asked about."""
        with writing(self._engine, EVERY) as connection:
            standing = update(t.quarantine).where(_Q.released_at.is_(None), _Q.reconciled_at.is_(None))
            connection.execute(standing.values(reconciled_at=self._now(connection)))

    def release_quarantine(self, *, actor: str, note: str) -> int:
        """Let things leave again; what the state gave no word about is in doubt, and asked about before it is sent."""
        doubtful = 0
        while some := self.to_ask(after=0, limit=100):
            for _, claim in some:
                doubtful += self._into_doubt(claim)
        with writing(self._engine, EVERY) as connection:
            road(connection, self._destination)
            now = self._now(connection)
            standing = update(t.quarantine).where(_Q.released_at.is_(None))
            sealed = self._vault.seal(note.encode(), "quarantine note", "", str(now))
            connection.execute(standing.values(released_at=now, released_by=actor, sealed_note=sealed))
            end(connection, self._destination, QUARANTINE, now)
        self._wake_all(self._destination, "")
        return doubtful

    def _into_doubt(self, claim: Claim) -> int:
        with writing(self._engine, EVERY) as connection:
            epoch = self._standing(connection)
            row = self._locked(connection, claim.submission)
            was = State(row["state"])
            moved = was is State.READY
            if moved:
                self._walk(
                    connection, row, (State.SENDING, State.IN_DOUBT), "It may have been sent since the copy was taken."
                )
            if epoch is not None:
                self._asked_about(connection, epoch["seq"], row, "Unasked")
        return int(moved)

    def _standing(self, connection: Connection) -> RowMapping | None:
        query = select(t.quarantine).where(_Q.released_at.is_(None)).order_by(_Q.seq.desc())
        return connection.execute(query.limit(1)).mappings().first()

    def _unasked(self, standing: RowMapping) -> tuple[Any, ...]:
        asked = exists().where(_I.quarantine == standing["seq"], _I.submission == _S.id)
        return (_S.state.in_(MAYBE_SENT), _S.received_at <= standing["began_at"], ~asked)

    def _doubt(self, row: RowMapping, last: datetime | None) -> Claim:
        claim = self._as_claim(row, 0, State.IN_DOUBT, row["updated_at"], last)
        return replace(claim, attempts=max(1, claim.attempts))

    def _not_there(self, connection: Connection, row: RowMapping) -> None:
        """Let what was under way in the copy be sent anew; all else stays as it was."""
        if State(row["state"]) in (State.SENDING, State.IN_DOUBT):
            self._move(connection, row["id"], State(row["state"]), State.READY, _ACTOR, "The state never received it.")
            if row["lane"] is not None:
                self._wake(connection, row["lane"])

    def _settle_asked(self, connection: Connection, row: RowMapping, settlement: Settlement) -> None:
        was, now = State(row["state"]), self._now(connection)
        if was is settlement.state and settlement.receipt is None:
            return
        way = _WAYS.get(was, ())
        self._walk(connection, row, way, _WHY)
        row = self._row(connection, row["id"])
        connection.execute(CHANGE, [self._changed(row, settlement, now, None)])
        values: dict[str, Any] = {"attempts": max(1, row["attempts"])}
        if settlement.state is State.READY:
            values["attempts"] = 0
        connection.execute(update(t.submission).where(_S.id == row["id"]).values(**values))
        self._keep_receipts(connection, [(row, settlement.receipt)], now)
        if settlement.findings:
            self._add_findings(connection, row, settlement.findings)
        if State(row["state"]) is not settlement.state:
            self._tell(connection, row["id"], State(row["state"]), settlement.state, _ACTOR, settlement.why)
        if row["lane"] is not None:
            self._wake(connection, row["lane"])

    def _walk(self, connection: Connection, row: RowMapping, way: Sequence[State], why: str) -> None:
        was = State(row["state"])
        for then in way:
            self._move(connection, row["id"], was, then, _ACTOR, why)
            was = then
        if way and row["first_sent_at"] is None:
            sent = {"first_sent_at": self._now(connection), "holds": ""}
            connection.execute(update(t.submission).where(_S.id == row["id"]).values(**sent))

    def _asked_about(self, connection: Connection, epoch: int, row: RowMapping, found: str) -> None:
        item = {"quarantine": epoch, "submission": row["id"], "agency": row["agency"], "found": found}
        connection.execute(insert(t.quarantine_item).values(**item, asked_at=self._now(connection)))


def mark(connection: Connection, destination: str, now: int, backup: str, copied_at: int | None) -> int:
    """Write down, within a transaction, that this database is a restored copy, unless it is known to be; return the epoch.

    The leases of the copy are nobody's: whoever held them works on the database that it was taken from, or is no more.
    """
    standing = connection.execute(select(_Q.seq).where(_Q.released_at.is_(None))).scalar()
    if standing is not None:
        return int(standing)
    row = {"destination": destination, "began_at": now, "backup": backup, "copied_at": copied_at}
    epoch = int(connection.execute(insert(t.quarantine).values(**row).returning(_Q.seq)).scalar_one())
    why = f"This is a restored copy (epoch {epoch}): “ecas restore reconcile” asks the state before anything is sent."
    begin(connection, destination, QUARANTINE, now, why, _ACTOR)
    lane = t.lane.c
    leased = update(t.lane).where(lane.owner.is_not(None))
    connection.execute(leased.values(owner=None, due_at=now, fence=lane.fence + 1))
    return epoch
