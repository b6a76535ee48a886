"""What members have consented to: written down with purpose, recipient and dates, and looked for before every send."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import insert

from canonical.assessment import Assessment
from canonical.notice import Protection
from service.audit.deed import Deed
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.protecting import Protecting, lines_of, protects
from service.outbox.withdrawals import CHILD_KINDS, Withdrawals

#: The item that names the programme.
_PROGRAMME = "SERVICE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a member has consented to."""

    #: In the words of the consent.
    purpose: str = field(repr=False)
    #: The name of a destination.
    recipient: str
    given_on: date
    expires_on: date | None = None


class Scopes(Protecting, Withdrawals):
    """A scope and a payload of the same agency are written down one after the other, never at once."""

    def give_scope(
        self,
        agency: str,
        identifiers: Mapping[str, str],
        scope: Scope,
        *,
        actor: str,
        note: str,
        of: str | None = None,
    ) -> str | None:
        """Write down what a child's consent covers, and return its id; None where there is no such child.

        The child is that of the submission ``of``, or is found by an identifier; of one of whom nothing has come yet it
        is remembered, like a withdrawal.
        """
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            given = self._digests(agency, identifiers if of is None else self._called(connection, agency, of))
            child = self._known_child(connection, agency, given)
            if child is None:
                if not given or of is not None:
                    return None
                child = self._not_met_yet(connection, agency, given)
            id_ = self._new_id("csc")
            connection.execute(
                insert(t.consent_scope).values(
                    id=id_,
                    agency=agency,
                    child=child,
                    recipient=scope.recipient,
                    given_on=scope.given_on.isoformat(),
                    expires_on=None if scope.expires_on is None else scope.expires_on.isoformat(),
                    recorded_at=self._now(connection),
                    actor=actor,
                    sealed_purpose=self._vault.seal(scope.purpose.encode(), "consent purpose", agency, id_),
                    sealed_note=self._vault.seal(note.encode(), "note", agency, id_) if note else None,
                )
            )
            detail = f"recipient={scope.recipient}"
            deed = Deed(
                agency=agency, action="consent.scope", actor=actor, kind="consent", about=id_, detail=detail, note=note
            )
            self._audit.note(connection, deed)
            return id_

    def protection(self, agency: str, assessment: Assessment) -> Protection | None:
        """Return what Part 2 asks of a record now (see ``Outbox.protection``)."""
        with reading(self._engine, agency) as connection:
            lines = lines_of(connection, {agency}).get(agency, ())
            now = self._now(connection)
            if not lines or not protects(lines, assessment.text(_PROGRAMME) or "", assessment, now):
                return None
            named = {kind: text for kind in CHILD_KINDS if (text := assessment.text(kind))}
            child = self._known_child(connection, agency, self._digests(agency, named))
            return self._protection(connection, agency, child, now)
