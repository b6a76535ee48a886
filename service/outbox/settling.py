"""Recording what came of attempts: outcome, receipt and next state, under the same fence or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from canonical.finding import Finding
from canonical.outcome import Receipt
from canonical.submission import State, check_move
from service.audit.deed import closing, moved
from service.outbox import records
from service.outbox import schema as t
from service.outbox.breaker import Breaker
from service.outbox.destinations import PAUSE, begin, breaker_of, keep
from service.outbox.lanes import Head, heads, locked, set_due
from service.outbox.outbox import Claim, Settlement
from service.outbox.rows import MOVING, Rows, milliseconds, write_holds
from service.outbox.state_keys import next_key

_S = t.submission.c
#: Who pauses a destination that refuses us.
DELIVERY: Final = "delivery"
_COLUMNS: Final = (
    _S.id,
    _S.agency,
    _S.state,
    _S.since,
    _S.attempts,
    _S.first_sent_at,
    _S.idempotency_key,
    _S.second_try,
    _S.verdict,
    _S.tracking_id,
    _S.data_key,
)
_SETTLED: Final = select(*_COLUMNS).where(_S.id.in_(bindparam("ids", expanding=True)))
#: An attempt, its outcome and why.
Ended = tuple[Claim, str, str]
#: A submission's move: which one, from where, to where, by whom, why.
Told = tuple[str, State | None, State, str, str]


class Settling(Rows):
    """Many are recorded in one transaction: a commit is the dearest part of a delivery."""

    def _settle_all(
        self, connection: Connection, stands: RowMapping, settled: Sequence[tuple[Claim, Settlement]], now: int
    ) -> tuple[frozenset[str], Breaker]:
        """Record all whose lease still holds; return the submissions of the others, and how the road stands then."""
        if not settled:
            return frozenset(), breaker_of(stands)
        lanes = locked(connection, {claim.lane for claim, _ in settled})
        kept = [(claim, settlement) for claim, settlement in settled if _held(lanes[claim.lane], claim)]
        if kept:
            self._record_all(connection, kept, now)
            self._let_go(connection, lanes, kept, now)
        stood = self._heed(connection, stands, [settlement for _, settlement in kept], now)
        held = {claim.submission for claim, _ in kept}
        return frozenset(claim.submission for claim, _ in settled if claim.submission not in held), stood

    def _record_all(self, connection: Connection, kept: Sequence[tuple[Claim, Settlement]], now: int) -> None:
        ids = [claim.submission for claim, _ in kept]
        rows = {row["id"]: row for row in connection.execute(_SETTLED, {"ids": ids}).mappings()}
        changes = [self._changed(rows[claim.submission], settlement, now, claim) for claim, settlement in kept]
        connection.execute(CHANGE, changes)
        self._end_attempts(connection, [(claim, made.outcome, made.why) for claim, made in kept], now)
        self._keep_receipts(connection, [(rows[claim.submission], made.receipt) for claim, made in kept], now)
        for claim, settlement in kept:
            if settlement.findings:
                self._add_findings(connection, rows[claim.submission], settlement.findings)
        moves = [
            (row["id"], State(row["state"]), settlement.state, DELIVERY, settlement.why)
            for row, settlement in ((rows[claim.submission], settlement) for claim, settlement in kept)
            if State(row["state"]) is not settlement.state
        ]
        self._tell_all(connection, moves, now)

    def _changed(self, row: RowMapping, settlement: Settlement, now: int, claim: Claim | None) -> dict[str, Any]:
        """Return the submission's row as it is afterwards; the move is one that the table holds."""
        was, then, receipt = State(row["state"]), settlement.state, settlement.receipt
        if was is not then:
            check_move(was, then)
        # Only its own attempt can be unspent: whoever asked has sent nothing.
        unspent = not settlement.spent and claim is not None and claim.state is State.SENDING
        attempts = row["attempts"] - unspent
        polled = then in (State.PENDING, State.SUSPENDED)
        return {
            "id_": row["id"],
            "state_": then,
            "since_": row["since"] if was is then else now,
            "now_": now,
            "holds_": write_holds(settlement.holds),
            "cause_": settlement.cause,
            "poll_": now + milliseconds(settlement.wait) if polled else None,
            "attempts_": attempts,
            "first_": None if settlement.fresh_key or attempts == 0 else row["first_sent_at"],
            "key_": next_key(self._vault, row["idempotency_key"]) if settlement.fresh_key else row["idempotency_key"],
            "second_": True if settlement.fresh_key else row["second_try"],
            "verdict_": receipt.verdict if receipt else row["verdict"],
            "tracking_": receipt.tracking_id if receipt else row["tracking_id"],
        }

    def _let_go(
        self,
        connection: Connection,
        lanes: dict[int, RowMapping],
        kept: Sequence[tuple[Claim, Settlement]],
        now: int,
    ) -> None:
        """Free the lanes, each due when its head may leave; what a merged lane still holds goes to the other one."""
        waits = {
            claim.lane: milliseconds(settlement.wait) if settlement.state in MOVING else 0 for claim, settlement in kept
        }
        merged = {lane: lanes[lane]["merged_into"] for lane in waits if lanes[lane]["merged_into"] is not None}
        found = heads(connection, [*waits], behind_pending=self._rules().behind_pending)
        set_due(connection, {lane: _due(found.get(lane), now + wait) for lane, wait in waits.items()}, found)
        for source, target in merged.items():
            connection.execute(update(t.submission).where(_S.lane == source).values(lane=target))
            set_due(connection, {source: None}, {})
            self._wake(connection, target)

    def _heed(self, connection: Connection, stands: RowMapping, settlements: Sequence[Settlement], now: int) -> Breaker:
        """Let the breaker and the pauses know what the attempts say about the road; return how it stands then."""
        patience, was = self._rules().patience, breaker_of(stands)
        signals = [settlement.signal for settlement in settlements if settlement.signal is not None]
        asked = max((milliseconds(settlement.not_before) for settlement in settlements), default=0)
        stood = was.told(signals, now, patience=patience, not_before=now + asked if asked else 0)
        keep(connection, stands["id"], was, stood, now)
        pauses = [settlement.pause for settlement in settlements if settlement.pause is not None]
        if stood.refusals >= patience.refusals and stood.refusals > was.refusals:
            pauses.append("The state refuses one document after the other without a coded reason.")
        if pauses and begin(connection, stands["id"], PAUSE, now, pauses[0], DELIVERY):
            self._audit.note(connection, closing("road.paused", stands["id"], DELIVERY))
        return stood

    def _end_attempts(self, connection: Connection, ended: Iterable[Ended], now: int) -> None:
        """Write down what came of sends and questions, each into its own row."""
        rows = [
            {
                "submission_": claim.submission,
                "kind_": "send" if claim.state is State.SENDING else "question",
                "number_": claim.attempts if claim.state is State.SENDING else claim.asks,
                "outcome_": outcome,
                "why_": why,
                "now_": now,
            }
            for claim, outcome, why in ended
        ]
        connection.execute(_END, rows)

    def _keep_receipts(
        self, connection: Connection, receipts: Iterable[tuple[RowMapping, Receipt | None]], now: int
    ) -> None:
        rows = [
            {
                "agency": row["agency"],
                "submission": row["id"],
                "received_at": now,
                "verdict": receipt.verdict,
                "tracking_id": receipt.tracking_id,
                "sealed": self._vault.seal(
                    records.write_receipt(receipt), "receipt", row["agency"], row["id"], key=row["data_key"]
                ),
            }
            for row, receipt in receipts
            if receipt is not None
        ]
        if rows:
            connection.execute(_RECEIVED, rows)

    def _add_findings(self, connection: Connection, row: RowMapping, findings: tuple[Finding, ...]) -> None:
        stands = self._row(connection, row["id"])
        report = self._report(stands)
        report = replace(report, findings=(*report.findings, *findings))
        connection.execute(
            update(t.submission).where(_S.id == row["id"]).values(sealed_report=self._sealed_report(stands, report))
        )

    def _tell_all(self, connection: Connection, moves: Sequence[Told], now: int) -> None:
        rows: list[dict[str, Any]] = [
            {"of": id_, "at": now, "was": was, "became": then, "actor": actor, "why": why, "note": None}
            for id_, was, then, actor, why in moves
        ]
        if rows:
            self._add_events(connection, rows)
            self._audit.note_all(connection, [moved(id_, was, then, actor) for id_, was, then, actor, _ in moves])


