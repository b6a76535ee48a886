"""Which of its submissions an agency wants to see."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from sqlalchemy import ColumnElement, or_

from canonical.finding import HoldCause
from canonical.submission import State, StuckCause
from service.clock import to_milliseconds
from service.deadlines import too_late_at
from service.outbox import schema as t
from service.outbox.selecting import caused
from service.vault import Vault

#: The versions of a document that are looked for; a correction bears the next one.
_VERSIONS: Final = range(1, 100)
_TYPES: Final = ("new", "correct", "void")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A filter over an agency's submissions; what is left empty leaves nothing out."""

    states: tuple[State, ...] = ()
    #: Those that are stuck or held for one of these.
    causes: tuple[StuckCause | HoldCause, ...] = ()
    programme: str | None = None
    received_from: datetime | None = None
    received_before: datetime | None = None
    #: The document id, to the letter, whatever version and type.
    document_id: str | None = field(default=None, repr=False)
    #: Those whose deadline is a day before this one.
    deadline_before: date | None = None

    def tests(self, agency: str, vault: Vault) -> list[ColumnElement[bool]]:
        """Return it as the words after WHERE, without the agency itself."""
        c = t.submission.c
        found: list[ColumnElement[bool]] = []
        if self.states:
            found.append(c.state.in_(self.states))
        if self.causes:
            found.append(or_(*map(caused, self.causes)))
        if self.programme is not None:
            found.append(c.programme == self.programme)
        if self.received_from is not None:
            found.append(c.received_at >= to_milliseconds(self.received_from))
        if self.received_before is not None:
            found.append(c.received_at < to_milliseconds(self.received_before))
        if self.document_id is not None:
            found.append(c.document_digest.in_(self._digests(agency, self.document_id, vault)))
        if self.deadline_before is not None:
            found.append(c.deadline_at < to_milliseconds(too_late_at(self.deadline_before)))
        return found

    @staticmethod
    def _digests(agency: str, document_id: str, vault: Vault) -> list[str]:
        """Return the keyed digests under which a document of this id is kept: nothing else of it can be looked for."""
        return [
            vault.digest("document", agency, document_id, str(version), type_)
            for version in _VERSIONS
            for type_ in _TYPES
        ]


#: Everything.
ALL: Final = Wanted()
