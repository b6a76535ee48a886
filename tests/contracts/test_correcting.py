"""Corrections and voids on every back end: behind what they mend, whatever else happens."""

from __future__ import annotations

import itertools

import pytest
from waiting import AGENCY, claim, draft, entry, put, sent, settle, state

from canonical.payload import Payload
from canonical.submission import State, StuckCause
from service.outbox.correcting import Stage
from service.outbox.outbox import Request
from service.outbox.resolving import Word

WORD = Word(actor="the agency", note="the wrong child, R. Okafor")
NUMBERS = itertools.count(1)


def void(outbox, id_, **given):
    found = outbox.lineage(AGENCY, id_)
    mark = {"DOCUMENT_VERSION": str(found.next_version), "SUBMISSION_TYPE": "void"}
    return outbox.void(AGENCY, id_, draft("d1", **{**mark, **given}), next_version=found.next_version, word=WORD)


def correct(outbox, id_, found=None, key=None, **given):
    """Correct a submission and return the new one's id, or None."""
    found = found or outbox.lineage(AGENCY, id_)
    mark = {"DOCUMENT_VERSION": str(found.next_version), "SUBMISSION_TYPE": "correct"}
    if found.stage is Stage.UNSENT:
        mark = {"DOCUMENT_VERSION": "1", "SUBMISSION_TYPE": "new"}
    number = next(NUMBERS)
    ids = []
    reply = outbox.correct(
        AGENCY,
        id_,
        Payload(content=b"{}", name=f"payload:pay_c{number}", agency=AGENCY),
        "fhir",
        draft("d1", **{**mark, **given}),
        found=found,
        request=Request(endpoint="correct", key=key or str(number), body="sha-256:aa"),
        answer=lambda entries: (ids.extend(one.id for one in entries), (202, b"taken"))[1],
        word=WORD,
    )
    return None if reply is None else (ids or [reply])[0]


@pytest.mark.parametrize(
    "then", [State.ACCEPTED, State.PENDING, State.SUSPENDED, State.IN_DOUBT, State.STUCK, State.READY]
)
@pytest.mark.parametrize("mend", [void, correct])
def test_what_mends_waits_behind_what_was_sent(outbox, clock, then, mend):
    """Whatever became of the first, the second leaves after it and never before it is known what became of it."""
    first = sent(outbox, "d1", then, StuckCause.NO_WAY_TO_ASK if then is State.STUCK else None)
    second = mend(outbox, first)
    assert entry(outbox, second).corrects == first
    left = [taken.submission for taken in claim(outbox)]
    assert left == (
        [second]
        if then in (State.ACCEPTED, State.PENDING, State.SUSPENDED)
        else [first]
        if then in (State.READY, State.IN_DOUBT)
        else []
    )


@pytest.mark.parametrize("mend", [void, correct])
def test_what_mends_waits_while_the_first_is_on_the_wire(outbox, mend):
    """Asked for while the first is being sent, it leaves only after that was settled."""
    (first,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    second = mend(outbox, first)
    assert claim(outbox) == []
    settle(outbox, taken, State.ACCEPTED)
    assert [one.submission for one in claim(outbox)] == [second]


@pytest.mark.parametrize("mend", [void, correct])
def test_what_mends_stays_in_the_lane_whatever_identifiers_it_brings(outbox, mend):
    """A correction of the MassHealth ID itself names another child; it still waits behind what it corrects."""
    (first,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    second = mend(outbox, first, MEMBER_ID="100000000099")
    assert claim(outbox) == []
    settle(outbox, taken, State.ACCEPTED)
    assert [one.submission for one in claim(outbox)] == [second]


def test_versions_count_up_over_all_that_the_state_may_know(outbox):
    """A correction is the second version, its void the third; another document of the child counts for itself."""
    first = sent(outbox, "d1", State.ACCEPTED)
    sent(outbox, "d9", State.ACCEPTED, DOCUMENT_VERSION="7", SUBMISSION_TYPE="correct")
    second = correct(outbox, first)
    (taken,) = claim(outbox)
    assert taken.assessment.text("DOCUMENT_VERSION") == "2"
    settle(outbox, taken, State.ACCEPTED)
    third = void(outbox, second)
    (taken,) = claim(outbox)
    assert (taken.submission, taken.assessment.text("DOCUMENT_VERSION")) == (third, "3")


def test_a_void_is_written_once(outbox):
    """The lineage names the void that is on its way; a second one that raced it is not written."""
    first = sent(outbox, "d1", State.ACCEPTED)
    second = void(outbox, first)
    assert outbox.lineage(AGENCY, first).voided_by == second
    assert void(outbox, first) is None


@pytest.mark.parametrize("was", [State.READY, State.HELD, State.HANDED_OFF])
def test_a_correction_takes_the_place_of_what_never_left(outbox, was):
    """Superseded, under the version that the state has not seen, and before what came later."""
    first, later = put(outbox, draft("d1", state=was), draft("d2"))
    second = correct(outbox, first, LDF_SLEEP="2")
    assert state(outbox, first) is State.SUPERSEDED
    (taken,) = claim(outbox)
    assert (taken.submission, taken.assessment.text("SUBMISSION_TYPE")) == (second, "new")
    settle(outbox, taken, State.ACCEPTED)
    assert [one.submission for one in claim(outbox)] == [later]


def test_a_blocked_correction_leaves_the_first_alone(outbox):
    """What does not conform supersedes nothing."""
    (first,) = put(outbox, draft("d1"))
    second = correct(outbox, first, state=State.BLOCKED)
    assert (state(outbox, first), state(outbox, second)) == (State.READY, State.BLOCKED)


def test_what_left_meanwhile_is_not_superseded(outbox):
    """It was taken out while its correction was judged: nothing is written, and the correction is judged again."""
    (first,) = put(outbox, draft("d1"))
    found = outbox.lineage(AGENCY, first)
    claim(outbox)
    assert correct(outbox, first, found) is None
    assert len(outbox.entries(AGENCY, after=None, limit=9, state=None)) == 1


def test_a_correction_said_twice_is_written_once(outbox):
    """The same Idempotency-Key gets the same answer again."""
    first = sent(outbox, "d1", State.ACCEPTED)
    correct(outbox, first, key="once")
    reply = correct(outbox, first, key="once")
    assert reply.replayed
    assert len(outbox.entries(AGENCY, after=None, limit=9, state=None)) == 2


@pytest.mark.parametrize("then", [State.REJECTED, State.BLOCKED])
def test_what_the_state_does_not_have_is_not_mended(outbox, then):
    """Rejected is over; blocked never left."""
    if then is State.REJECTED:
        assert outbox.lineage(AGENCY, sent(outbox, "d1", then)).stage is Stage.OVER
    else:
        (id_,) = put(outbox, draft("d1", state=then))
        assert outbox.lineage(AGENCY, id_).stage is Stage.UNSENT
    assert outbox.lineage("harborlight", "sub_0001") is None
