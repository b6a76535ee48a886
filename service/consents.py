"""Consent withdrawn or given in its scope: what follows for what has not left, and whom to call about what has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from canonical.desk import Desk
from service.clock import Clock, from_milliseconds
from service.intake import Intake
from service.judging import Judge
from service.outbox.scopes import Scope
from service.outbox.sql_outbox import SqlOutbox
from service.outbox.withdrawals import Withdrawal

#: Who knows what becomes of answers that the state has: the content of the CANS and its consent are CBHI's.
_DESK: Final = "cbhi"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """A withdrawal, and whom to call."""

    withdrawal: Withdrawal
    at: datetime
    #: None where nothing has left, or the package names nobody.
    desk: Desk | None

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        desk = self.desk
        return {
            "id": self.withdrawal.id,
            "withdrawn_at": self.at.isoformat(timespec="milliseconds"),
            "known": self.withdrawal.known,
            "held": list(self.withdrawal.held),
            "under_way": list(self.withdrawal.under_way),
            "sent": list(self.withdrawal.sent),
            "desk": None
            if desk is None
            else {"name": desk.name, "email": desk.email, "phone": desk.phone, "say": desk.say},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Consents:
    """A withdrawal is an event: it counts from the moment in which it is written down."""

    outbox: SqlOutbox
    intake: Intake
    judge: Judge
    clock: Clock

    def allow(
        self,
        agency: str,
        identifiers: Mapping[str, str],
        scope: Scope,
        *,
        actor: str,
        note: str,
        of: str | None = None,
    ) -> tuple[str, int] | None:
        """Write down what a child's consent covers, and judge again what waited for it; None where there is no such child.

        Returns the consent's id, and how many submissions of the agency go on now.
        """
        id_ = self.outbox.give_scope(agency, identifiers, scope, actor=actor, note=note, of=of)
        return None if id_ is None else (id_, self.intake.recheck(agency))

    def withdraw(
        self, agency: str, identifiers: Mapping[str, str], *, actor: str, note: str, of: str | None = None
    ) -> Withdrawn | None:
        """Withdraw the consent of the child that an identifier names, or of the submission ``of``; None where there is none."""
        withdrawal = self.outbox.withdraw(agency, identifiers, actor=actor, note=note, of=of)
        if withdrawal is None:
            return None
        spec = self.judge.sending(self.clock().date())
        told = withdrawal.sent or withdrawal.under_way
        return Withdrawn(
            withdrawal=withdrawal, at=from_milliseconds(withdrawal.at), desk=spec.desks.get(_DESK) if told else None
        )
