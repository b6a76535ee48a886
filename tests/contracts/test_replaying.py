"""Replays on every back end: the pace, the place in the lane, and that nothing is done twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from waiting import AGENCY, claim, draft, entry, put, sent, settle, state

from canonical.finding import HoldCause
from canonical.stuck import Resolution
from canonical.submission import State, StuckCause
from service.outbox.prospects import How, Left
from service.outbox.replaying import Order, Progress
from service.outbox.resolving import Word
from service.outbox.selecting import Selection

WORD = Word(actor="the agency", note="the road is mended, R. Okafor")
ANYWAY = Word(actor="the agency", note="seen, R. Okafor", even_if_overtaken=True)
MINUTE = timedelta(minutes=1)


def begin(outbox, ids, *, how=How.SEND, per_minute=60_000, word=WORD, agency=AGENCY):
    return outbox.begin_replay(Order(agency=agency, how=how, chosen={}, per_minute=per_minute, word=word), ids)


def stuck(outbox, count, cause=StuckCause.GAVE_UP):
    """Return submissions of so many children, each given up."""
    return [sent(outbox, f"d{n}", State.STUCK, cause, child=f"1000000000{n:02}") for n in range(count)]


def chosen(outbox, **filters):
    return [candidate.id for candidate in outbox.candidates(Selection(agency=AGENCY, **filters))]


def test_the_filter_chooses(outbox, clock):
    """State, cause, programme, time of receipt and ids narrow the choice; what is under way is never chosen."""
    gave_up = sent(outbox, "d1", State.STUCK, StuckCause.GAVE_UP, child="100000000001", SERVICE="IHT")
    clock.forward(MINUTE)
    doubt = sent(outbox, "d2", State.STUCK, StuckCause.NO_WAY_TO_ASK, child="100000000002", SERVICE="ICC")
    rejected = sent(outbox, "d3", State.REJECTED, child="100000000003")
    both = (HoldCause.APPROVAL, HoldCause.PERSON)
    held, _, blocked = put(
        outbox,
        draft("d4", "100000000004", State.HELD, holds=both),
        draft("d5", "100000000005"),
        draft("d6", "100000000006", State.BLOCKED),
    )
    put(outbox, draft("h1"), agency="harborlight")
    received = entry(outbox, doubt).received_at
    at = round(received.timestamp() * 1000)
    assert chosen(outbox) == [gave_up, doubt, rejected, held, blocked]
    assert chosen(outbox, states=(State.HELD, State.BLOCKED)) == [held, blocked]
    assert chosen(outbox, causes=(StuckCause.GAVE_UP, HoldCause.PERSON)) == [gave_up, held]
    assert chosen(outbox, programme="ICC") == [doubt]
    assert chosen(outbox, received_before=at) == [gave_up]
    assert chosen(outbox, received_from=at, states=(State.STUCK,)) == [doubt]
    assert chosen(outbox, ids=(blocked, "sub_none")) == [blocked]


def test_a_replay_goes_at_its_pace(outbox, clock):
    """Six in a minute: one at once, then one each ten seconds; an hour without a worker ends in no burst."""
    replay = begin(outbox, stuck(outbox, 8), per_minute=6)
    turns = []
    for span in (0, 5, 5, 3600, 0, 10):
        clock.forward(timedelta(seconds=span))
        tasks = outbox.take_turns(50)
        turns.append(len(tasks))
        for task in tasks:
            assert outbox.again(task)
    assert turns == [1, 0, 1, 1, 0, 1]
    found = outbox.replay(replay.id)
    assert (found.became, found.left, found.progress) == ({"sent": 4}, 4, Progress.RUNNING)


def test_a_replay_ends_when_all_is_done(outbox, clock):
    """The last turn finds nothing left to do, and says so; the note is told with it."""
    ids = stuck(outbox, 3)
    replay = begin(outbox, ids)
    for _ in range(4):
        for task in outbox.take_turns(50):
            outbox.again(task)
        clock.forward(MINUTE)
    found = outbox.replay(replay.id)
    assert (found.progress, found.became, found.note) == (Progress.DONE, {"sent": 3}, WORD.note)
    assert outbox.next_replay_at() is None
    assert {state(outbox, id_) for id_ in ids} == {State.READY}


def test_two_workers_never_do_one_item_twice(outbox, clock):
    """Both take the same turns, as they may; eight threads at each item, and each is done once."""
    ids = stuck(outbox, 6)
    begin(outbox, ids)
    clock.forward(timedelta(seconds=1))
    tasks = outbox.take_turns(50)
    assert [task.candidate.id for task in tasks] == ids
    did: list[tuple[str, bool]] = []
    threads = [
        threading.Thread(target=lambda: did.extend((task.candidate.id, outbox.again(task)) for task in tasks))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(id_ for id_, done in did if done) == sorted(ids)
    for id_ in ids:
        moves = [event.became for event in outbox.events(AGENCY, id_)]
        assert moves.count(State.READY) == 2, "once at the start and once by the replay"


def test_a_worker_that_dies_after_its_turn_loses_nothing(outbox, clock):
    """What was taken and not done is taken again by the next worker."""
    (id_,) = stuck(outbox, 1)
    begin(outbox, [id_])
    assert len(outbox.take_turns(50)) == 1
    clock.forward(MINUTE)
    (task,) = outbox.take_turns(50)
    assert outbox.again(task)
    assert state(outbox, id_) is State.READY


@pytest.mark.parametrize("then", [Progress.PAUSED, Progress.CANCELLED])
def test_what_a_person_stops_stands_still(outbox, clock, then):
    """Paused or cancelled, no turn is given, and one that was given already is not used."""
    ids = stuck(outbox, 2)
    replay = begin(outbox, ids, per_minute=60)
    (task,) = outbox.take_turns(50)
    assert not outbox.steer(replay.id, then, agency="harborlight")
    assert outbox.steer(replay.id, then, agency=AGENCY)
    clock.forward(MINUTE)
    assert not outbox.again(task)
    assert outbox.take_turns(50) == []
    assert {state(outbox, id_) for id_ in ids} == {State.STUCK}
    assert outbox.steer(replay.id, Progress.RUNNING) is (then is Progress.PAUSED)
    assert len(outbox.take_turns(50)) == (1 if then is Progress.PAUSED else 0)


def test_what_moved_meanwhile_is_skipped_and_counted(outbox):
    """A person resolved it before its turn came: it is left, and told."""
    (id_,) = stuck(outbox, 1)
    replay = begin(outbox, [id_])
    (task,) = outbox.take_turns(50)
    outbox.resolve(AGENCY, id_, Resolution.CANCEL, WORD)
    assert outbox.again(task)
    assert outbox.replay(replay.id).became == {"moved": 1}
    assert state(outbox, id_) is State.CANCELLED


def test_a_replaced_submission_keeps_its_place(outbox):
    """The rejected one goes before what came after it; a correction that waits is not overtaken by a later assessment."""
    first, later = put(outbox, draft("d1"), draft("d2"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.REJECTED)
    outbox.hold(AGENCY, later, actor="x", note="n")
    begin(outbox, [first])
    (task,) = outbox.take_turns(50)
    assert outbox.anew(task, draft("d1", LDF_SLEEP="2"))
    (taken,) = claim(outbox)
    new = taken.submission
    assert new not in (first, later)
    assert taken.assessment.text("LDF_SLEEP") == "2"
    assert (state(outbox, first), state(outbox, later)) == (State.CLOSED, State.HELD)
    assert [one.id for one in outbox.entries(AGENCY, after=None, limit=9, state=None)] == [first, later, new]


def test_a_blocked_one_is_superseded_by_what_takes_its_place(outbox):
    """A blocked submission had no lane; what is written anew has its child's, before what waits there."""
    (blocked,) = put(outbox, draft("d1", state=State.BLOCKED))
    (held,) = put(outbox, draft("d2", state=State.HELD))
    begin(outbox, [blocked], how=How.REPROCESS)
    (task,) = outbox.take_turns(50)
    assert outbox.anew(task, draft("d1"))
    (taken,) = claim(outbox)
    assert taken.assessment.text("DOCUMENT_ID") == "d1"
    assert (state(outbox, blocked), state(outbox, held)) == (State.SUPERSEDED, State.HELD)