CHANGE: Final = (
    update(t.submission)
    .where(_S.id == bindparam("id_"))
    .values(
        state=bindparam("state_"),
        since=bindparam("since_"),
        updated_at=bindparam("now_"),
        holds=bindparam("holds_"),
        cause=bindparam("cause_"),
        poll_at=bindparam("poll_"),
        attempts=bindparam("attempts_"),
        first_sent_at=bindparam("first_"),
        idempotency_key=bindparam("key_"),
        second_try=bindparam("second_"),
        verdict=bindparam("verdict_"),
        tracking_id=bindparam("tracking_"),
    )
)
_RECEIVED: Final = insert(t.receipt)
_A: Final = t.attempt.c
_END: Final = (
    update(t.attempt)
    .where(
        _A.submission == bindparam("submission_"),
        _A.kind == bindparam("kind_"),
        _A.number == bindparam("number_"),
        _A.ended_at.is_(None),
    )
    .values(outcome=bindparam("outcome_"), why=bindparam("why_"), ended_at=bindparam("now_"))
)


def _held(lane: RowMapping, claim: Claim) -> bool:
    """Return whether the lease stands: nobody took the lane over, and nothing was recorded of this claim before.

    A commit whose answer the database lost is handed in once more; what it recorded may have moved on meanwhile.
    """
    return lane["fence"] == claim.fence and lane["owner"] is not None


def _due(head: Head | None, at: int) -> int | None:
    return at if head is not None and head.state in MOVING else None
