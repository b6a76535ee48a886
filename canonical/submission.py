"""A submission's states, and the one table of its legal moves."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from canonical.errors import IllegalMove


class State(StrEnum):
    """Where a submission stands."""

    #: Written down, not judged yet.
    RECEIVED = "received"
    #: Stopped by our own judging, never sent; the sender repairs and sends again.
    BLOCKED = "blocked"
    #: Waits for a named cause, and is released by itself when the cause is cured.
    HELD = "held"
    #: The agency enters it in the Virtual Gateway by hand; closed by a person.
    HANDED_OFF = "handed_off"
    #: May leave as soon as its lane and the road are free.
    READY = "ready"
    #: A worker holds the lane's lease; written before the first byte leaves.
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    #: The state has it and a person must act.
    SUSPENDED = "suspended"
    #: The state has it and has not decided.
    PENDING = "pending"
    #: Sent, no answer: ask by idempotency key before anything else.
    IN_DOUBT = "in_doubt"
    #: A person must decide; has a cause, an owner and an age.
    STUCK = "stuck"
    CANCELLED = "cancelled"
    #: A later version of the same document took its place before it left.
    SUPERSEDED = "superseded"
    #: A person ended it with a note.
    CLOSED = "closed"


_S = State
#: The legal moves. ``SENDING -> IN_DOUBT`` is also what an expired lease means: the worker died between send and record.
MOVES: Final[dict[State, frozenset[State]]] = {
    _S.RECEIVED: frozenset({_S.BLOCKED, _S.HELD, _S.HANDED_OFF, _S.READY}),
    _S.HELD: frozenset({_S.READY, _S.BLOCKED, _S.HELD, _S.HANDED_OFF, _S.CANCELLED, _S.SUPERSEDED}),
    _S.READY: frozenset({_S.SENDING, _S.HELD, _S.BLOCKED, _S.STUCK, _S.HANDED_OFF, _S.CANCELLED, _S.SUPERSEDED}),
    _S.SENDING: frozenset(
        {_S.ACCEPTED, _S.REJECTED, _S.SUSPENDED, _S.PENDING, _S.IN_DOUBT, _S.READY, _S.HELD, _S.STUCK}
    ),
    _S.IN_DOUBT: frozenset(
        {_S.SENDING, _S.ACCEPTED, _S.REJECTED, _S.SUSPENDED, _S.PENDING, _S.READY, _S.HELD, _S.STUCK}
    ),
    _S.PENDING: frozenset({_S.ACCEPTED, _S.REJECTED, _S.SUSPENDED, _S.PENDING, _S.STUCK, _S.CLOSED}),
    _S.SUSPENDED: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PENDING, _S.SUSPENDED, _S.STUCK, _S.CLOSED}),
    _S.STUCK: frozenset({_S.READY, _S.IN_DOUBT, _S.HELD, _S.BLOCKED, _S.HANDED_OFF, _S.CANCELLED, _S.CLOSED}),
    _S.HANDED_OFF: frozenset({_S.CLOSED, _S.READY, _S.HELD, _S.BLOCKED, _S.CANCELLED, _S.SUPERSEDED}),
    _S.REJECTED: frozenset({_S.CLOSED}),
    _S.BLOCKED: frozenset({_S.CLOSED, _S.SUPERSEDED}),
    _S.ACCEPTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.SUPERSEDED: frozenset(),
    _S.CLOSED: frozenset(),
}

#: A lane waits behind these; ``PENDING`` joins them where the package's transport.toml says so.
LANE_WAITS_BEHIND: Final = frozenset({_S.RECEIVED, _S.HELD, _S.HANDED_OFF, _S.READY, _S.SENDING, _S.IN_DOUBT, _S.STUCK})

#: The state does not have it, and nobody has ended it: its deadline matters.
NOT_WITH_THE_STATE: Final = LANE_WAITS_BEHIND | {_S.REJECTED}


class StuckCause(StrEnum):
    """Why a person must decide; who, and how, is told beside it (``canonical/stuck.py``)."""

    #: It may have arrived, and the state offers neither an idempotency key nor a question.
    NO_WAY_TO_ASK = "no_way_to_ask"
    #: Not taken after the give-up time of open road.
    GAVE_UP = "gave_up"
    #: In doubt, and no answer to the question after the give-up time of open road.
    GAVE_UP_ASKING = "gave_up_asking"
    #: The state no longer knows a document that it had taken.
    FORGOTTEN = "forgotten"
    #: The state refuses this document without a coded reason.
    REFUSED_WITHOUT_REASON = "refused_without_reason"
    #: In doubt, and the document that was sent cannot be built again.
    UNFIT = "unfit"
    #: Our own program failed on it.
    OUR_FAULT = "our_fault"


def check_move(now: State, then: State) -> None:
    """Refuse a move that the table does not hold.

    Raises:
        IllegalMove: naming both states.
    """
    if then not in MOVES[now]:
        message = f"A submission cannot go from {now} to {then}."
        raise IllegalMove(message)
