"""Failures seen in similar systems (docs/failure-shapes.md), each as the sentence that must not come true here."""

from __future__ import annotations

import random
from datetime import timedelta
from itertools import accumulate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from waiting import LEASE, claim, draft, entry, put, settle, state

from canonical.errors import LostLease
from canonical.outcome import Receipt
from canonical.submission import MOVES, State
from canonical.verdict import Verdict
from gateway_client.retry import next_due
from service.outbox.outbox import Settlement
from specs.catalog import Catalog

TRANSPORT = Catalog().named("2026.1").transport
LATER = Settlement(state=State.READY, outcome="TryLater", why="Later.", wait=timedelta(seconds=30))


def test_f3_what_follows_is_saved_with_what_was(outbox):
    """A retry is the same row moved on, in the transaction that records the attempt: there is no gap to fall into."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(taken, LATER)
    assert (state(outbox, id_), outbox.attempts("riverbend", id_)[0].outcome) == (State.READY, "TryLater")
    assert outbox.depth("ecas").next_due is not None


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(waits=st.lists(st.integers(0, 90_000), min_size=1, max_size=8))
def test_f5_attempts_grow_and_no_due_time_is_missed(outbox, clock, count_ids, waits):
    """Each send is counted once, and what is due is taken at the first look, however long nobody looked."""
    (id_,) = put(outbox, draft(count_ids("doc"), child=f"7{int(count_ids('child')[-4:]):011}"))
    for number, wait in enumerate(waits, start=1):
        (taken,) = claim(outbox)
        assert (taken.submission, taken.attempts) == (id_, number)
        outbox.settle(taken, LATER)
        assert claim(outbox) == []
        clock.forward(timedelta(seconds=30 + wait))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.ACCEPTED)


@pytest.mark.parametrize("seed", range(5))
def test_f6_the_schedule_outlasts_three_days(seed):
    """Retries are not spent in minutes: after three days of open road there are still tries to come."""
    rng = random.Random(seed)
    spent = list(accumulate(next_due(TRANSPORT.schedule, n, None, rng) for n in range(1, 40)))
    before = [at for at in spent if at < timedelta(hours=72)]
    assert TRANSPORT.give_up_after >= timedelta(days=7)
    assert 12 <= len(before) < 39


def test_f7_a_pause_stops_at_once_and_is_seen(outbox):
    """After the pause is written nothing more is leased, by any node; whoever asks is told why."""
    put(outbox, draft("d1"), draft("d2", "100000000002"))
    claim(outbox, limit=1)
    outbox.pause("ecas", "Maintenance at the state.")
    assert claim(outbox) == []
    assert outbox.paused("ecas") == "Maintenance at the state."


def test_f8_a_send_without_an_answer_is_asked_about_first(outbox):
    """Never sent again on a guess: the next claim is a question under the same key."""
    put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.IN_DOUBT)
    (asked,) = claim(outbox)
    assert (asked.state, asked.idempotency_key) == (State.IN_DOUBT, taken.idempotency_key)


def test_f9_a_claim_names_its_destination(outbox):
    """A worker of another destination gets nothing of this one, however much is due."""
    put(outbox, draft("d1"))
    assert outbox.claim("elsewhere", "one", limit=10, lease=LEASE) == []
    assert len(claim(outbox)) == 1


def test_f16_a_failed_document_may_come_again_and_one_on_its_way_may_not(outbox):
    """Only what is on its way or accepted counts as a duplicate, for each item by itself; the earlier one is answered."""
    rejected, accepted = put(outbox, draft("d1"), draft("d2", "100000000002"))
    for taken in claim(outbox):
        settle(outbox, taken, State.REJECTED if taken.submission == rejected else State.ACCEPTED)
    again, known, fresh = put(outbox, draft("d1"), draft("d2", "100000000002"), draft("d3", "100000000003"))
    assert again != rejected
    assert known == accepted
    assert state(outbox, fresh) is State.READY


def test_f17_pauses_under_load_lose_nothing(outbox, clock):
    """Paused and resumed between any two steps, all leave, once and in order."""
    ids = [put(outbox, draft(f"d{n}", f"10000000000{n % 3}"))[0] for n in range(9)]
    left = []
    for step in range(60):
        if step % 3 == 0:
            outbox.pause("ecas", "Again.", agency="" if step % 2 else "riverbend")
        if step % 3 == 2:
            outbox.resume("ecas")
            outbox.resume("ecas", agency="riverbend")
        for taken in claim(outbox, limit=2):
            settle(outbox, taken, State.ACCEPTED if random.Random(step).random() < 0.6 else State.READY)
            left += [taken.submission] if state(outbox, taken.submission) is State.ACCEPTED else []
        clock.forward(timedelta(seconds=1))
    assert sorted(left) == sorted(ids)
    assert [entry(outbox, id_).state for id_ in ids] == [State.ACCEPTED] * 9


def test_f18_each_of_a_batch_gets_its_own_answer(outbox):
    """Results that are handed back together are never mixed up."""
    for number in range(6):
        put(outbox, draft(f"d{number}", f"10000000000{number}"))
    taken = claim(outbox)
    done = [
        (
            one,
            Settlement(
                state=State.ACCEPTED,
                outcome="Accepted",
                why="So.",
                receipt=Receipt(
                    tracking_id=f"trk_{one.submission}", verdict=Verdict.ACCEPTED, document_id="d", digest="sha-256:00"
                ),
            ),
        )
        for one in reversed(taken)
    ]
    outbox.exchange("ecas", "one", done, limit=0, lease=LEASE)
    assert {entry(outbox, one.submission).receipt for one in taken} == {f"trk_{one.submission}" for one in taken}
    assert all(entry(outbox, one.submission).receipt == f"trk_{one.submission}" for one in taken)


def test_f27_nothing_leaves_the_queue_without_an_end():
    """Every state that is no end can still move, and every one from which nothing moves is an end that is told."""
    ends = {State.ACCEPTED, State.CANCELLED, State.SUPERSEDED, State.CLOSED}
    assert {was for was, then in MOVES.items() if not then} == ends
    reachable = {State.RECEIVED}
    while more := {then for was in reachable for then in MOVES[was]} - reachable:
        reachable |= more
    assert reachable == set(State)


def test_f27_age_alone_drops_nothing(outbox, clock):
    """After ten years it is still there, and still due."""
    (id_,) = put(outbox, draft("d1"))
    clock.forward(timedelta(days=3650))
    (taken,) = claim(outbox)
    assert taken.submission == id_


def test_f8_a_late_word_of_a_worker_that_lost_its_lane_changes_nothing(outbox, clock):
    """Whoever comes back after its lease, with whatever answer, is not believed."""
    put(outbox, draft("d1"))
    (late,) = claim(outbox)
    clock.forward(LEASE)
    (now,) = claim(outbox)
    with pytest.raises(LostLease):
        settle(outbox, late, State.ACCEPTED)
    settle(outbox, now, State.ACCEPTED)
