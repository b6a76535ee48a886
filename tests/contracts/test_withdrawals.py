"""Withdrawn consent on every back end: what has not left stays, and what comes later needs a newer consent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from waiting import AGENCY, claim, draft, entry, put, sent, state

from canonical.finding import HoldCause
from canonical.stuck import Resolution
from canonical.submission import State, StuckCause
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.prospects import Left
from service.outbox.resolving import Word
from service.outbox.withdrawals import withdrawn
from service.tenants.tenant import EVERY

CHILD = {"MEMBER_ID": "100000000001"}
#: The tests' clock stands on this day.
TODAY, TOMORROW = "2026-11-16", "2026-11-17"


def withdraw(outbox, identifiers=None, **given):
    return outbox.withdraw(AGENCY, CHILD if identifiers is None else identifiers, actor="x", note="mother", **given)


@pytest.mark.parametrize("was", [State.READY, State.HELD, State.HANDED_OFF])
def test_what_has_not_left_is_held(outbox, was):
    """With the cause, a loud finding and the note; nothing of it can be claimed."""
    (id_,) = put(outbox, draft("d1", state=was))
    (other,) = put(outbox, draft("d2", child="100000000002"))
    found = withdraw(outbox)
    assert (found.held, found.sent, found.under_way, found.known) == ((id_,), (), (), True)
    assert HoldCause.CONSENT_WITHDRAWN in entry(outbox, id_).holds
    assert "X008" in {finding.rule for finding in outbox.report(AGENCY, id_).findings}
    assert outbox.events(AGENCY, id_)[-1].note == "mother"
    assert [taken.submission for taken in claim(outbox)] == [other]


def test_what_left_is_named(outbox):
    """Accepted answers are with the state; what is on the wire or stuck may be: both are told, and left as they are."""
    accepted = sent(outbox, "d1", State.ACCEPTED)
    stuck = sent(outbox, "d2", State.STUCK, StuckCause.NO_WAY_TO_ASK)
    (waiting,) = put(outbox, draft("d3"))
    found = withdraw(outbox)
    assert (found.sent, found.under_way, found.held) == ((accepted,), (stuck,), (waiting,))
    assert state(outbox, stuck) is State.STUCK


@pytest.mark.parametrize("answers", [{"CONSENT": "refused"}, {"CONSENT": "withdrawn"}, {"LDF_SLEEP": None}])
def test_demographics_alone_go_on(outbox, answers):
    """What would leave without consent anyway is not stopped by its withdrawal."""
    (id_,) = put(outbox, _without(draft("d1", **{k: v for k, v in answers.items() if v}), answers))
    assert withdraw(outbox).held == ()
    assert [taken.submission for taken in claim(outbox)] == [id_]


@pytest.mark.parametrize(("given", "then"), [
    (TOMORROW, State.READY),
    (TODAY, State.HELD),
    ("2026-03-02", State.HELD),
    ("someday", State.HELD),
])  # fmt: skip
def test_what_comes_later_needs_a_newer_consent(outbox, given, then):
    """A consent of a later day passes; one of before, of the same day or without a readable date waits."""
    withdraw(outbox)
    (id_,) = put(outbox, draft("d1", CONSENT_DATE=given))
    assert state(outbox, id_) is then
    assert (HoldCause.CONSENT_WITHDRAWN in entry(outbox, id_).holds) is (then is State.HELD)


def test_the_child_is_found_by_a_submission_and_by_any_identifier(outbox):
    """A withdrawal by the agency's own number stops what came under the MassHealth ID."""
    (id_,) = put(outbox, draft("d1", MEMBER_LOCAL_ID="RB-1"))
    assert withdraw(outbox, {"MEMBER_LOCAL_ID": "RB-1"}).held == (id_,)
    (second,) = put(outbox, draft("d2", child="100000000002"))
    assert withdraw(outbox, {}, of=second).held == (second,)


def test_a_child_of_whom_nothing_has_come_is_remembered(outbox):
    """The withdrawal is written down before the first record comes, and stops it."""
    assert withdraw(outbox).known is False
    (id_,) = put(outbox, draft("d1", MEMBER_LOCAL_ID="RB-1"))
    assert state(outbox, id_) is State.HELD


def test_another_agency_withdraws_nothing_of_ours(outbox):
    """The same number at another agency is another child; another agency's submission is not there."""
    (id_,) = put(outbox, draft("d1"))
    assert outbox.withdraw("harborlight", CHILD, actor="x", note="n").held == ()
    assert outbox.withdraw("harborlight", {}, actor="x", note="n", of=id_) is None
    assert state(outbox, id_) is State.READY


def test_children_that_turn_out_to_be_one_share_the_withdrawal(outbox):
    """Withdrawn under one id of ours, and merged with another: what waited there is asked about before it is sent."""
    (id_,) = put(outbox, draft("d1", child="100000000001", MEMBER_DOB="2014-03-01"))
    withdraw(outbox, {"MEMBER_LOCAL_ID": "RB-1"})
    (both,) = put(outbox, draft("d2", child="100000000001", MEMBER_LOCAL_ID="RB-1", MEMBER_DOB="2014-03-01"))
    assert state(outbox, both) is State.HELD
    assert claim(outbox) == []
    assert HoldCause.CONSENT_WITHDRAWN in entry(outbox, id_).holds


def test_the_question_before_every_send(outbox):
    """It is answered by child and time of receipt: what came in after the withdrawal was looked at then."""
    put(outbox, draft("d1"))
    with reading(outbox._engine, EVERY) as connection:
        assert withdrawn(connection, {("chi_0003", 0)}) == set()
    found = withdraw(outbox)
    with reading(outbox._engine, EVERY) as connection:
        child = _child(connection)
        pairs = {(child, found.at - 1), (child, found.at), (child, found.at + 1), ("chi_none", 0)}
        assert withdrawn(connection, pairs) == {(child, found.at - 1), (child, found.at)}


def test_no_replay_and_no_resolution_sends_what_was_withdrawn(outbox):
    """Given up before the withdrawal: a person's wish to send it again is refused."""
    stuck = sent(outbox, "d1", State.STUCK, StuckCause.GAVE_UP)
    withdraw(outbox)
    found = outbox.resolve(AGENCY, stuck, Resolution.RESEND, Word(actor="x", note="n"))
    assert found is Left.CONSENT_WITHDRAWN
    assert state(outbox, stuck) is State.STUCK


def _without(made, answers):

    gone = {item for item, text in answers.items() if text is None}
    kept = {item: answer for item, answer in made.assessment.answers.items() if item not in gone}
    return replace(made, assessment=replace(made.assessment, answers=kept))


def _child(connection):

    return connection.execute(select(t.child.c.id)).scalar_one()
