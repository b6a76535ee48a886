"""What each submission that waits needs: the words for it, who decides, and what may be decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from canonical.finding import HoldCause
from canonical.submission import State, StuckCause

#: Who runs this deployment; every other owner is a desk of the package's desks.toml.
OPERATOR: Final = "operator"


class Resolution(StrEnum):
    """What a person may decide about a stuck submission."""

    #: It is in doubt again: the state is asked by key, and it is sent with the same key where the state lacks it.
    ASK = "ask"
    #: It is sent again.
    RESEND = "resend"
    #: The state has it, on a person's word.
    ARRIVED = "arrived"
    #: It is given up, and is not with the state.
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plight:
    """Why something waits for a person, and for whom."""

    #: Why, in one sentence.
    words: str
    #: What to do, in one sentence.
    mend: str
    #: A desk of the package, or ``operator``.
    owner: str
    #: What a person may decide, the safest first.
    resolutions: tuple[Resolution, ...] = ()
    #: True where the state may have it: then it is never sent again, nor given up, without a question or a person's word.
    doubtful: bool = False


_R = Resolution
#: Of what is stuck.
STUCK: Final[Mapping[StuckCause, Plight]] = {
    StuckCause.NO_WAY_TO_ASK: Plight(
        words="It may have arrived, and the state offers neither an idempotency key nor a question.",
        mend="Ask the desk whether the state has it; then say that it arrived, or send it again with --not-arrived.",
        owner="ecas-it",
        resolutions=(_R.ARRIVED, _R.RESEND, _R.CANCEL, _R.ASK),
        doubtful=True,
    ),
    StuckCause.GAVE_UP: Plight(
        words="The state did not take it in all the time that the package allows.",
        mend="Mend the road or ask the desk, then send it again.",
        owner=OPERATOR,
        resolutions=(_R.RESEND, _R.CANCEL, _R.ASK, _R.ARRIVED),
    ),
    StuckCause.GAVE_UP_ASKING: Plight(
        words="It may have arrived, and the state answered no question about it in all the time that the package allows.",
        mend="Mend the road, then ask again; or ask the desk.",
        owner=OPERATOR,
        resolutions=(_R.ASK, _R.ARRIVED, _R.RESEND, _R.CANCEL),
        doubtful=True,
    ),
    StuckCause.FORGOTTEN: Plight(
        words="The state no longer knows a document that it had taken.",
        mend="Ask the desk what became of the tracking id; then ask again by key, or say that it arrived.",
        owner="ecas-it",
        resolutions=(_R.ASK, _R.ARRIVED, _R.RESEND, _R.CANCEL),
        doubtful=True,
    ),
    StuckCause.REFUSED_WITHOUT_REASON: Plight(
        words="The state refused this document and gave no coded reason.",
        mend="Ask the desk why; then send it again, or give it up and send a repaired record.",
        owner="ecas-it",
        resolutions=(_R.RESEND, _R.CANCEL, _R.ASK, _R.ARRIVED),
    ),
    StuckCause.UNFIT: Plight(
        words="It may have arrived, and the document that was sent cannot be built again.",
        mend="Adopt the package that built it and ask again; or ask the desk.",
        owner=OPERATOR,
        resolutions=(_R.ASK, _R.ARRIVED, _R.RESEND, _R.CANCEL),
        doubtful=True,
    ),
    StuckCause.OUR_FAULT: Plight(
        words="Our own program failed on it.",
        mend="Tell the makers of ecas-bridge the submission's id; after the mended release, ask again.",
        owner=OPERATOR,
        resolutions=(_R.ASK, _R.ARRIVED, _R.RESEND, _R.CANCEL),
        doubtful=True,
    ),
}
#: Stuck before causes were written down: the most careful reading.
_STUCK_WITHOUT_A_CAUSE: Final = STUCK[StuckCause.NO_WAY_TO_ASK]

#: Of what is held.
HELD: Final[Mapping[HoldCause, Plight]] = {
    HoldCause.UNKNOWN_KEY: Plight(
        words="The certification key is not on the roster.",
        mend="Correct the record, or add the key to the roster.",
        owner="own",
    ),
    HoldCause.NAME_CHANGE: Plight(
        words="The assessor's name looks changed.",
        mend="File the User Request Form; when it is done, say so with ecas release.",
        owner="access-administrator",
    ),
    HoldCause.APPROVAL: Plight(
        words="The out-of-state account awaits approval.",
        mend="Ask for the approval; then bring it to the roster.",
        owner="masscans",
    ),
    HoldCause.DUPLICATE_KEY: Plight(
        words="The assessor has two active keys.",
        mend="Have one archived; then bring it to the roster.",
        owner="masscans",
    ),
    HoldCause.CONSENT: Plight(
        words="There are clinical answers and no readable consent.",
        mend="Export the member's decision and send it again.",
        owner="own",
    ),
    HoldCause.COULD_NOT_CHECK: Plight(
        words="A check could not run.",
        mend="Add the roster or the specification package that the report names.",
        owner=OPERATOR,
    ),
    HoldCause.KEY_REFUSED: Plight(
        words="The state refused, twice, a key that we hold valid.",
        mend="Have the key verified by the desks that the report names; then say so with ecas release.",
        owner="masscans",
    ),
    HoldCause.NOT_LIVE: Plight(
        words="The route is not live yet.",
        mend="Nothing to mend: it goes on the go-live date.",
        owner=OPERATOR,
    ),
    HoldCause.PERSON: Plight(
        words="A person asked for it to wait.",
        mend="Whoever asked says ecas release.",
        owner="own",
    ),
    HoldCause.IDENTITY: Plight(
        words="The MassHealth ID belongs, by what came before, to another child.",
        mend="Correct the identifier in the record and send it again.",
        owner="own",
    ),
    HoldCause.CONSENT_WITHDRAWN: Plight(
        words="The member's consent was withdrawn before it left.",
        mend="Send the record again with the member's new decision; or cancel it.",
        owner="own",
    ),
    HoldCause.PART_TWO: Plight(
        words="42 CFR Part 2 protects it, and it cannot leave with its statement and the scope of a consent.",
        mend="Record the scope with ecas consent scope; where the report says that the document has no place for it, "
        "nothing but another specification package mends it.",
        owner="own",
    ),
}

#: Of what else waits for somebody.
_ELSEWHERE: Final[Mapping[State, Plight]] = {
    State.BLOCKED: Plight(
        words="Our own judging stopped it.", mend="Repair what the report names, and send it again.", owner="own"
    ),
    State.REJECTED: Plight(
        words="The state refused it for coded reasons.",
        mend="Correct what the report names, and send it again.",
        owner="own",
    ),
    State.SUSPENDED: Plight(
        words="The state has it, and a person must act there or at the agency.",
        mend="Do what the receipt says.",
        owner="own",
    ),
    State.HANDED_OFF: Plight(
        words="A person enters it in the Virtual Gateway.", mend="Enter it, then close it with a note.", owner="own"
    ),
}


def plight(state: State, cause: StuckCause | None, holds: tuple[HoldCause, ...]) -> Plight | None:
    """Return what a submission needs; None where nobody has to do anything."""
    if state is State.STUCK:
        return _STUCK_WITHOUT_A_CAUSE if cause is None else STUCK[cause]
    if state is State.HELD:
        return HELD[holds[0]] if holds else HELD[HoldCause.PERSON]
    return _ELSEWHERE.get(state)
