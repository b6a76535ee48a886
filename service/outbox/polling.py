"""Asking again for receipts that are not final; as durable as a send."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, RowMapping, select, update

from canonical.errors import ConfigurationError, LostLease
from canonical.submission import State
from service.clock import from_milliseconds, to_milliseconds
from service.outbox import records
from service.outbox import schema as t
from service.outbox.destinations import pause, paused
from service.outbox.engine import writing
from service.outbox.outbox import (
    Poll,
    Settlement,
)
from service.outbox.rows import Rows, milliseconds


class Polling(Rows):
    """A poll is leased by its own due time: whoever settles after it moved on changes nothing."""

    def polls(self, destination: str, *, limit: int, lease: timedelta) -> list[Poll]:
        """Take receipts that are due to be asked for again (see ``Outbox.polls``)."""
        c = t.submission.c
        with writing(self._engine) as connection:
            if paused(connection, destination) is not None:
                return []
            now = self._now(connection)
            until = now + milliseconds(lease)
            rows = (
                connection.execute(
                    select(t.submission)
                    .where(c.poll_at.is_not(None), c.poll_at <= now)
                    .order_by(c.poll_at)
                    .limit(limit)
                    .with_for_update(skip_locked=True)
                )
                .mappings()
                .all()
            )
            for row in rows:
                connection.execute(update(t.submission).where(c.seq == row["seq"]).values(poll_at=until))
            return [self._poll(connection, row, until) for row in rows]

    def _poll(self, connection: Connection, row: RowMapping, until: int) -> Poll:
        sealed = connection.execute(
            select(t.receipt.c.sealed).where(t.receipt.c.submission == row["id"]).order_by(t.receipt.c.seq.desc())
        ).scalar()
        if sealed is None:
            raise ConfigurationError("A pending submission has no receipt: the database was altered.")
        receipt = records.read_receipt(self._vault.open(sealed, "receipt", row["agency"], row["id"]))
        return Poll(
            submission=row["id"],
            agency=row["agency"],
            state=State(row["state"]),
            tracking_id=receipt.tracking_id,
            document_id=receipt.document_id,
            digest=receipt.digest,
            until=from_milliseconds(until),
            assessment=self._assessment(row),
        )

    def settle_poll(self, poll: Poll, settlement: Settlement) -> None:
        """Record what came of a poll (see ``Outbox.settle_poll``)."""
        with writing(self._engine) as connection:
            row = self._row(connection, poll.submission, lock=True)
            if row["poll_at"] != to_milliseconds(poll.until):
                raise LostLease
            self._record(connection, poll.submission, poll.agency, settlement)
            if row["lane"] is not None:
                self._wake(connection, row["lane"])
            if settlement.pause is not None:
                pause(connection, self._destination, settlement.pause, self._now(connection))
