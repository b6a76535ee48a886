"""Sends, questions and polls: each has a row of its own, and none writes over another's."""

from __future__ import annotations

from datetime import timedelta

import pytest
from waiting import LEASE, claim, draft, entry, put

from canonical.errors import LostLease
from canonical.outcome import Receipt
from canonical.submission import State
from canonical.verdict import Verdict
from service.outbox.outbox import Settlement

HOUR = timedelta(hours=1)
UNSURE = Settlement(state=State.IN_DOUBT, outcome="Unsure", why="No answer.")
UNSENT = Settlement(state=State.READY, outcome="Misconfigured", why="It refuses us.", spent=False)


def told(outbox, id_):
    return [(one.kind, one.number, one.outcome) for one in outbox.attempts("riverbend", id_)]


def receipt(content: bytes, verdict: Verdict = Verdict.PENDING) -> Receipt:
    return Receipt(tracking_id="trk_1", verdict=verdict, document_id="d", digest="sha-256:00", content=content)


def settled(state: State, content: bytes, verdict: Verdict) -> Settlement:
    return Settlement(state=state, outcome=state.value, why="So.", wait=HOUR, receipt=receipt(content, verdict))


def test_each_question_is_its_own_attempt(outbox):
    """A send without an answer and the questions after it stand beside each other, with what came of each."""
    (id_,) = put(outbox, draft("d1"))
    for asks in (0, 1, 2):
        (taken,) = claim(outbox)
        assert (taken.attempts, taken.asks) == (1, asks)
        outbox.settle(taken, UNSURE)
    assert told(outbox, id_) == [("send", 1, "Unsure"), ("question", 1, "Unsure"), ("question", 2, "Unsure")]


def test_a_resend_after_a_question_begins_a_new_attempt(outbox):
    """The question ends with the state's word that it lacks the document; the send that follows is counted."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(taken, UNSURE)
    (taken,) = claim(outbox)
    again = outbox.resend(taken)
    assert (again.attempts, again.asks, again.state) == (2, 0, State.SENDING)
    outbox.settle(again, UNSURE)
    assert told(outbox, id_) == [("send", 1, "Unsure"), ("question", 1, "NotThere"), ("send", 2, "Unsure")]


def test_an_attempt_that_was_none_is_not_counted_and_takes_no_other_with_it(outbox):
    """What the interlock stopped is told, and the number of sends is as before; a question never unspends a send."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(taken, UNSENT)
    assert entry(outbox, id_).attempts == 0
    (taken,) = claim(outbox)
    assert (taken.attempts, taken.first_sent_at is None) == (1, False)
    outbox.settle(taken, UNSURE)
    (asked,) = claim(outbox)
    outbox.settle(asked, Settlement(state=State.IN_DOUBT, outcome="Misconfigured", why="No.", spent=False))
    assert entry(outbox, id_).attempts == 1
    assert told(outbox, id_) == [("send", 1, "Misconfigured"), ("send", 1, "Unsure"), ("question", 1, "Misconfigured")]


def test_what_died_is_seen(outbox, clock):
    """An attempt of which nothing was recorded stays, without an outcome."""
    (id_,) = put(outbox, draft("d1"))
    claim(outbox)
    clock.forward(LEASE)
    claim(outbox)
    assert told(outbox, id_) == [("send", 1, None), ("question", 1, None)]


def test_the_same_receipt_is_kept_once(outbox, clock):
    """“Still undecided” every hour for weeks is one receipt, and no row an hour."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(taken, settled(State.PENDING, b"<pending/>", Verdict.PENDING))
    for content, verdict, then in (
        (b"<pending/>", Verdict.PENDING, State.PENDING),
        (b"<pending/>", Verdict.PENDING, State.PENDING),
        (b"<suspended/>", Verdict.SUSPENDED, State.SUSPENDED),
        (b"<accepted/>", Verdict.ACCEPTED, State.ACCEPTED),
    ):
        clock.forward(HOUR)
        (poll,) = outbox.polls("ecas", limit=5, lease=LEASE)
        outbox.settle_poll(poll, settled(then, content, verdict))
    assert outbox.receipts("riverbend", id_) == [b"<pending/>", b"<suspended/>", b"<accepted/>"]
    assert told(outbox, id_) == [("send", 1, "pending"), ("poll", 0, "suspended"), ("poll", 0, "accepted")]


def test_many_are_recorded_at_once_and_a_lost_one_stops_no_other(outbox):
    """What is handed back together is recorded together; of a lane that was lost nothing is."""
    for number in range(4):
        put(outbox, draft(f"d{number}", child=f"{number:012}"))
    dead = outbox.claim("ecas", "dead", limit=2, lease=LEASE)
    live = outbox.claim("ecas", "live", limit=2, lease=LEASE)
    outbox.expire(lambda name: name == "live")
    done = [(one, UNSURE) for one in (*dead, *live)]
    exchange = outbox.exchange("ecas", "live", done, limit=9, lease=LEASE)
    assert exchange.lost == {one.submission for one in dead}
    assert {one.submission for one in exchange.claims} == {one.submission for one in (*dead, *live)}
    assert {entry(outbox, one.submission).state for one in (*dead, *live)} == {State.IN_DOUBT}
    assert [told(outbox, one.submission)[0][2] for one in (*dead, *live)] == [None, None, "Unsure", "Unsure"]


def test_a_settlement_is_recorded_once(outbox):
    """One that is handed in again, because the answer to its commit was lost, finds its lease ended and changes nothing."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    pending = settled(State.PENDING, b"<pending/>", Verdict.PENDING)
    outbox.settle(taken, pending)
    with pytest.raises(LostLease):
        outbox.settle(taken, pending)
    assert outbox.receipts("riverbend", id_) == [b"<pending/>"]
