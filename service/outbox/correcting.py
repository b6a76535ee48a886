"""Corrections and voids: submissions of their own, later in the same lane, so that they never overtake what they mend."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, RowMapping, select, update

from canonical.assessment import Assessment
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.outbox import AnswerTo, Draft, Reply, Request
from service.outbox.replaying import Replaying
from service.outbox.resolving import Word

_VOID: Final = "void"
_WITH_US: Final = (State.READY, State.HELD, State.HANDED_OFF, State.BLOCKED)
_OVER: Final = (State.RECEIVED, State.BLOCKED, State.REJECTED, State.CANCELLED, State.SUPERSEDED)


class Stage(StrEnum):
    """How far a document has come."""

    #: It never left.
    UNSENT = "unsent"
    #: The state has it, or may have it.
    SENT = "sent"
    #: The state does not have it, and nothing more will happen to it.
    OVER = "over"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """A document with all its versions, at one moment."""

    stage: Stage
    #: The version that the next correction or void bears.
    next_version: int
    #: The submission that voids it, where one is on its way or done.
    voided_by: str | None
    assessment: Assessment = field(repr=False)


class Correcting(Replaying):
    """What was found of a document is looked at again in the transaction that writes."""

    def lineage(self, agency: str, submission: str) -> Lineage | None:
        """Return how far a document has come; None where the agency has no such submission."""
        c = t.submission.c
        query = select(t.submission).where(c.agency == agency, c.id == submission)
        with reading(self._engine, agency) as connection:
            row = connection.execute(query).mappings().first()
            return None if row is None else self._lineage(connection, row)

    def void(self, agency: str, submission: str, draft: Draft, *, next_version: int, word: Word) -> str | None:
        """Write down a void behind what it voids, and return its id; None where something changed meanwhile."""
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            row = self._own(connection, submission)
            if row is None:
                return None
            found = self._lineage(connection, row)
            if found.stage is not Stage.SENT or found.voided_by is not None or found.next_version != next_version:
                return None
            new = self._accept(connection, row["payload"], agency, row["ordinal"], replace(draft, corrects=submission))
            self._behind(connection, row, new, word)
        return new

    def correct(
        self,
        agency: str,
        submission: str,
        payload: Payload,
        format: str,
        draft: Draft,
        *,
        found: Lineage,
        request: Request,
        answer: AnswerTo,
        word: Word,
    ) -> Reply | None:
        """Write down a payload whose assessment replaces a document; None where something changed meanwhile.

        What never left is superseded, and the new one takes its place; else the new one queues behind it.
        """
        draft = replace(draft, corrects=submission)
        with writing(self._engine, agency) as connection:
            in_turn(connection, agency)
            if earlier := self._answered(connection, agency, request):
                return earlier
            row = self._own(connection, submission)
            if row is None:
                return None
            now = self._lineage(connection, row)
            if (now.stage, now.next_version) != (found.stage, found.next_version):
                return None
            id_ = payload.name.removeprefix("payload:")
            self._insert_payload(connection, id_, agency, format, self._sealed_payload(agency, payload))
            if now.stage is Stage.UNSENT and draft.state is not State.BLOCKED:
                new = self._replace(connection, row, draft, word, payload=(id_, 0))
            else:
                new = self._accept(connection, id_, agency, 0, draft)
                self._behind(connection, row, new, word)
            status, content = answer(self._entries(connection, agency, [new]))
            self._insert_request(connection, agency, request, status, content, id_)
        return Reply(status=status, content=content)

    def _behind(self, connection: Connection, row: RowMapping, new: str, word: Word) -> None:
        """Keep a new submission in the lane of the one that it mends, whatever identifiers it brings."""
        made = self._row(connection, new)
        if made["lane"] is not None and row["lane"] is not None and made["lane"] != row["lane"]:
            lane = self._row(connection, row["id"])["lane"]  # it may have been merged just now
            connection.execute(update(t.submission).where(t.submission.c.id == new).values(lane=lane))
            self._wake(connection, lane)
        state = State(made["state"])
        note = self._vault.seal(word.note.encode(), "note", row["agency"], new) if word.note else None
        self._tell(connection, new, state, state, word.actor, f"A person asked for it, to mend {row['id']}.", note)

    def _lineage(self, connection: Connection, row: RowMapping) -> Lineage:
        versions = [row, *self._versions(connection, row)]
        assessments = {one["id"]: self._assessment(one) for one in versions}
        alive = [one["id"] for one in versions if State(one["state"]) not in (*_OVER, State.CLOSED)]
        voids = [id_ for id_ in alive if assessments[id_].text("SUBMISSION_TYPE") == _VOID]
        return Lineage(
            stage=_stage(row),
            next_version=1
            + max((_version(assessments[one["id"]]) for one in versions if _was_taken_in(one)), default=0),
            voided_by=voids[0] if voids else None,
            assessment=assessments[row["id"]],
        )

    def _versions(self, connection: Connection, row: RowMapping) -> list[RowMapping]:
        """Return the other submissions of the same document: a child's lane holds few enough to look at each."""
        c = t.submission.c
        lanes = self._lanes_of(connection, row)
        if not lanes:
            return []
        query = select(t.submission).where(c.agency == row["agency"], c.lane.in_(lanes), c.id != row["id"])
        name = self._document(row)
        return [
            other
            for other in connection.execute(query.order_by(c.seq)).mappings()
            if name and self._document(other) == name
        ]


def _stage(row: RowMapping) -> Stage:
    state = State(row["state"])
    if row["attempts"] == 0 and state in _WITH_US:
        return Stage.UNSENT
    if state in _OVER or (state is State.CLOSED and (row["attempts"] == 0 or row["verdict"] == Verdict.REJECTED)):
        return Stage.OVER
    return Stage.SENT


def _was_taken_in(row: RowMapping) -> bool:
    """Return whether the version counts: the state may know it, or will."""
    return row["attempts"] > 0 or State(row["state"]) not in (State.CANCELLED, State.SUPERSEDED, State.BLOCKED)


def _version(assessment: Assessment) -> int:
    text = assessment.text("DOCUMENT_VERSION") or ""
    return int(text) if text.isascii() and text.isdecimal() else 1
