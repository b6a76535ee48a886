"""What is told to the audit trail: a deed, before it has its place in a chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from canonical.submission import State
from service.audit.entry import Outcome

#: The chain of the deployment itself: what concerns no agency, or nobody knows which.
DEPLOYMENT: Final = ""
#: A document begins to leave for the state: a disclosure.
SENT: Final = "submission.sent"
#: What came of it, by the state's answer or its silence.
ANSWERED: Final = "submission.answered"
_RECEIVED: Final = "submission.received"
_MOVED: Final = "submission.moved"
_WITH_THE_STATE: Final = (State.SENDING, State.IN_DOUBT, State.PENDING, State.SUSPENDED)
_UNSURE: Final = (State.IN_DOUBT, State.STUCK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """Something that somebody did, or tried to."""

    #: Whose chain it goes to; None for that of the agency whose submission it is about.
    agency: str | None
    action: str
    #: Who, where nobody is ``acting.present``: a worker, or a part of the service.
    actor: str = ""
    outcome: Outcome = Outcome.DONE
    kind: str = ""
    about: str = ""
    detail: str = ""
    #: True where it is one step of what somebody is about; the word for that counts then.
    step: bool = False
    #: A person's own words.
    note: str = field(default="", repr=False)
    #: The same, as the outbox has sealed them with the submission.
    sealed_note: bytes | None = field(default=None, repr=False)


def moved(
    submission: str,
    was: State | None,
    became: State,
    actor: str,
    sealed_note: bytes | None = None,
    *,
    agency: str | None = None,
) -> Deed:
    """Return the deed that a move of a submission is; whoever knows its agency spares the trail looking for it."""
    action = _action(was, became)
    return Deed(
        agency=agency,
        action=action,
        step=action in (_RECEIVED, _MOVED),
        actor=actor,
        outcome=Outcome.FAILED if was in _WITH_THE_STATE and became in _UNSURE else Outcome.DONE,
        kind="submission",
        about=submission,
        detail=f"{was or ''}>{became}",
        sealed_note=sealed_note,
    )


def closing(action: str, destination: str, actor: str, agency: str = "", programme: str = "") -> Deed:
    """Return the deed of letting nothing leave, or things leave again; the deployment's where it concerns every agency."""
    return Deed(
        agency=agency,
        action=action,
        actor=actor,
        kind="destination",
        about=destination,
        detail=f"programme={programme}",
    )


def _action(was: State | None, became: State) -> str:
    if became is State.SENDING:
        return SENT
    if was in _WITH_THE_STATE:
        return ANSWERED
    return _RECEIVED if was is None else _MOVED
