"""Asking again for receipts that are not final; as durable as a send."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, RowMapping, insert, select, update

from canonical.errors import ConfigurationError, LostLease
from canonical.submission import State
from service.clock import from_milliseconds, to_milliseconds
from service.outbox import records
from service.outbox import schema as t
from service.outbox.destinations import breaker_of, paused, road
from service.outbox.engine import reading, writing
from service.outbox.outbox import Poll, Settlement
from service.outbox.rows import milliseconds
from service.outbox.settling import CHANGE, Settling
from service.tenants.tenant import EVERY

_S: Final = t.submission.c


class Polling(Settling):
    """A poll is leased by its own due time: whoever settles after it moved on changes nothing."""

    def polls(self, destination: str, *, limit: int, lease: timedelta) -> list[Poll]:
        """Take receipts that are due to be asked for again (see ``Outbox.polls``); none while the road is closed."""
        if not self._any_poll_due():
            return []
        with writing(self._engine, EVERY) as connection:
            stands = road(connection, destination)
            if paused(connection, destination) is not None or breaker_of(stands).opened_at is not None:
                return []
            now = self._now(connection)
            until = now + milliseconds(lease)
            due = select(t.submission).where(_S.poll_at.is_not(None), _S.poll_at <= now).order_by(_S.poll_at)
            rows = connection.execute(due.limit(limit).with_for_update(skip_locked=True)).mappings().all()
            if rows:
                taken = _S.seq.in_([row["seq"] for row in rows])
                connection.execute(update(t.submission).where(taken).values(poll_at=until))
            return [self._poll(connection, row, until) for row in rows]

    def _any_poll_due(self) -> bool:
        """Look without the writer's lock: most of the time there is nothing."""
        with reading(self._engine, EVERY) as connection:
            due = select(_S.seq).where(_S.poll_at.is_not(None), _S.poll_at <= self._now(connection)).limit(1)
            return connection.execute(due).first() is not None

    def _poll(self, connection: Connection, row: RowMapping, until: int) -> Poll:
        c = t.receipt.c
        newest = select(c.sealed).where(c.submission == row["id"]).order_by(c.seq.desc()).limit(1)
        sealed = connection.execute(newest).scalar()
        if sealed is None:
            raise ConfigurationError("A pending submission has no receipt: the database was altered.")
        receipt = records.read_receipt(
            self._vault.open(sealed, "receipt", row["agency"], row["id"], key=row["data_key"])
        )
        return Poll(
            submission=row["id"],
            agency=row["agency"],
            state=State(row["state"]),
            tracking_id=receipt.tracking_id,
            document_id=receipt.document_id,
            digest=receipt.digest,
            until=from_milliseconds(until),
            known=_digest(receipt.content),
            assessment=self._assessment(row),
        )

    def settle_poll(self, poll: Poll, settlement: Settlement) -> None:
        """Record what came of a poll (see ``Outbox.settle_poll``); a receipt that we hold already is not kept again."""
        with writing(self._engine, EVERY) as connection:
            stands = road(connection, self._destination)
            row = self._locked(connection, poll.submission)
            if row["poll_at"] != to_milliseconds(poll.until):
                raise LostLease
            now = self._now(connection)
            connection.execute(CHANGE, [self._changed(row, settlement, now, None)])
            if settlement.receipt is not None and _digest(settlement.receipt.content) != poll.known:
                self._keep_receipts(connection, [(row, settlement.receipt)], now)
            if settlement.findings:
                self._add_findings(connection, row, settlement.findings)
            if settlement.state is not poll.state or settlement.receipt is None:
                self._tell_poll(connection, poll, settlement, now)
            if settlement.state is not poll.state:
                move = (poll.submission, poll.state, settlement.state, "delivery", settlement.why)
                self._tell_all(connection, [move], now)
            if row["lane"] is not None:
                self._wake(connection, row["lane"])
            self._heed(connection, stands, [settlement], now)

    def _tell_poll(self, connection: Connection, poll: Poll, settlement: Settlement, now: int) -> None:
        """Keep a poll that taught us something; “still undecided” every hour would bury it."""
        told = {"agency": poll.agency, "kind": "poll", "number": 0, "started_at": now, "ended_at": now}
        connection.execute(
            insert(t.attempt).values(submission=poll.submission, outcome=settlement.outcome, why=settlement.why, **told)
        )


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
