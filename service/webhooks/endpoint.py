"""One endpoint of an agency, and one message to it, as people see them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import RowMapping

from canonical.submission import State
from service.clock import from_milliseconds


class OffCause(StrEnum):
    """Why an endpoint was switched off."""

    #: It answered 410: it wants nothing any more.
    GONE = "gone"
    #: Nothing arrived for days.
    FAILING = "failing"
    #: More waited for it than is kept.
    CROWDED = "crowded"

    @property
    def words(self) -> str:
        """The cause in a sentence."""
        return _WORDS[self]


_WORDS = {
    OffCause.GONE: "It answered 410 Gone.",
    OffCause.FAILING: "Nothing arrived there for days.",
    OffCause.CROWDED: "More messages waited for it than are kept.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where an agency wants to be told."""

    id: str
    agency: str
    url: str = field(repr=False)
    #: Of which states it wants to know; empty for all.
    states: tuple[State, ...]
    made_at: datetime
    made_by: str
    #: Until when the secret before signs too; None where there is none.
    before_until: datetime | None
    #: Since when nothing arrives; None while it answers.
    failing_since: datetime | None
    delivered_at: datetime | None
    off_at: datetime | None
    off_cause: OffCause | None
    #: Messages that wait, and those that were given up.
    waiting: int
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What an endpoint was, or is to be, told."""

    #: The header webhook-id.
    id: str
    submission: str | None
    number: int
    type: str
    at: datetime
    tries: int
    #: The last answer: a status, or why there was none.
    answer: str | None
    due_at: datetime | None
    ended_at: datetime | None
    #: ``waiting``, ``delivered`` or ``dead``.
    outcome: str


def read_message(row: RowMapping) -> Message:
    """Return the message of a row."""
    return Message(
        id=row["id"],
        submission=row["submission"],
        number=row["number"],
        type=event_type(row["became"]),
        at=from_milliseconds(row["at"]),
        tries=row["tries"],
        answer=row["answer"],
        due_at=moment(row["due_at"]),
        ended_at=moment(row["ended_at"]),
        outcome=row["outcome"] or "waiting",
    )


def event_type(became: str | None) -> str:
    """Return the type of an event: ``submission.`` and the state; of a test, ``webhook.test``."""
    return "webhook.test" if became is None else f"submission.{became}"


def moment(at: int | None) -> datetime | None:
    """Return a moment of a row that may have none."""
    return None if at is None else from_milliseconds(at)
