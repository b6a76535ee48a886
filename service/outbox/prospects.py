"""What would become of something that waits, were it to go again: a pure decision, told before it is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from canonical.finding import HoldCause
from canonical.stuck import STUCK, Resolution
from canonical.submission import State, StuckCause


class How(StrEnum):
    """What a replay is to do."""

    #: Send again what is stored, after judging it again.
    SEND = "send"
    #: Ask the state by key, and send only what it lacks.
    ASK = "ask"
    #: Read the stored payload again with the mapping of its day, judge it again, then send.
    REPROCESS = "reprocess"


class Course(StrEnum):
    """How one submission goes."""

    #: It is in doubt: the state is asked first, and it is sent with the same key where the state lacks it.
    ASKED = "asked"
    #: It is sent with the same idempotency key.
    SENT = "sent"
    #: A definite refusal spent its key: it is sent with a fresh one.
    SENT_AFRESH = "sent_afresh"
    #: It is judged again where it is, and goes on where nothing stops it any more.
    JUDGED = "judged"
    #: It ends, and a new submission takes its place.
    ANEW = "anew"
    #: It ends, and nothing is sent.
    ENDED = "ended"


class Left(StrEnum):
    """Why one submission is left as it is."""

    #: It is not where it was when it was chosen.
    MOVED = "moved"
    #: The state may have it and cannot be asked: only a person can say that it did not arrive.
    NEEDS_A_WORD = "needs_a_word"
    #: Later submissions of the same child have left already.
    OVERTAKEN = "overtaken"
    #: What holds it is cured by a person or by another record, not by doing the same again.
    WAITS_FOR_A_PERSON = "waits_for_a_person"
    #: Only what is stuck can be asked about.
    NOTHING_TO_ASK = "nothing_to_ask"
    #: It was judged again, and is stopped as before.
    STILL_STOPPED = "still_stopped"
    #: The same document has come again meanwhile.
    CAME_AGAIN = "came_again"
    #: The stored payload cannot be read any more, or holds other assessments now.
    UNREADABLE = "unreadable"
    #: The agency's packages, mapping or roster are broken.
    COULD_NOT_JUDGE = "could_not_judge"
    #: The member's consent was withdrawn.
    CONSENT_WITHDRAWN = "consent_withdrawn"
    #: 42 CFR Part 2 protects it, and no consent covers sending it.
    WITHOUT_A_SCOPE = "without_a_scope"


Prospect: TypeAlias = Course | Left

#: What doing the same again can cure.
_CURABLE: Final = frozenset(
    {
        HoldCause.UNKNOWN_KEY,
        HoldCause.NAME_CHANGE,
        HoldCause.APPROVAL,
        HoldCause.DUPLICATE_KEY,
        HoldCause.COULD_NOT_CHECK,
        HoldCause.NOT_LIVE,
        HoldCause.PART_TWO,
    }
)
#: What reading the payload again, with a mended mapping, can cure beside that.
_CURABLE_BY_READING: Final = _CURABLE | {HoldCause.CONSENT, HoldCause.IDENTITY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What decides about one submission."""

    id: str
    agency: str
    state: State
    #: Why it is stuck.
    cause: StuckCause | None
    holds: tuple[HoldCause, ...]
    payload: str
    ordinal: int
    #: In milliseconds.
    received_at: int
    #: Since when it is in this state, in milliseconds.
    since: int
    attempts: int
    #: True where a send since the last definite answer may have arrived.
    unsure: bool
    #: True where a later submission of the same child has left.
    overtaken: bool

    @property
    def doubtful(self) -> bool:
        """True where the state may have it."""
        return self.unsure or (self.state is State.STUCK and (self.cause is None or STUCK[self.cause].doubtful))


def prospect(candidate: Candidate, how: How, *, not_arrived: bool = False, even_if_overtaken: bool = False) -> Prospect:
    """Return how a submission would go again; ``not_arrived`` is a person's word that the state lacks it."""
    found: Prospect
    match candidate.state:
        case State.STUCK:
            found = _of_stuck(candidate, how, not_arrived=not_arrived)
        case State.HELD:
            return _of_held(candidate, how)
        case State.REJECTED | State.BLOCKED:
            found = Left.NOTHING_TO_ASK if how is How.ASK else Course.ANEW
        case _:
            return Left.MOVED
    if isinstance(found, Course) and candidate.overtaken and not even_if_overtaken:
        return Left.OVERTAKEN
    return found


def resolved(
    candidate: Candidate, resolution: Resolution, *, not_arrived: bool = False, even_if_overtaken: bool = False
) -> Prospect:
    """Return what a person's decision about a stuck submission would do."""
    if candidate.state is not State.STUCK:
        return Left.MOVED
    match resolution:
        case Resolution.ARRIVED:
            return Course.ENDED
        case Resolution.CANCEL:
            return Left.NEEDS_A_WORD if candidate.doubtful and not not_arrived else Course.ENDED
        case Resolution.ASK | Resolution.RESEND:
            how = How.ASK if resolution is Resolution.ASK else How.SEND
            return prospect(candidate, how, not_arrived=not_arrived, even_if_overtaken=even_if_overtaken)


def _of_stuck(candidate: Candidate, how: How, *, not_arrived: bool) -> Prospect:
    if how is How.ASK:
        return Course.ASKED
    if candidate.doubtful and not not_arrived:
        unasked = candidate.cause in (None, StuckCause.NO_WAY_TO_ASK)
        return Left.NEEDS_A_WORD if unasked else Course.ASKED
    spent = candidate.cause is StuckCause.REFUSED_WITHOUT_REASON and not candidate.unsure
    return Course.SENT_AFRESH if spent else Course.SENT


def _of_held(candidate: Candidate, how: How) -> Prospect:
    if how is How.ASK:
        return Left.NOTHING_TO_ASK
    curable = _CURABLE_BY_READING if how is How.REPROCESS else _CURABLE
    return Course.JUDGED if curable.issuperset(candidate.holds) else Left.WAITS_FOR_A_PERSON
