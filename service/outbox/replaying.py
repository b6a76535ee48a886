"""Replays: a person's order to let much of what waits go again, at a pace, and how far it has come."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, func, insert, select, update

from canonical.payload import Payload
from canonical.stuck import OPERATOR
from canonical.submission import State
from service.audit.deed import DEPLOYMENT, Deed
from service.clock import from_milliseconds
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.outbox.outbox import Draft
from service.outbox.papers import document_digest
from service.outbox.prospects import Candidate, Course, How, Left, Prospect, prospect
from service.outbox.receiving import Receiving, on_its_way
from service.outbox.resolving import Resolving, Word
from service.outbox.rows import write_holds
from service.tenants.connections import own
from service.tenants.tenant import EVERY, whose

_MINUTE: Final = 60_000
#: Rows of one insert.
_CHUNK: Final = 1000
#: Turns that nobody took are over after this, in milliseconds: an hour without a worker ends in no burst.
_CATCH_UP: Final = 1000
_WORDS: Final = ("not_arrived", "even_if_overtaken")
_REPLACED: Final = "A new submission takes its place."
#: An item is of the agency whose submission it is about, and of the scope of its replay.
_ADD: Final = insert(t.replay_item).values(
    replay=bindparam("in"),
    submission=bindparam("of"),
    agency=select(t.submission.c.agency).where(t.submission.c.id == bindparam("of")).scalar_subquery(),
    scope=select(t.replay.c.scope).where(t.replay.c.id == bindparam("in")).scalar_subquery(),
)


class Progress(StrEnum):
    """Where a replay stands."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


