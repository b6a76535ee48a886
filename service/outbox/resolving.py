"""A person's decision about what waits: ask, send again, it arrived, give it up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, select, update

from canonical.stuck import Resolution
from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import writing
from service.outbox.prospects import Course, How, Left, Prospect, prospect, resolved
from service.outbox.protecting import Protecting
from service.outbox.selecting import Selecting
from service.outbox.state_keys import next_key
from service.outbox.withdrawals import carries_more, withdrawn

#: Not with the state, and not under way.
_CANCELLABLE: Final = (State.HELD, State.READY, State.HANDED_OFF)
_WHY: Final = {
    Course.ASKED: "The state is asked by key before anything is sent.",
    Course.SENT: "It is sent again, with the same idempotency key.",
    Course.SENT_AFRESH: "It is sent again, with a fresh idempotency key: the refusal spent the old one.",
}
_CANCELLED: Final = "A person gave it up."
_ENDS: Final = {
    Resolution.ARRIVED: (State.CLOSED, "A person's word: the state has it."),
    Resolution.CANCEL: (State.CANCELLED, _CANCELLED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """Who decides, why, and what they know."""

    actor: str
    note: str
    #: The person knows that the state lacks it.
    not_arrived: bool = False
    #: The person has seen that later submissions of the child have left.
    even_if_overtaken: bool = False


class Resolving(Selecting, Protecting):
    """Every word is kept with its note, sealed: people write names."""

    def resolve(self, agency: str, submission: str, resolution: Resolution, word: Word) -> Prospect:
        """Do what a person decided about a stuck submission; return how it goes, or why it was left.

        What may be with the state is never sent again nor given up without the word that it did not arrive, or a question.
        """
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or row["agency"] != agency:
                return Left.MOVED
            found = resolved(
                self._candidate(connection, row),
                resolution,
                not_arrived=word.not_arrived,
                even_if_overtaken=word.even_if_overtaken,
            )
            if found is not Course.ENDED:
                return self._go(connection, row, found, word)
            then, why = _ENDS[resolution]
            self._end(connection, row, then, why, word)
            return found

    def cancel(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Give up a submission that waits with us; False where it has left, or ended.

        What is stuck is resolved instead (``resolve``): it may be with the state.
        """
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or row["agency"] != agency or State(row["state"]) not in _CANCELLABLE:
                return False
            self._end(connection, row, State.CANCELLED, _CANCELLED, Word(actor=actor, note=note))
        return True

    def _again(self, connection: Connection, row: RowMapping, how: How, word: Word) -> Prospect:
        """Let a submission, which is locked, go again as it stands now."""
        found = prospect(
            self._candidate(connection, row),
            how,
            not_arrived=word.not_arrived,
            even_if_overtaken=word.even_if_overtaken,
        )
        return self._go(connection, row, found, word)

    def _go(self, connection: Connection, row: RowMapping, found: Prospect, word: Word) -> Prospect:
        """Let a stuck submission be asked about or sent again, unless its consent is gone."""
        if isinstance(found, Left):
            return found
        if found is not Course.ASKED and self._consent_is_gone(connection, row):
            return Left.CONSENT_WITHDRAWN
        if found is not Course.ASKED and self._scope_is_missing(connection, row):
            return Left.WITHOUT_A_SCOPE
        now = self._now(connection)
        values: dict[str, Any] = {"cause": None, "asks": 0, "poll_at": None}
        if found is Course.ASKED:
            then, values["first_sent_at"] = State.IN_DOUBT, now  # the time in which answers may come begins anew
        else:
            then, values["first_sent_at"] = State.READY, None
        if found is Course.SENT_AFRESH:
            values["idempotency_key"] = next_key(self._vault, row["idempotency_key"])
        connection.execute(
            update(t.submission)
            .where(t.submission.c.agency == row["agency"], t.submission.c.id == row["id"])
            .values(**values)
        )
        self._say(connection, row, then, _WHY[found], word)
        return found

    def _end(self, connection: Connection, row: RowMapping, then: State, why: str, word: Word) -> None:
        ended = update(t.submission).where(t.submission.c.agency == row["agency"], t.submission.c.id == row["id"])
        connection.execute(ended.values(holds="", cause=None, poll_at=None))
        self._say(connection, row, then, why, word)

    def _say(self, connection: Connection, row: RowMapping, then: State, why: str, word: Word) -> None:
        """Move a submission on a person's word, and let its lane go on."""
        sealed = self._vault.seal(word.note.encode(), "note", row["agency"], row["id"]) if word.note else None
        self._move(connection, row["id"], State(row["state"]), then, word.actor, why, sealed)
        if row["lane"] is not None:
            self._wake(connection, row["lane"])

    def _consent_is_gone(self, connection: Connection, row: RowMapping) -> bool:
        """Return whether a withdrawal stands against sending it: looked at again here, and at the send once more."""
        if row["lane"] is None:
            return False
        child = connection.execute(
            select(t.lane.c.child).where(t.lane.c.agency == row["agency"], t.lane.c.id == row["lane"])
        ).scalar_one()
        gone = withdrawn(connection, {(child, row["received_at"])})
        return bool(gone) and carries_more(self._assessment(row))

    def _scope_is_missing(self, connection: Connection, row: RowMapping) -> bool:
        """Return whether 42 CFR Part 2 stands against sending it: looked at again here, and at the send once more."""
        if row["lane"] is None:
            return False
        child = connection.execute(
            select(t.lane.c.child).where(t.lane.c.agency == row["agency"], t.lane.c.id == row["lane"])
        ).scalar_one()
        protection = self._protection_of(connection, row, child, self._now(connection))
        return protection is not None and protection.notice is None
