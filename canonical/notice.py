"""What accompanies a record that 42 CFR Part 2 protects: the statement, and the scope of the member's consent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

#: The words of 42 CFR 2.32(a)(2), which every disclosure with consent carries.
STATEMENT: Final = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """The scope of one consent, of which 42 CFR 2.32(b) wants a copy or a clear explanation beside the record."""

    #: For what the record may be used, in the words of the consent.
    purpose: str = field(repr=False)
    #: To whom it may go: a destination of ours.
    recipient: str
    given_on: date
    #: The last day on which it holds; None until it is revoked.
    expires_on: date | None = None

    @property
    def scope(self) -> str:
        """The explanation, as it leaves."""
        until = "until it is revoked" if self.expires_on is None else f"until {self.expires_on.isoformat()}"
        return f"Consent of {self.given_on.isoformat()}, {until}. Purpose: {self.purpose}. Recipient: {self.recipient}."


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePlaces:
    """Where a package's document holds a notice: paths below the root, behind all items."""

    #: Of the statement.
    statement: str
    #: Of the scope.
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """That Part 2 protects a record, and what may go with it."""

    #: None where no consent covers sending it: then it stays.
    notice: Notice | None
