"""What a person's word does to a submission that waits, and what is said when it has waited too long."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select, update

from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.outbox import Draft
from service.outbox.rows import Rows, read_holds, write_holds
from service.outbox.state_keys import next_key
from service.tenants.tenant import EVERY

#: What a person can stop: it waits with us, and was not given to a worker.
_STOPPABLE: Final = (State.READY, State.HELD)


class Holding(Rows):
    """Each word is kept with its note, sealed: people write names."""

    def hold(self, agency: str, submission: str, *, actor: str, note: str) -> bool:
        """Let a submission wait for a person (see ``Outbox.hold``)."""
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or row["agency"] != agency or State(row["state"]) not in _STOPPABLE:
                return False
            was, holds = State(row["state"]), read_holds(row["holds"])
            causes = write_holds(dict.fromkeys((*holds, HoldCause.PERSON)))
            connection.execute(
                update(t.submission)
                .where(t.submission.c.agency == agency, t.submission.c.id == submission)
                .values(holds=causes)
            )
            why = "A person asked for it to wait."
            self._move(connection, submission, was, State.HELD, actor, why, self._noted(agency, submission, note))
        return True

    def release(self, agency: str, submission: str, draft: Draft, *, actor: str, note: str) -> bool:
        """Let a held submission go where a new judgement puts it (see ``Outbox.release``)."""
        with writing(self._engine, agency) as connection:
            row = self._own(connection, submission)
            if row is None or row["agency"] != agency or State(row["state"]) is not State.HELD:
                return False
            values: dict[str, object] = {
                **self._judged(connection, row, draft),
                "vouched": write_holds(draft.vouched),
            }
            if HoldCause.KEY_REFUSED in read_holds(row["holds"]):  # the rejection was definite and spent the old key
                values |= {"idempotency_key": next_key(self._vault, row["idempotency_key"]), "first_sent_at": None}
            connection.execute(
                update(t.submission)
                .where(t.submission.c.agency == agency, t.submission.c.id == submission)
                .values(**values)
            )
            note_ = self._noted(agency, submission, note)
            why = (
                "A person's word released it." if draft.state is not State.HELD else "A person's word cured one cause."
            )
            self._move(connection, submission, State.HELD, draft.state, actor, why, note_)
            self._wake(connection, row["lane"])
        return True

    def escalate(self, agency: str, submission: str, why: str) -> bool:
        """Say once that it has waited too long (see ``Outbox.escalate``)."""
        c = t.submission.c
        with writing(self._engine, agency) as connection:
            done = connection.execute(
                update(t.submission)
                .where(c.agency == agency, c.id == submission, c.state == State.HELD, c.escalated_at.is_(None))
                .values(escalated_at=self._now(connection))
            )
            if done.rowcount:
                self._tell(connection, submission, State.HELD, State.HELD, "escalation", why)
        return bool(done.rowcount)

    def waiting_agencies(self) -> list[str]:
        """Return the agencies that have anything held."""
        c = t.submission.c
        with reading(self._engine, EVERY) as connection:
            held = select(c.agency).where(c.state == State.HELD).distinct().order_by(c.agency)
            return list(connection.scalars(held))

    def _noted(self, agency: str, submission: str, note: str) -> bytes | None:
        return self._vault.seal(note.encode(), "note", agency, submission) if note else None