@pytest.mark.parametrize("laneless", [False, True])
def test_what_was_overtaken_goes_only_when_a_person_says_so(outbox, laneless):
    """A later assessment of the child has left: to send the earlier one now is told first, and done on a word."""
    if laneless:
        (early,) = put(outbox, draft("d1", state=State.BLOCKED))
    else:
        early = sent(outbox, "d1", State.REJECTED)
    late = sent(outbox, "d2", State.ACCEPTED)
    other = sent(outbox, "d3", State.ACCEPTED, child="100000000002")
    (candidate,) = outbox.candidates(Selection(agency=AGENCY))
    assert (candidate.id, candidate.overtaken) == (early, True)
    first = begin(outbox, [early])
    (task,) = outbox.take_turns(50)
    assert outbox.anew(task, draft("d1"))
    assert outbox.replay(first.id).became == {"overtaken": 1}
    assert outbox.take_turns(50) == []
    begin(outbox, [early], word=ANYWAY)
    (task,) = outbox.take_turns(50)
    assert outbox.anew(task, draft("d1"))
    (taken,) = claim(outbox)
    assert taken.submission not in (early, late, other)


def test_what_came_again_by_itself_is_not_doubled(outbox):
    """The sender repaired and sent it again before the replay came to it: one goes, not two."""
    early = sent(outbox, "d1", State.REJECTED)
    (again,) = put(outbox, draft("d1", LDF_SLEEP="2"))
    replay = begin(outbox, [early], word=ANYWAY)
    (task,) = outbox.take_turns(50)
    assert outbox.anew(task, draft("d1"))
    assert outbox.replay(replay.id).became == {Left.CAME_AGAIN: 1}
    assert [taken.submission for taken in claim(outbox)] == [again]


def test_a_held_one_is_judged_in_its_place(outbox):
    """The cause is cured: it goes on under its own id; where it is not, the replay says so."""
    cured, still = put(outbox, draft("d1", "100000000001", State.HELD), draft("d2", "100000000002", State.HELD))
    replay = begin(outbox, [cured, still])
    (first,) = outbox.take_turns(1)
    assert outbox.judged(first, draft("d1", "100000000001"))
    assert [taken.submission for taken in claim(outbox)] == [cured]
    outbox.steer(replay.id, Progress.PAUSED)
    outbox.steer(replay.id, Progress.RUNNING)
    (second,) = outbox.take_turns(1)
    assert outbox.judged(second, draft("d2", "100000000002", State.HELD))
    assert outbox.replay(replay.id).became == {"judged": 1, "still_stopped": 1}


def test_an_agency_sees_its_own_replays(outbox):
    """Another agency's replay, and an operator's, are not there."""
    mine = begin(outbox, stuck(outbox, 1))
    all_of_them = begin(outbox, [], agency=None)
    assert outbox.replay(mine.id, agency="harborlight") is None
    assert outbox.replay(all_of_them.id, agency=AGENCY) is None
    assert [one.id for one in outbox.replays(agency=AGENCY)] == [mine.id]
    assert [one.id for one in outbox.replays()] == [all_of_them.id, mine.id]
