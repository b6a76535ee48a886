"""What a person may decide about stuck work, on every back end."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from waiting import AGENCY, LEASE, claim, draft, entry, put, sent, settle, state

from canonical.stuck import STUCK, Resolution
from canonical.submission import State, StuckCause
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.prospects import Course, Left
from service.outbox.resolving import Word
from service.tenants.tenant import EVERY

WORD = Word(actor="the agency", note="R. Okafor asked the state by phone")
NOT_ARRIVED = Word(actor="the agency", note="the state lacks it, R. Okafor", not_arrived=True)


@pytest.mark.parametrize("cause", [cause for cause in StuckCause if STUCK[cause].doubtful])
def test_what_may_have_arrived_is_never_sent_blindly(outbox, cause):
    """Without a word that it did not arrive nothing of it becomes ready: it is left, or asked about first."""
    id_ = sent(outbox, "d1", State.STUCK, cause)
    found = outbox.resolve(AGENCY, id_, Resolution.RESEND, WORD)
    assert found is (Left.NEEDS_A_WORD if cause is StuckCause.NO_WAY_TO_ASK else Course.ASKED)
    assert state(outbox, id_) in (State.STUCK, State.IN_DOUBT)


def test_a_word_that_it_did_not_arrive_sends_it_with_the_same_key(outbox):
    """After a doubt the key stays: should the person be wrong, the state can still tell."""
    id_ = sent(outbox, "d1", State.STUCK, StuckCause.NO_WAY_TO_ASK)
    before = _key(outbox, id_)
    assert outbox.resolve(AGENCY, id_, Resolution.RESEND, NOT_ARRIVED) is Course.SENT
    (taken,) = claim(outbox)
    assert (taken.submission, taken.state, taken.idempotency_key) == (id_, State.SENDING, before)
    note = outbox.events(AGENCY, id_)[-2].note
    assert note == NOT_ARRIVED.note


def test_a_refusal_without_a_reason_spends_the_key(outbox):
    """After a definite refusal a send goes with a fresh key, unless an earlier send is in doubt."""
    id_ = sent(outbox, "d1", State.STUCK, StuckCause.REFUSED_WITHOUT_REASON)
    before = _key(outbox, id_)
    assert outbox.resolve(AGENCY, id_, Resolution.RESEND, WORD) is Course.SENT_AFRESH
    (taken,) = claim(outbox)
    assert taken.idempotency_key != before


def test_a_refusal_after_a_doubt_is_asked_about_first(outbox, clock):
    """The first send may have arrived, the second was refused: a fresh key could double it, so the state is asked."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.IN_DOUBT, outcome="Unsure")
    clock.forward(LEASE)
    (asked,) = claim(outbox)
    settle(outbox, asked, State.STUCK, outcome="Refused", cause=StuckCause.REFUSED_WITHOUT_REASON)
    assert outbox.resolve(AGENCY, id_, Resolution.RESEND, WORD) is Course.ASKED
    (taken,) = claim(outbox)
    assert taken.state is State.IN_DOUBT


def test_given_up_is_sent_again_with_new_patience(outbox):
    """What the state did not take for a week goes again with its key, and its week begins anew."""
    id_ = sent(outbox, "d1", State.STUCK, StuckCause.GAVE_UP)
    before = _key(outbox, id_)
    assert outbox.resolve(AGENCY, id_, Resolution.RESEND, WORD) is Course.SENT
    assert entry(outbox, id_).cause is None
    (taken,) = claim(outbox)
    assert (taken.idempotency_key, taken.attempts) == (before, 2)


@pytest.mark.parametrize("cause", StuckCause)
def test_ask_puts_it_in_doubt(outbox, cause):
    """Asking is always allowed; the next claim of the lane is a question with the same key."""
    id_ = sent(outbox, "d1", State.STUCK, cause)
    before = _key(outbox, id_)
    assert outbox.resolve(AGENCY, id_, Resolution.ASK, WORD) is Course.ASKED
    (taken,) = claim(outbox)
    assert (taken.state, taken.idempotency_key) == (State.IN_DOUBT, before)


def test_it_arrived_ends_it_and_frees_the_lane(outbox):
    """A person's word ends it, with the note; the next of the child goes."""
    id_ = sent(outbox, "d1", State.STUCK, StuckCause.NO_WAY_TO_ASK)
    (later,) = put(outbox, draft("d2"))
    assert claim(outbox) == []
    assert outbox.resolve(AGENCY, id_, Resolution.ARRIVED, WORD) is Course.ENDED
    assert state(outbox, id_) is State.CLOSED
    assert [taken.submission for taken in claim(outbox)] == [later]


def test_what_arrived_is_not_sent_again_by_the_next_export(outbox):
    """The same document in tomorrow's export finds the closed one: the state has it, and would have it twice."""
    id_ = sent(outbox, "d1", State.STUCK, StuckCause.NO_WAY_TO_ASK)
    outbox.resolve(AGENCY, id_, Resolution.ARRIVED, WORD)
    assert put(outbox, draft("d1")) == [id_]
    (changed,) = put(outbox, draft("d1", MEMBER_LAST_NAME="Other"))
    assert state(outbox, changed) is State.BLOCKED


@pytest.mark.parametrize(("cause", "word", "then"), [
    (StuckCause.NO_WAY_TO_ASK, WORD, State.STUCK),
    (StuckCause.NO_WAY_TO_ASK, NOT_ARRIVED, State.CANCELLED),
    (StuckCause.GAVE_UP, WORD, State.CANCELLED),
])  # fmt: skip
def test_giving_up_what_may_have_arrived_needs_the_word_too(outbox, cause, word, then):
    """A cancelled document may come again: that would double it, where the first one had arrived."""
    id_ = sent(outbox, "d1", State.STUCK, cause)
    found = outbox.resolve(AGENCY, id_, Resolution.CANCEL, word)
    assert (found, state(outbox, id_)) == (Left.NEEDS_A_WORD if then is State.STUCK else Course.ENDED, then)


@pytest.mark.parametrize("resolution", Resolution)
def test_only_what_is_stuck_is_resolved_and_only_by_its_agency(outbox, resolution):
    """Ready work and another agency's are left alone."""
    (ready,) = put(outbox, draft("d1", child="100000000002"))
    stuck = sent(outbox, "d2", State.STUCK, StuckCause.GAVE_UP)
    assert outbox.resolve(AGENCY, ready, resolution, NOT_ARRIVED) is Left.MOVED
    assert outbox.resolve("harborlight", stuck, resolution, NOT_ARRIVED) is Left.MOVED
    assert state(outbox, stuck) is State.STUCK


def test_what_waits_is_cancelled_and_what_has_left_is_not(outbox):
    """Held and ready work is given up, and lets the next of its lane go; what was leased is not touched."""
    held, ready = put(outbox, draft("d1", state=State.HELD), draft("d2"))
    assert claim(outbox) == []
    assert outbox.cancel(AGENCY, held, actor="the agency", note="n")
    (taken,) = claim(outbox)
    assert taken.submission == ready
    assert not outbox.cancel(AGENCY, ready, actor="the agency", note="n")
    assert (state(outbox, held), state(outbox, ready)) == (State.CANCELLED, State.SENDING)


def _key(outbox, id_):
    with reading(outbox._engine, EVERY) as connection:
        return connection.execute(select(t.submission.c.idempotency_key).where(t.submission.c.id == id_)).scalar_one()
