"""Consent withdrawn: what has not left stays here, and of what has the desk is named that must be called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from canonical.desk import Desk
from service.clock import Clock, from_milliseconds
from service.judging import Judge
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
    judge: Judge
    clock: Clock

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
