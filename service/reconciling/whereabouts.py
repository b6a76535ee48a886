"""Where a submission of ours is, as far as a comparison with the Virtual Gateway is concerned."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from canonical.submission import State


class Whereabouts(StrEnum):
    """Who has the assessment, or will."""

    #: eCAS has it: accepted, or a person knows that it arrived.
    WITH_ECAS = "with_ecas"
    #: In the Virtual Gateway, by the word of whoever closed the hand-off.
    TYPED = "typed"
    #: A person is to type it.
    TO_TYPE = "to_type"
    #: On its way to eCAS, or there without a verdict.
    COMING = "coming"
    #: Here, and may yet go to eCAS.
    WAITING = "waiting"
    #: Our judging or the state refused it: the sender repairs it.
    REFUSED = "refused"
    #: Nobody waits for it: cancelled, superseded, replaced, withdrawn.
    GIVEN_UP = "given_up"


_STUCK: Final = (State.STUCK, State.PENDING, State.SUSPENDED)
_BY_STATE: Final = {
    State.ACCEPTED: Whereabouts.WITH_ECAS,
    State.READY: Whereabouts.COMING,
    State.SENDING: Whereabouts.COMING,
    State.IN_DOUBT: Whereabouts.COMING,
    State.PENDING: Whereabouts.COMING,
    State.SUSPENDED: Whereabouts.COMING,
    State.RECEIVED: Whereabouts.WAITING,
    State.HELD: Whereabouts.WAITING,
    State.HANDED_OFF: Whereabouts.TO_TYPE,
    State.BLOCKED: Whereabouts.REFUSED,
    State.REJECTED: Whereabouts.REFUSED,
    State.CANCELLED: Whereabouts.GIVEN_UP,
    State.SUPERSEDED: Whereabouts.GIVEN_UP,
}


def whereabouts(state: State, attempts: int, closed_from: State | None) -> Whereabouts:
    """Return where a submission is; what was closed is where it was when a person closed it."""
    if state is State.STUCK:
        return Whereabouts.COMING if attempts else Whereabouts.WAITING
    if state is not State.CLOSED:
        return _BY_STATE[state]
    if closed_from is State.HANDED_OFF:
        return Whereabouts.TYPED
    return Whereabouts.WITH_ECAS if closed_from in _STUCK else Whereabouts.GIVEN_UP
