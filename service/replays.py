"""Replays: what waits goes again, chosen by filter, looked at first, then done by the worker at a pace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog

from canonical.assessment import Answer, Assessment
from canonical.errors import EcasBridgeError
from canonical.submission import State
from service.clock import from_milliseconds
from service.intake import Intake, not_live_yet
from service.judging import Judge
from service.outbox.outbox import Draft, Entry
from service.outbox.prospects import Candidate, Course, How, Left, Prospect, prospect
from service.outbox.replaying import Order, Progress, Replay, Task
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.outbox.sql_outbox import SqlOutbox

#: A replay's pace where nobody says another.
PER_MINUTE: Final = 60
#: Items that one step does at most: the worker has other things to do.
_AT_ONCE: Final = 20
#: Of what would be left, so many are named.
_NAMED: Final = 20
#: What makes a submission the correction, or the void, that it is; no payload knows it.
_IDENTITY: Final = ("DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE")
_VOID: Final = "void"
_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Preview:
    """What a filter chooses, and what would become of it."""

    count: int = 0
    #: By state, then by cause; one may be held for several.
    by_state: Counter[str] = field(default_factory=Counter)
    by_cause: Counter[str] = field(default_factory=Counter)
    #: When the oldest was received.
    oldest: datetime | None = None
    #: How many go which way.
    goes: Counter[str] = field(default_factory=Counter)
    #: How many are left, by reason, and which.
    stays: Counter[str] = field(default_factory=Counter)
    named: dict[str, list[str]] = field(default_factory=dict)
    #: Those that go, with their agencies, oldest first.
    going: list[tuple[str, str]] = field(default_factory=list, repr=False)

    def add(self, candidate: Candidate, found: Prospect) -> None:
        """Count one more."""
        self.count += 1
        self.by_state[candidate.state.value] += 1
        causes = [candidate.cause] if candidate.cause else candidate.holds
        self.by_cause.update(cause.value for cause in causes)
        received = from_milliseconds(candidate.received_at)
        self.oldest = received if self.oldest is None else min(self.oldest, received)
        if isinstance(found, Left):
            self.stays[found.value] += 1
            named = self.named.setdefault(found.value, [])
            if len(named) < _NAMED:
                named.append(candidate.id)
        else:
            self.goes[found.value] += 1
            self.going.append((candidate.agency, candidate.id))

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "count": self.count,
            "by_state": dict(self.by_state),
            "by_cause": dict(self.by_cause),
            "oldest": None if self.oldest is None else self.oldest.isoformat(),
            "goes": dict(self.goes),
            "stays": {reason: {"count": self.stays[reason], "ids": ids} for reason, ids in self.named.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Replays:
    """A person orders, the worker does; what is due now is done by ``step``."""

    intake: Intake
    outbox: SqlOutbox

    def preview(self, selection: Selection, how: How, word: Word) -> Preview:
        """Look at what a replay would do, and do nothing."""
        preview = Preview()
        for candidate in self.outbox.candidates(selection):
            preview.add(candidate, _prospect(candidate, how, word))
        return preview

    def begin(self, selection: Selection, how: How, word: Word, *, per_minute: int) -> tuple[Preview, Replay | None]:
        """Order a replay of all that would go; None where nothing would."""
        preview = self.preview(selection, how, word)
        if not preview.going:
            return preview, None
        order = Order(
            agency=selection.agency, how=how, chosen=selection_data(selection), per_minute=per_minute, word=word
        )
        return preview, self.outbox.begin_replay(order, (id_ for _, id_ in preview.going))

    def next_due(self) -> datetime | None:
        """Return when a step has something to do; None where no replay runs."""
        return self.outbox.next_replay_at()

    def step(self) -> int:
        """Do what is due now, each item in a short transaction of its own; return how many were done.

        A worker that dies in the middle has done each item or nothing of it; two at once never do the same one.
        """
        judges: dict[str, Judge] = {}
        return sum(self._do(task, judges) for task in self.outbox.take_turns(_AT_ONCE))

    def _do(self, task: Task, judges: dict[str, Judge]) -> bool:
        found = _prospect(task.candidate, task.how, task.word)
        if isinstance(found, Left):
            return self.outbox.leave(task, found)
        if found not in (Course.JUDGED, Course.ANEW):
            return self.outbox.again(task)
        entry = self.outbox.entry(task.candidate.agency, task.candidate.id)
        if entry is None or entry.state is not task.candidate.state:
            return self.outbox.leave(task, Left.MOVED)
        return self._judge(task, entry, judges, anew=found is Course.ANEW)

    def _judge(self, task: Task, entry: Entry, judges: dict[str, Judge], *, anew: bool) -> bool:
        """Judge one again; what reads otherwise now gets a new submission, and so does what had ended."""
        try:
            draft, changed = self._draft(entry, task, judges)
        except (EcasBridgeError, OSError) as error:
            _log.warning("a replay could not judge", submission=entry.id, kind=type(error).__name__)
            return self.outbox.leave(task, Left.COULD_NOT_JUDGE)
        if draft is None:
            return self.outbox.leave(task, Left.UNREADABLE)
        if not (changed or anew):
            return self.outbox.judged(task, draft)
        if draft.state is State.BLOCKED:
            return self.outbox.leave(task, Left.STILL_STOPPED)
        return self.outbox.anew(task, draft)

    def _draft(self, entry: Entry, task: Task, judges: dict[str, Judge]) -> tuple[Draft | None, bool]:
        """Return what a submission would be written down as today, and whether its answers are others now."""
        agency = entry.agency
        stored, earlier = self.outbox.assessment(agency, entry.id), self.outbox.report(agency, entry.id)
        assert stored is not None
        assert earlier is not None
        if task.how is How.REPROCESS and stored.text("SUBMISSION_TYPE") != _VOID:
            draft = self._read_again(entry, stored)
            changed = draft is not None and _texts(draft.assessment) != _texts(stored)
        else:
            if agency not in judges:
                judges[agency] = self.intake.judge_for(agency)
            ways = self.intake.routes.of(agency)
            draft = self.intake.judged_again(stored, earlier, judges[agency], ways, vouched=entry.vouched)
            changed = False
        if draft is not None and not changed:
            draft = not_live_yet(draft, entry)
        return draft, changed

    def _read_again(self, entry: Entry, stored: Assessment) -> Draft | None:
        """Read the stored payload with the mapping of its day, find the assessment in it again, and judge that as of today."""
        payload, format_ = self.outbox.stored_payload(entry.agency, entry.payload)
        keeps = {item: stored.answers[item] for item in _IDENTITY if entry.corrects and item in stored.answers}
        reading = self.intake.read(payload, format=format_)
        found = [bearing(read, keeps) for read in reading.assessments]
        named = [one for one in found if one.text("DOCUMENT_ID") == stored.text("DOCUMENT_ID")]
        meant = named if len(named) == 1 else found[entry.ordinal : entry.ordinal + 1]
        _, drafts = self.intake.drafted(payload, replace(reading, assessments=tuple(meant)))
        return drafts[0] if drafts else None


def bearing(assessment: Assessment, answers: Mapping[str, Answer]) -> Assessment:
    """Return the assessment with these answers in the place of its own."""
    return replace(assessment, answers={**assessment.answers, **answers})


def replay_data(replay: Replay) -> dict[str, Any]:
    """Return a replay as plain data."""
    return {
        "id": replay.id,
        "agency": replay.agency,
        "state": replay.progress.value,
        "how": replay.how.value,
        "filter": dict(replay.chosen),
        "per_minute": replay.per_minute,
        "created_at": replay.created_at.isoformat(),
        "actor": replay.actor,
        "note": replay.note or None,
        "total": replay.total,
        "left": replay.left if replay.progress is not Progress.CANCELLED else 0,
        "became": dict(replay.became),
    }


def selection_data(selection: Selection) -> dict[str, Any]:
    """Return a filter as plain data."""
    return dict(_members(selection))


def _members(selection: Selection) -> Iterator[tuple[str, Any]]:
    yield "states", [state.value for state in selection.states]
    yield "causes", [cause.value for cause in selection.causes]
    yield "programme", selection.programme
    yield "received_from", _moment(selection.received_from)
    yield "received_before", _moment(selection.received_before)
    yield "ids", list(selection.ids)


def _moment(at: int | None) -> str | None:
    return None if at is None else from_milliseconds(at).isoformat()


def _prospect(candidate: Candidate, how: How, word: Word) -> Prospect:
    return prospect(candidate, how, not_arrived=word.not_arrived, even_if_overtaken=word.even_if_overtaken)


def _texts(assessment: Assessment) -> dict[str, str]:
    return {item: answer.text for item, answer in assessment.answers.items()}
