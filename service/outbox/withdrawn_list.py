"""The list of withdrawals: that there was one, when and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.rows import Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawnConsent:
    """One withdrawal."""

    id: str
    at: datetime
    actor: str
    #: A person's own words.
    note: str = field(repr=False)


class WithdrawnList(Rows):
    """Of one agency at a time."""

    def withdrawn_consents(self, agency: str, *, after: str | None, limit: int) -> list[WithdrawnConsent] | None:
        """Return an agency's withdrawals, newest first, after the one of that id; None where it has none of that id."""
        c = t.withdrawal.c
        query = select(t.withdrawal).where(c.agency == agency).order_by(c.seq.desc()).limit(limit)
        with reading(self._engine, agency) as connection:
            if after is not None:
                seq = connection.execute(select(c.seq).where(c.agency == agency, c.id == after)).scalar()
                if seq is None:
                    return None
                query = query.where(c.seq < seq)
            rows = connection.execute(query).mappings().all()
        return [
            WithdrawnConsent(
                id=row["id"],
                at=from_milliseconds(row["withdrawn_at"]),
                actor=row["actor"],
                note=""
                if row["sealed_note"] is None
                else self._vault.open(row["sealed_note"], "note", agency, row["id"]).decode(),
            )
            for row in rows
        ]
