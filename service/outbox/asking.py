"""Learning what became of a submission, one agency at a time."""

from __future__ import annotations

from typing import Final

from sqlalchemy import RowMapping, select

from canonical.assessment import Assessment
from canonical.finding import Report
from canonical.outcome import Attempt
from canonical.submission import State
from service.clock import from_milliseconds
from service.outbox import records
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import (
    Entry,
    Event,
)
from service.outbox.rows import Rows
from service.outbox.wanted import ALL, Wanted
from service.tenants.tenant import EVERY

#: Judged, and never given to a worker since.
_UNSENT: Final = (State.READY, State.HELD, State.BLOCKED)


class Asking(Rows):
    """Every question names the agency; what belongs to another is not there."""

    def entries(
        self, agency: str, *, after: str | None, limit: int, state: State | None, wanted: Wanted = ALL
    ) -> list[Entry]:
        """Return an agency's submissions, newest first (see ``Outbox.entries``)."""
        c = t.submission.c
        query = select(t.submission).where(c.agency == agency).order_by(c.seq.desc()).limit(limit)
        if after is not None:
            query = query.where(
                c.seq < select(c.seq).where(c.agency == agency, c.id == after).correlate(None).scalar_subquery()
            )
        if state is not None:
            query = query.where(c.state == state)
        query = query.where(*wanted.tests(agency, self._vault))
        with reading(self._engine, agency) as connection:
            return [self._as_entry(row) for row in connection.execute(query).mappings()]

    def held(self, agency: str) -> list[Entry]:
        """Return all that an agency has waiting for a cure, oldest first."""
        c = t.submission.c
        query = select(t.submission).where(c.agency == agency, c.state == State.HELD).order_by(c.seq)
        with reading(self._engine, agency) as connection:
            return [self._as_entry(row) for row in connection.execute(query).mappings()]

    def unsent(self) -> list[Entry]:
        """Return what of every agency was judged and has not left (see ``Outbox.unsent``)."""
        c = t.submission.c
        query = select(t.submission).where(c.state.in_(_UNSENT), c.erased_at.is_(None)).order_by(c.seq)
        with reading(self._engine, EVERY) as connection:
            return [self._as_entry(row) for row in connection.execute(query).mappings()]

    def entry(self, agency: str, submission: str) -> Entry | None:
        """Return one submission of this agency."""
        row = self._asked(agency, submission)
        return None if row is None else self._as_entry(row)

    def report(self, agency: str, submission: str) -> Report | None:
        """Return its report."""
        row = self._asked(agency, submission)
        return None if row is None else self._report(row)

    def assessment(self, agency: str, submission: str) -> Assessment | None:
        """Return the assessment as it was read."""
        row = self._asked(agency, submission)
        return None if row is None else self._assessment(row)

    def events(self, agency: str, submission: str) -> list[Event]:
        """Return its moves, oldest first."""
        if self._asked(agency, submission) is None:
            return []
        c = t.event.c
        with reading(self._engine, agency) as connection:
            rows = (
                connection.execute(
                    select(t.event).where(c.agency == agency, c.submission == submission).order_by(c.seq)
                )
                .mappings()
                .all()
            )
        return [
            Event(
                at=from_milliseconds(row["at"]),
                was=State(row["was"]) if row["was"] else None,
                became=State(row["became"]),
                actor=row["actor"],
                why=row["why"],
                note=self._note(agency, submission, row["sealed_note"]),
            )
            for row in rows
        ]

    def attempts(self, agency: str, submission: str) -> list[Attempt]:
        """Return its sends, questions and telling polls, oldest first."""
        if self._asked(agency, submission) is None:
            return []
        c = t.attempt.c
        with reading(self._engine, agency) as connection:
            rows = connection.execute(
                select(t.attempt).where(c.agency == agency, c.submission == submission).order_by(c.seq)
            ).mappings()
            return [
                Attempt(
                    kind=row["kind"],
                    number=row["number"],
                    started_at=from_milliseconds(row["started_at"]),
                    ended_at=None if row["ended_at"] is None else from_milliseconds(row["ended_at"]),
                    outcome=row["outcome"],
                    why=row["why"],
                )
                for row in rows
            ]

    def receipts(self, agency: str, submission: str) -> list[bytes]:
        """Return the state's receipts as they came, oldest first."""
        row = self._asked(agency, submission)
        if row is None or row["erased_at"] is not None:
            return []
        c, key = t.receipt.c, row["data_key"]
        with reading(self._engine, agency) as connection:
            sealed = connection.scalars(
                select(c.sealed).where(c.agency == agency, c.submission == submission).order_by(c.seq)
            ).all()
        opened = (self._vault.open(one, "receipt", agency, submission, key=key) for one in sealed)
        return [records.read_receipt(one).content for one in opened]

    def echoed_digest(self, agency: str, submission: str) -> str | None:
        """Return the digest of the document that the state echoed last; None where there is no receipt."""
        row, c = self._asked(agency, submission), t.receipt.c
        query = select(c.sealed).where(c.agency == agency, c.submission == submission).order_by(c.seq.desc()).limit(1)
        with reading(self._engine, agency) as connection:
            sealed = connection.execute(query).scalar()
        if row is None or sealed is None:
            return None
        opened = self._vault.open(sealed, "receipt", agency, submission, key=row["data_key"])
        return records.read_receipt(opened).digest

    def _note(self, agency: str, submission: str, sealed: bytes | None) -> str:
        return "" if sealed is None else self._vault.open(sealed, "note", agency, submission).decode()

    def _asked(self, agency: str, submission: str) -> RowMapping | None:
        c = t.submission.c
        with reading(self._engine, agency) as connection:
            return (
                connection.execute(select(t.submission).where(c.agency == agency, c.id == submission))
                .mappings()
                .first()
            )
