"""Taking out: leases on lanes, and what came of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, RowMapping, and_, exists, func, insert, select, update

from canonical.errors import LostLease
from canonical.submission import State
from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.destinations import pause, paused
from service.outbox.engine import reading, writing
from service.outbox.outbox import (
    Claim,
    Depth,
    Settlement,
)
from service.outbox.rows import MOVING, Rows, milliseconds


class Leasing(Rows):
    """One lane, one worker; whoever settles with an old fence changes nothing."""

    def claim(self, destination: str, worker: str, *, limit: int, lease: timedelta) -> list[Claim]:
        """Lease the heads of due lanes, fairly between agencies (see ``Outbox.claim``)."""
        with writing(self._engine) as connection:
            if paused(connection, destination) is not None:
                return []
            claims = [self._take(connection, lane, worker, lease) for lane in self._due(connection, destination, limit)]
        return [claim for claim in claims if claim is not None]

    def _due(self, connection: Connection, destination: str, limit: int) -> list[RowMapping]:
        """Return due lanes: each agency with any gets an equal share, what is left goes to whoever waited longest."""
        now = self._now(connection)
        due = and_(t.lane.c.destination == destination, t.lane.c.due_at.is_not(None), t.lane.c.due_at <= now)
        agencies = connection.scalars(
            select(t.agency.c.id).where(exists().where(due, t.lane.c.agency == t.agency.c.id))
        ).all()
        found = [
            connection.execute(
                select(t.lane)
                .where(due, t.lane.c.agency == agency)
                .order_by(t.lane.c.due_at)
                .limit(limit)
                .with_for_update(skip_locked=True)  # SQLite has no such words and needs none: its writer is alone
            )
            .mappings()
            .all()
            for agency in agencies
        ]
        rounds = [(place, lane["due_at"], lane) for lanes in found for place, lane in enumerate(lanes)]
        return [lane for _, _, lane in sorted(rounds, key=lambda entry: entry[:2])[:limit]]

    def _take(self, connection: Connection, lane: RowMapping, worker: str, lease: timedelta) -> Claim | None:
        now = self._now(connection)
        head = self._head(connection, lane["id"])
        if head is None or State(head["state"]) not in MOVING:
            connection.execute(update(t.lane).where(t.lane.c.id == lane["id"]).values(due_at=None, owner=None))
            return None
        fence = lane["fence"] + 1
        taken = connection.execute(
            update(t.lane)
            .where(t.lane.c.id == lane["id"], t.lane.c.fence == lane["fence"])
            .values(owner=worker, fence=fence, due_at=now + milliseconds(lease))
        )
        if taken.rowcount != 1:
            return None
        state = State(head["state"])
        if state is State.SENDING:
            why = "The worker that sent it recorded nothing: the state is asked first."
            self._move(connection, head["id"], state, State.IN_DOUBT, worker, why)
            state = State.IN_DOUBT
        elif state is State.READY:
            self._begin_attempt(connection, head, worker)
            state = State.SENDING
        return self._claim(connection, head["id"], lane["id"], fence, state)

    def _begin_attempt(self, connection: Connection, head: RowMapping, worker: str) -> None:
        now = self._now(connection)
        number = head["attempts"] + 1
        self._move(connection, head["id"], State(head["state"]), State.SENDING, worker, f"Attempt {number} begins.")
        connection.execute(
            update(t.submission)
            .where(t.submission.c.id == head["id"])
            .values(attempts=number, first_sent_at=func.coalesce(t.submission.c.first_sent_at, now))
        )
        connection.execute(insert(t.attempt).values(submission=head["id"], number=number, started_at=now))

    def _claim(self, connection: Connection, id_: str, lane: int, fence: int, state: State) -> Claim:
        row = self._row(connection, id_)
        sent = row["first_sent_at"]
        return Claim(
            lane=lane,
            fence=fence,
            submission=id_,
            agency=row["agency"],
            state=state,
            idempotency_key=row["idempotency_key"],
            attempts=row["attempts"],
            first_sent_at=None if sent is None else from_milliseconds(sent),
            last_sent_at=self._last_attempt(connection, id_) if state is State.IN_DOUBT else None,
            second_try=row["second_try"],
            assessment=self._assessment(row),
        )

    def _last_attempt(self, connection: Connection, id_: str) -> datetime | None:
        c = t.attempt.c
        began = connection.execute(select(func.max(c.started_at)).where(c.submission == id_)).scalar()
        return None if began is None else from_milliseconds(began)

    def resend(self, claim: Claim) -> Claim:
        """Write down another attempt under the same lease (see ``Outbox.resend``)."""
        with writing(self._engine) as connection:
            lane = self._lane_row(connection, claim.lane)
            if lane["fence"] != claim.fence:
                raise LostLease
            self._begin_attempt(connection, self._row(connection, claim.submission), lane["owner"] or "")
            return self._claim(connection, claim.submission, claim.lane, claim.fence, State.SENDING)

    def settle(self, claim: Claim, settlement: Settlement) -> None:
        """Record what came of a claim (see ``Outbox.settle``)."""
        with writing(self._engine) as connection:
            released = connection.execute(
                update(t.lane)
                .where(t.lane.c.id == claim.lane, t.lane.c.fence == claim.fence)
                .values(owner=None, due_at=None)
                .returning(t.lane.c.id)
            ).all()
            if not released:
                raise LostLease
            self._record(connection, claim.submission, claim.agency, settlement)
            self._wake(connection, claim.lane, settlement.wait if settlement.state in MOVING else timedelta(0))
            if settlement.pause is not None:
                pause(connection, self._destination, settlement.pause, self._now(connection))

    def expire(self, alive: Callable[[str], bool]) -> int:
        """End the leases of workers that are no more (see ``Outbox.expire``)."""
        c = t.lane.c
        with writing(self._engine) as connection:
            owners = connection.scalars(select(c.owner).where(c.owner.is_not(None)).distinct()).all()
            dead = [owner for owner in owners if owner is not None and not alive(owner)]
            if not dead:
                return 0
            # Whoever holds a lane's lock just now is at work on it: it is left for the next look, and nobody waits.
            lanes = connection.scalars(select(c.id).where(c.owner.in_(dead)).with_for_update(skip_locked=True)).all()
            ended = connection.execute(
                update(t.lane)
                .where(c.id.in_(lanes))
                .values(due_at=self._now(connection), owner=None, fence=c.fence + 1)
            )
            return ended.rowcount

    def depth(self, destination: str) -> Depth:
        """Return how much is waiting (see ``Outbox.depth``)."""
        c = t.lane.c
        with reading(self._engine) as connection:
            leased = connection.execute(
                select(func.count()).where(c.destination == destination, c.owner.is_not(None))
            ).scalar_one()
            due = connection.execute(
                select(func.min(c.due_at)).where(c.destination == destination, c.owner.is_(None))
            ).scalar()
            poll = connection.execute(select(func.min(t.submission.c.poll_at))).scalar()
            states = connection.execute(select(t.submission.c.state, func.count()).group_by(t.submission.c.state)).all()
        times = [moment for moment in (due, poll) if moment is not None]
        return Depth(
            leased=leased,
            next_due=from_milliseconds(min(times)) if times else None,
            by_state={State(state): count for state, count in states},
        )
