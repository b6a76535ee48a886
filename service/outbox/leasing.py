"""Taking out: leases on lanes, in the order in which they are served."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from canonical.errors import LostLease
from canonical.finding import HoldCause
from canonical.submission import State, check_move
from service.clock import from_milliseconds
from service.outbox import pace
from service.outbox import schema as t
from service.outbox.breaker import Breaker
from service.outbox.destinations import keep, paused_parts, road
from service.outbox.engine import reading, writing
from service.outbox.lanes import draining, due, free, heads, set_due
from service.outbox.outbox import Claim, Depth, Exchange, Settlement
from service.outbox.protecting import Protecting, ScopeGone
from service.outbox.rows import MOVING, milliseconds, write_holds
from service.outbox.settling import Settling
from service.outbox.withdrawals import ConsentGone, carries_more, withdrawn
from service.tenants.tenant import EVERY

_S, _L = t.submission.c, t.lane.c
#: What a claim needs of a submission: neither its report nor its document id is opened for it.
_COLUMNS: Final = (
    _S.seq,
    _S.id,
    _S.agency,
    _S.lane,
    _S.state,
    _S.holds,
    _S.programme,
    _S.idempotency_key,
    _S.attempts,
    _S.asks,
    _S.first_sent_at,
    _S.second_try,
    _S.received_at,
    _S.sealed_assessment,
    _S.data_key,
)
_WITHDRAWN: Final = "The member's consent was withdrawn before it left."
#: A probe is drawn by lot from so many. Where it was always the first, one submission had 83 tries of 186 in three days;
#: drawn, the most of one was 16 of 1,482 in thirty (tests/service/outage).
_DRAWN_FROM: Final = 500
# What every exchange runs is laid out once: to lay a statement out costs SQLAlchemy about as much as to run it.
_RUNNING: Final = select(func.count()).where(
    _L.destination == bindparam("destination"), _L.owner.is_not(None), _L.due_at > bindparam("now")
)
_LEASE: Final = (
    update(t.lane)
    .where(_L.id.in_(bindparam("lanes", expanding=True)))
    .values(owner=bindparam("worker"), fence=_L.fence + 1, due_at=bindparam("until"))
)
_SEND: Final = (
    update(t.submission)
    .where(_S.seq.in_(bindparam("seqs", expanding=True)))
    .values(
        state=State.SENDING,
        updated_at=bindparam("now"),
        since=bindparam("now"),
        attempts=_S.attempts + 1,
        asks=0,
        first_sent_at=func.coalesce(_S.first_sent_at, bindparam("now")),
    )
)
_BEGUN: Final = insert(t.attempt)


class Leasing(Protecting, Settling):
    """One lane, one worker; whoever settles with an old fence changes nothing."""

    def exchange(
        self,
        destination: str,
        worker: str,
        settled: Sequence[tuple[Claim, Settlement]],
        *,
        limit: int,
        lease: timedelta,
    ) -> Exchange:
        """Record what came of claims, then lease what is due, in one transaction (see ``Outbox.exchange``)."""
        with writing(self._engine, EVERY) as connection:
            stands, now = road(connection, destination), self._now(connection)
            lost, breaker = self._settle_all(connection, stands, settled, now)
            claims = self._lease(connection, stands, breaker, worker, limit, now, lease) if limit > 0 else []
        return Exchange(claims=claims, lost=lost)

    def claim(self, destination: str, worker: str, *, limit: int, lease: timedelta) -> list[Claim]:
        """Lease the heads of due lanes, fairly between agencies (see ``Outbox.claim``)."""
        return self.exchange(destination, worker, (), limit=limit, lease=lease).claims

    def settle(self, claim: Claim, settlement: Settlement) -> None:
        """Record what came of a claim (see ``Outbox.settle``)."""
        if self.exchange(self._destination, "", [(claim, settlement)], limit=0, lease=timedelta(0)).lost:
            raise LostLease

    def _lease(
        self,
        connection: Connection,
        stands: RowMapping,
        breaker: Breaker,
        worker: str,
        limit: int,
        now: int,
        lease: timedelta,
    ) -> list[Claim]:
        rules, destination = self._rules(), stands["id"]
        closed = paused_parts(connection, destination)
        breadth = breaker.breadth(now, rules.max_in_flight, rules.patience)
        room = min(limit, breadth - _under_way(connection, destination, now)) if ("", "") not in closed else 0
        allowed = pace.allowed(stands["paced_at"], now, rules.per_second)
        room = room if allowed is None else min(room, allowed)
        if room <= 0:
            return []
        shut = {agency for agency, programme in closed if not programme}
        probing = breaker.opened_at is not None
        fronts = due(connection, destination, now, _DRAWN_FROM if probing else room, shut, self._rng)
        lanes = free(connection, self._rng.sample(fronts, min(room, len(fronts))) if probing else fronts)
        claims = self._take(connection, lanes, closed, worker, now, now + milliseconds(lease))
        if claims:
            if probing:
                keep(connection, destination, breaker, breaker.probing(now, rules.patience), now)
                claims = [replace(claim, probe=True) for claim in claims]
            spent = pace.spent(stands["paced_at"], now, rules.per_second, len(claims))
            if spent != stands["paced_at"]:
                connection.execute(
                    update(t.destination).where(t.destination.c.id == destination).values(paced_at=spent)
                )
        return claims

    def _take(
        self,
        connection: Connection,
        lanes: Mapping[int, RowMapping],
        closed: set[tuple[str, str]],
        worker: str,
        now: int,
        until: int,
    ) -> list[Claim]:
        """Lease these lanes where their heads may leave; every attempt is written down with it."""
        found = heads(connection, lanes, behind_pending=self._rules().behind_pending, columns=_COLUMNS)
        waiting = draining(connection, lanes)
        may = {
            lane: found[lane].row
            for lane in lanes
            if lane in found and found[lane].state in MOVING and lane not in waiting
        }
        rows = {lane: row for lane, row in may.items() if not _is_paused(row, closed)}
        stopped = self._without_consent(connection, rows, lanes) | self._without_scope(connection, rows, lanes, now)
        going = {lane: row for lane, row in rows.items() if lane not in stopped}
        set_due(connection, {lane: None for lane in lanes if lane not in going}, found)
        if not going:
            return []
        connection.execute(_LEASE, {"lanes": [*going], "worker": worker, "until": until})
        states = self._begin(connection, [*going.values()], worker, now)
        last = self._last_sends(
            connection, [row["id"] for row in going.values() if states[row["id"]] is State.IN_DOUBT]
        )
        notices = self._notices(connection, going, lanes, last, now)
        return [
            replace(
                self._as_claim(row, lanes[lane]["fence"] + 1, states[row["id"]], now, last.get(row["id"])),
                notice=notices.get(lane),
            )
            for lane, row in going.items()
        ]

    def _without_consent(
        self, connection: Connection, rows: Mapping[int, RowMapping], lanes: Mapping[int, RowMapping]
    ) -> set[int]:
        """Hold what may not leave any more, though it was ready, and return its lanes."""
        asked = {
            lane: (lanes[lane]["child"], row["received_at"])
            for lane, row in rows.items()
            if State(row["state"]) is State.READY
        }
        over = withdrawn(connection, {*asked.values()})
        gone = {lane for lane, pair in asked.items() if pair in over and carries_more(self._assessment(rows[lane]))}
        for id_ in (rows[lane]["id"] for lane in gone):
            causes = write_holds((HoldCause.CONSENT_WITHDRAWN,))
            connection.execute(update(t.submission).where(_S.id == id_).values(holds=causes))
            self._move(connection, id_, State.READY, State.HELD, "consent", _WITHDRAWN)
        return gone

    def _begin(self, connection: Connection, rows: Sequence[RowMapping], worker: str, now: int) -> dict[str, State]:
        """Write down what is about to happen to each: a send, or a question; return the states they are in now."""
        ready = [row for row in rows if State(row["state"]) is State.READY]
        dead = [row for row in rows if State(row["state"]) is State.SENDING]
        doubtful = [row for row in rows if State(row["state"]) is not State.READY]
        if ready:
            self._begin_sends(connection, ready, worker, now)
        if dead:
            why = "The worker that sent it recorded nothing: the state is asked first."
            check_move(State.SENDING, State.IN_DOUBT)
            changed = {"state": State.IN_DOUBT, "updated_at": now, "since": now}
            connection.execute(update(t.submission).where(_S.seq.in_([row["seq"] for row in dead])).values(**changed))
            self._tell_all(connection, [(row["id"], State.SENDING, State.IN_DOUBT, worker, why) for row in dead], now)
        if doubtful:
            connection.execute(
                update(t.submission).where(_S.seq.in_([row["seq"] for row in doubtful])).values(asks=_S.asks + 1)
            )
            questions = [
                {
                    "agency": row["agency"],
                    "submission": row["id"],
                    "kind": "question",
                    "number": row["asks"] + 1,
                    "started_at": now,
                }
                for row in doubtful
            ]
            connection.execute(_BEGUN, questions)
        return dict.fromkeys((row["id"] for row in ready), State.SENDING) | dict.fromkeys(
            (row["id"] for row in doubtful), State.IN_DOUBT
        )

    def _begin_sends(self, connection: Connection, rows: Sequence[RowMapping], worker: str, now: int) -> None:
        for was in {State(row["state"]) for row in rows}:
            check_move(was, State.SENDING)
        connection.execute(_SEND, {"seqs": [row["seq"] for row in rows], "now": now})
        sends = [
            {
                "agency": row["agency"],
                "submission": row["id"],
                "kind": "send",
                "number": row["attempts"] + 1,
                "started_at": now,
            }
            for row in rows
        ]
        connection.execute(_BEGUN, sends)
        moves = [
            (row["id"], State(row["state"]), State.SENDING, worker, f"Attempt {row['attempts'] + 1} begins.")
            for row in rows
        ]
        self._tell_all(connection, moves, now)

    def _as_claim(self, row: RowMapping, fence: int, state: State, now: int, last: datetime | None) -> Claim:
        sending = state is State.SENDING
        first = row["first_sent_at"] if row["first_sent_at"] is not None else now
        return Claim(
            lane=row["lane"],
            fence=fence,
            submission=row["id"],
            agency=row["agency"],
            state=state,
            idempotency_key=row["idempotency_key"],
            attempts=row["attempts"] + sending,
            first_sent_at=from_milliseconds(first),
            last_sent_at=last,
            asks=0 if sending else row["asks"] + 1,
            second_try=row["second_try"],
            programme=row["programme"],
            assessment=self._assessment(row),
        )

    def _last_sends(self, connection: Connection, ids: Sequence[str]) -> dict[str, datetime]:
        if not ids:
            return {}
        c = t.attempt.c
        query = select(c.submission, func.max(c.started_at).label("at")).where(c.submission.in_(ids), c.kind == "send")
        return {row.submission: from_milliseconds(row.at) for row in connection.execute(query.group_by(c.submission))}

    def resend(self, claim: Claim) -> Claim:
        """Write down another attempt under the same lease (see ``Outbox.resend``)."""
        with writing(self._engine, claim.agency) as connection:
            lane = self._lane_row(connection, claim.lane)
            if lane["fence"] != claim.fence:
                raise LostLease
            now = self._now(connection)
            query = select(*_COLUMNS).where(_S.id == claim.submission)
            row = connection.execute(query).mappings().one()
            if withdrawn(connection, {(lane["child"], row["received_at"])}) and carries_more(self._assessment(row)):
                raise ConsentGone
            protection = self._protection_of(connection, row, lane["child"], now)
            if protection is not None and protection.notice is None:
                raise ScopeGone
            self._end_attempts(connection, [(claim, "NotThere", "The state never received it.")], now)
            self._begin_sends(connection, [row], lane["owner"] or "", now)
            sent = self._as_claim(row, claim.fence, State.SENDING, now, None)
            return replace(sent, notice=None if protection is None else protection.notice)

    def expire(self, alive: Callable[[str], bool]) -> int:
        """End the leases of workers that are no more (see ``Outbox.expire``)."""
        with reading(self._engine, EVERY) as connection:
            owners = connection.scalars(select(_L.owner).where(_L.owner.is_not(None)).distinct()).all()
        dead = [owner for owner in owners if owner is not None and not alive(owner)]
        if not dead:
            return 0
        with writing(self._engine, EVERY) as connection:
            # Whoever holds a lane's lock just now is at work on it: it is left for the next look, and nobody waits.
            lanes = connection.scalars(select(_L.id).where(_L.owner.in_(dead)).with_for_update(skip_locked=True)).all()
            ended = connection.execute(
                update(t.lane)
                .where(_L.id.in_(lanes))
                .values(due_at=self._now(connection), owner=None, fence=_L.fence + 1)
            )
            return ended.rowcount

    def depth(self, destination: str) -> Depth:
        """Return how much is waiting (see ``Outbox.depth``); what a pause keeps back is not due."""
        here, c = _L.destination == destination, t.replay.c
        with reading(self._engine, EVERY) as connection:
            shut = [agency for agency, programme in paused_parts(connection, destination) if agency and not programme]
            leased = connection.execute(select(func.count()).where(here, _L.owner.is_not(None))).scalar_one()
            free_lanes = select(func.min(_L.due_at)).where(here, _L.owner.is_(None), _L.agency.not_in(shut))
            due_at = connection.execute(free_lanes).scalar()
            probe = connection.execute(
                select(t.destination.c.probe_at).where(t.destination.c.id == destination)
            ).scalar()
            poll = connection.execute(select(func.min(_S.poll_at))).scalar()
            turn = connection.execute(select(func.min(c.next_at)).where(c.state == "running")).scalar()
            states = connection.execute(select(_S.state, func.count()).group_by(_S.state)).all()
        first = None if due_at is None else max(due_at, probe or 0)
        times = [moment for moment in (first, poll, turn) if moment is not None]
        return Depth(
            leased=leased,
            next_due=from_milliseconds(min(times)) if times else None,
            by_state={State(state): count for state, count in states},
        )


def _under_way(connection: Connection, destination: str, now: int) -> int:
    """Count the leases that run, over all nodes."""
    return connection.execute(_RUNNING, {"destination": destination, "now": now}).scalar_one()


def _is_paused(row: RowMapping, closed: set[tuple[str, str]]) -> bool:
    """Return whether the head belongs to a programme that is paused, everywhere or at its agency."""
    programme: Any = row["programme"]
    return bool(programme) and bool(closed & {("", programme), (row["agency"], programme)})