#: From where a person may move a replay.
STEERED: Final = {
    Progress.PAUSED: (Progress.RUNNING,),
    Progress.RUNNING: (Progress.PAUSED,),
    Progress.CANCELLED: (Progress.RUNNING, Progress.PAUSED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a replay is to do; kept with it."""

    #: None for an operator's, over all agencies.
    agency: str | None
    how: How
    #: The filter in names of ours, for whoever asks what was chosen.
    chosen: Mapping[str, Any]
    per_minute: int
    word: Word


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay as it stands."""

    id: str
    agency: str | None
    progress: Progress
    how: How
    chosen: Mapping[str, Any]
    per_minute: int
    created_at: datetime
    actor: str
    note: str = field(default="", repr=False)
    #: All that were chosen.
    total: int
    #: What became of those that are done: courses and reasons, with their numbers.
    became: dict[str, int]

    @property
    def left(self) -> int:
        """How many are still to go."""
        return self.total - sum(self.became.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One item of a running replay whose turn it is."""

    replay: str
    candidate: Candidate
    how: How
    word: Word


class Replaying(Resolving, Receiving):
    """An item is done in the transaction that moves its submission: whoever dies before has done nothing of it."""

    def begin_replay(self, order: Order, ids: Iterable[str]) -> Replay:
        """Write down a replay and all that it is about; the worker does the rest."""
        with writing(self._engine, whose(order.agency)) as connection:
            id_, now = self._new_id("rep"), self._now(connection)
            note, words = order.word.note, {name: getattr(order.word, name) for name in _WORDS}
            connection.execute(
                insert(t.replay).values(
                    id=id_,
                    agency=order.agency,
                    scope=order.agency or EVERY.value,
                    state=Progress.RUNNING,
                    how=order.how,
                    filter=json.dumps({**order.chosen, **words}),
                    per_minute=order.per_minute,
                    next_at=now,
                    created_at=now,
                    actor=order.word.actor,
                    sealed_note=self._vault.seal(note.encode(), "note", order.agency or "", id_) if note else None,
                )
            )
            items = ({"in": id_, "of": one, "place": place} for place, one in enumerate(ids))
            while chunk := list(islice(items, _CHUNK)):
                connection.execute(_ADD, chunk)
            self._audit.note(
                connection,
                Deed(
                    agency=order.agency or DEPLOYMENT,
                    action="replay.order",
                    actor=order.word.actor,
                    kind="replay",
                    about=id_,
                    detail=f"how={order.how}",
                    note=note,
                ),
            )
            return self._as_replay(connection, self._replay_row(connection, id_))

    def replay(self, id_: str, *, agency: str | None = None) -> Replay | None:
        """Return a replay; where an agency asks, only its own."""
        with reading(self._engine, whose(agency)) as connection:
            row = self._replay_row(connection, id_)
            if row is None or (agency is not None and row["agency"] != agency):
                return None
            return self._as_replay(connection, row)

    def replays(self, *, agency: str | None = None, limit: int = 100) -> list[Replay]:
        """Return replays, newest first; where an agency asks, only its own."""
        query = select(t.replay).order_by(t.replay.c.seq.desc()).limit(limit)
        if agency is not None:
            query = query.where(t.replay.c.agency == agency)
        with reading(self._engine, whose(agency)) as connection:
            return [self._as_replay(connection, row) for row in connection.execute(query).mappings()]

    def steer(self, id_: str, then: Progress, *, agency: str | None = None) -> bool:
        """Pause, resume or cancel a replay; False where it is not one that can be."""
        c = t.replay.c
        mine = [c.id == id_, c.state.in_(STEERED[then])]
        if agency is not None:
            mine.append(c.agency == agency)
        with writing(self._engine, whose(agency)) as connection:
            values: dict[str, Any] = {"state": then}
            if then is Progress.RUNNING:
                values["next_at"] = self._now(connection)  # the pause saved up no turns
            if not connection.execute(update(t.replay).where(*mine).values(**values)).rowcount:
                return False
            deed = Deed(agency=agency or DEPLOYMENT, action=f"replay.{then}", actor=OPERATOR, kind="replay", about=id_)
            self._audit.note(connection, deed)
            return True

    def next_replay_at(self) -> datetime | None:
        """Return when an item of some replay is due; None where none runs."""
        c = t.replay.c
        with reading(self._engine, EVERY) as connection:
            at = connection.execute(select(func.min(c.next_at)).where(c.state == Progress.RUNNING)).scalar()
        return None if at is None else from_milliseconds(at)

    def take_turns(self, limit: int) -> list[Task]:
        """Return the items whose turn it is, of the replay that waits longest, and count their turns as taken.

        An item stays undone until it is done: two workers may take the same one, and only one of them does it.
        """
        with writing(self._engine, EVERY) as connection:
            row = self._due_replay(connection)
            if row is None:
                return []
            now, interval = self._now(connection), _MINUTE // row["per_minute"] or 1
            since = max(row["next_at"], now - _CATCH_UP)
            allowed = min(limit, 1 + (now - since) // interval)
            c = t.replay_item.c
            undone = select(c.submission).where(c.replay == row["id"], c.done_at.is_(None)).order_by(c.place)
            ids = connection.scalars(undone.limit(allowed)).all()
            values = {"next_at": since + len(ids) * interval} if ids else {"state": Progress.DONE}
            connection.execute(update(t.replay).where(t.replay.c.id == row["id"]).values(**values))
            word = self._word(row)
            return [
                Task(
                    replay=row["id"],
                    candidate=self._candidate(connection, self._row(connection, id_)),
                    how=How(row["how"]),
                    word=word,
                )
                for id_ in ids
            ]

    def leave(self, task: Task, why: Left) -> bool:
        """Record that an item is left as it is; False where another worker has done it, or it is called off."""
        with writing(self._engine, EVERY) as connection:
            return self._to_do(connection, task) and self._done(connection, task, why)

    def again(self, task: Task) -> bool:
        """Let a stuck submission be asked about or sent again (see ``leave`` for False)."""
        with writing(self._engine, EVERY) as connection:
            row = self._locked(connection, task.candidate.id)
            if not self._to_do(connection, task):
                return False
            if State(row["state"]) is not State.STUCK:
                return self._done(connection, task, Left.MOVED)
            return self._done(connection, task, self._again(connection, row, task.how, task.word))

    def judged(self, task: Task, draft: Draft) -> bool:
        """Give a held submission its new report, in its place (see ``leave`` for False)."""
        with writing(self._engine, EVERY) as connection:
            row = self._locked(connection, task.candidate.id)
            if not self._to_do(connection, task):
                return False
            if State(row["state"]) is not State.HELD or row["holds"] != write_holds(task.candidate.holds):
                return self._done(connection, task, Left.MOVED)
            values = self._judged(connection, row, draft)
            connection.execute(update(t.submission).where(t.submission.c.id == row["id"]).values(**values))
            if draft.state is State.HELD and draft.holds == task.candidate.holds:
                return self._done(connection, task, Left.STILL_STOPPED)
            self._say(connection, row, draft.state, draft.why, task.word)
            return self._done(connection, task, Course.JUDGED)

    def anew(self, task: Task, draft: Draft) -> bool:
        """End a submission and let a new one, with this draft, take its place (see ``leave`` for False)."""
        candidate = task.candidate
        with writing(self._engine, EVERY) as connection:
            in_turn(connection, candidate.agency)
            row = self._locked(connection, candidate.id)
            if not self._to_do(connection, task):
                return False
            return self._done(connection, task, self._anew(connection, row, task, draft))

    def _anew(self, connection: Connection, row: RowMapping, task: Task, draft: Draft) -> Prospect:
        if State(row["state"]) is not task.candidate.state:
            return Left.MOVED
        found = prospect(
            self._candidate(connection, row),
            task.how,
            not_arrived=task.word.not_arrived,
            even_if_overtaken=task.word.even_if_overtaken,
        )
        if isinstance(found, Left):
            return found
        document = document_digest(row["agency"], draft.assessment, self._vault)
        if on_its_way(connection, row["agency"], document, besides=row["id"]) is not None:
            return Left.CAME_AGAIN
        self._replace(connection, row, replace(draft, corrects=row["corrects"]), task.word)
        return Course.ANEW

    def _replace(
        self,
        connection: Connection,
        row: RowMapping,
        draft: Draft,
        word: Word,
        payload: tuple[str, int] | None = None,
    ) -> str:
        """End a submission, which is locked, write a new one, and give it the place of the old one.

        ``payload`` is where the new one was read, with its ordinal there; None for where the old one was.
        """
        was = State(row["state"])
        then = State.CLOSED if was is State.REJECTED else State.SUPERSEDED
        self._end(connection, row, then, _REPLACED, word)
        source, ordinal = payload or (row["payload"], row["ordinal"])
        new = self._accept(connection, source, row["agency"], ordinal, draft)
        self._tell(connection, row["id"], then, then, word.actor, f"Its place is taken by {new}.")
        self._change_places(connection, row["id"], new)
        if (lane := self._row(connection, new)["lane"]) is not None:
            self._wake(connection, lane)
        return new

    def _change_places(self, connection: Connection, old: str, new: str) -> None:
        """Let the new one leave when the old one would have: what came later stays behind it."""
        c = t.submission.c
        first, last = self._row(connection, old)["seq"], self._row(connection, new)["seq"]
        for id_, seq in ((old, -first), (new, first), (old, last)):
            connection.execute(update(t.submission).where(c.id == id_).values(seq=seq))

    def stored_payload(self, agency: str, payload: str) -> tuple[Payload, str]:
        """Return a payload as it came, with the day that it is of, and the format it was read as."""
        c = t.payload.c
        with reading(self._engine, agency) as connection:
            row = connection.execute(select(t.payload).where(c.id == payload, c.agency == agency)).mappings().one()
        content = self._vault.open(row["sealed"], "payload", agency, payload, key=row["data_key"])
        received = from_milliseconds(row["received_at"]).date()
        day = received if row["day"] is None else date.fromisoformat(row["day"])
        return Payload(content=content, name=f"payload:{payload}", agency=agency, day=day), row["format"]

    def _due_replay(self, connection: Connection) -> RowMapping | None:
        c = t.replay.c
        query = select(t.replay).where(c.state == Progress.RUNNING, c.next_at <= self._now(connection))
        locked = query.order_by(c.next_at).limit(1).with_for_update(skip_locked=True)
        return connection.execute(locked).mappings().first()

    def _to_do(self, connection: Connection, task: Task) -> bool:
        """Lock an item, after its submission, and return whether it is still to be done."""
        c = t.replay_item.c
        item = select(c.done_at).where(c.replay == task.replay, c.submission == task.candidate.id)
        undone = connection.execute(item.with_for_update()).scalar_one() is None
        state = connection.execute(select(t.replay.c.state).where(t.replay.c.id == task.replay)).scalar_one()
        return undone and state == Progress.RUNNING

    def _done(self, connection: Connection, task: Task, became: Prospect) -> bool:
        c = t.replay_item.c
        item = update(t.replay_item).where(c.replay == task.replay, c.submission == task.candidate.id)
        connection.execute(item.values(done_at=self._now(connection), became=became))
        return True

    def _word(self, row: RowMapping) -> Word:
        words = {name: bool(json.loads(row["filter"]).get(name)) for name in _WORDS}
        return Word(actor=row["actor"], note=self._note_of(row), **words)

    def _note_of(self, row: RowMapping) -> str:
        sealed = row["sealed_note"]
        return "" if sealed is None else self._vault.open(sealed, "note", row["agency"] or "", row["id"]).decode()

    def _replay_row(self, connection: Connection, id_: str) -> RowMapping | None:
        return (
            connection.execute(select(t.replay).where(t.replay.c.id == id_, *own(connection, t.replay)))
            .mappings()
            .first()
        )

    def _as_replay(self, connection: Connection, row: RowMapping | None) -> Replay:
        assert row is not None
        c = t.replay_item.c
        counted = (
            select(c.became, func.count().label("number"))
            .where(c.replay == row["id"], *own(connection, t.replay_item))
            .group_by(c.became)
        )
        numbers = {one.became: one.number for one in connection.execute(counted)}
        return Replay(
            id=row["id"],
            agency=row["agency"],
            progress=Progress(row["state"]),
            how=How(row["how"]),
            chosen=json.loads(row["filter"]),
            per_minute=row["per_minute"],
            created_at=from_milliseconds(row["created_at"]),
            actor=row["actor"],
            note=self._note_of(row),
            total=sum(numbers.values()),
            became={became: number for became, number in sorted(numbers.items(), key=str) if became is not None},
        )
