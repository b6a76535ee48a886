"""Legal holds: what a court, an audit or a dispute needs is not erased, by a person or by age, until the hold is lifted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, and_, exists, insert, or_, select, update

from canonical.errors import ConfigurationError
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.tenants.tenant import EVERY
from service.vault import Vault

_H = t.legal_hold.c


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHold:
    """One of them."""

    id: str
    agency: str
    #: None where it is about everything of the agency.
    submission: str | None
    placed_at: datetime
    actor: str
    lifted_at: datetime | None
    note: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHolds:
    """Places and lifts them; each with a note, kept sealed."""

    engine: Engine
    vault: Vault
    audit: Audit
    clock: Clock
    new_id: NewId

    def place(self, agency: str, submission: str | None, *, actor: str, note: str) -> str:
        """Let nothing of the agency, or of one submission, be erased; return the hold's id.

        Raises:
            ConfigurationError: there is no such agency or submission, or it is erased already.
        """
        with writing(self.engine, EVERY) as connection:
            in_turn(connection, agency)
            _known(connection, agency, submission)
            id_ = self.new_id("hld")
            connection.execute(
                insert(t.legal_hold).values(
                    id=id_,
                    agency=agency,
                    submission=submission,
                    placed_at=to_milliseconds(self.clock()),
                    actor=actor,
                    sealed_note=self.vault.seal(note.encode(), "legal hold", agency, id_),
                )
            )
            self._tell(connection, agency, id_, "legal_hold.placed", actor, note)
        return id_

    def lift(self, id_: str, *, actor: str, note: str) -> None:
        """Let what the hold kept be erased again.

        Raises:
            ConfigurationError: there is no such hold, or it was lifted before.
        """
        with writing(self.engine, EVERY) as connection:
            agency = connection.execute(select(_H.agency).where(_H.id == id_, _H.lifted_at.is_(None))).scalar()
            if agency is None:
                raise ConfigurationError("No hold of that id stands; “ecas retention holds” lists them.")
            lifted = {"lifted_at": to_milliseconds(self.clock()), "lifted_by": actor}
            connection.execute(update(t.legal_hold).where(_H.id == id_).values(**lifted))
            self._tell(connection, agency, id_, "legal_hold.lifted", actor, note)

    def all(self) -> list[LegalHold]:
        """Return all that ever were, oldest first."""
        with reading(self.engine, EVERY) as connection:
            rows = connection.execute(select(t.legal_hold).order_by(_H.seq)).mappings().all()
        return [
            LegalHold(
                id=row["id"],
                agency=row["agency"],
                submission=row["submission"],
                placed_at=from_milliseconds(row["placed_at"]),
                actor=row["actor"],
                lifted_at=None if row["lifted_at"] is None else from_milliseconds(row["lifted_at"]),
                note=self.vault.open(row["sealed_note"], "legal hold", row["agency"], row["id"]).decode(),
            )
            for row in rows
        ]

    def _tell(self, connection: Connection, agency: str, id_: str, action: str, actor: str, note: str) -> None:
        self.audit.note(
            connection, Deed(agency=agency, action=action, actor=actor, kind="legal hold", about=id_, note=note)
        )


def standing_over(agency: ColumnElement[str], submission: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a hold stands over a submission."""
    over = or_(_H.submission.is_(None), _H.submission == submission)
    return exists().where(and_(_H.agency == agency, over, _H.lifted_at.is_(None)))


def _known(connection: Connection, agency: str, submission: str | None) -> None:
    if connection.execute(select(t.agency.c.id).where(t.agency.c.id == agency)).first() is None:
        raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")
    if submission is None:
        return
    c = t.submission.c
    row = connection.execute(select(c.erased_at).where(c.agency == agency, c.id == submission)).first()
    if row is None:
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    if row.erased_at is not None:
        raise ConfigurationError("It is erased already: nothing of it is left to be held.")
