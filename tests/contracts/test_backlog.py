"""What is not with the state yet, as a forecast and a person need it; and the signs of life on the road."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from waiting import LEASE, claim, draft, put, settle

from canonical.finding import HoldCause
from canonical.submission import State, StuckCause
from service.deadlines import too_late_at
from service.outbox.breaker import Signal
from service.outbox.engine import reading
from service.outbox.outbox import Settlement
from service.outbox.pulse import SILENCE, pulse
from service.tenants.tenant import EVERY
from specs.windows import DatedBlackout, Windows

DUE = date(2026, 11, 20)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
OPEN = Windows()


def due_in(days: int, document: str, **given) -> object:
    return replace(draft(document, **given), next_due=DUE + days * DAY)


def child(number: int) -> str:
    return f"{number:012}"


def queued(outbox, **asked) -> list[tuple[str, tuple[str, ...], tuple[date | None, ...]]]:
    queue = outbox.queue("ecas", **asked)
    return sorted((lane.agency, ids, lane.due_on) for lane, ids in zip(queue.lanes, queue.ids, strict=True))


def due(outbox, days: int = 14, agency: str | None = None):
    return outbox.due("ecas", before=too_late_at(DUE + days * DAY), agency=agency)


def feel(outbox, clock):
    with reading(outbox._engine, EVERY) as connection:
        return pulse(connection, "ecas", clock())


def test_the_queue_is_what_may_leave_in_the_order_of_its_lanes(outbox):
    """Two of one child are one lane; what is under way is in it, and what has no deadline too."""
    one, two = put(outbox, due_in(0, "d1"), due_in(90, "d2"))
    (other,) = put(outbox, draft("d3", child(7)), agency="northstar")
    claim(outbox, limit=1)
    assert queued(outbox) == [("northstar", (other,), (None,)), ("riverbend", (one, two), (DUE, DUE))]


@pytest.mark.parametrize("state", [State.HELD, State.HANDED_OFF])
def test_what_waits_for_a_person_is_not_in_the_queue_nor_is_what_stands_behind_it(outbox, state):
    """What was before it may leave; nobody can tell when the rest will."""
    first, _, _ = put(outbox, due_in(0, "d1"), draft("d2", state=state), draft("d3"))
    put(outbox, draft("d4", child(5), state=state), draft("d5", child(5)))
    assert queued(outbox) == [("riverbend", (first,), (DUE,))]


@pytest.mark.parametrize(
    ("part", "left"),
    [
        ({"agency": "riverbend"}, ["northstar", "northstar ICC"]),
        ({"programme": "ICC"}, ["riverbend", "northstar"]),
        ({"agency": "riverbend", "programme": "ICC"}, ["riverbend", "northstar", "northstar ICC"]),
        ({"agency": "northstar", "programme": "ICC"}, ["riverbend", "riverbend ICC", "northstar"]),
    ],
    ids=["agency", "programme", "its programme", "another's programme"],
)
def test_what_is_paused_is_not_in_the_queue(outbox, part, left):
    """A pause of a part takes out that part and nothing else; one of everything is a closure, and takes out nothing."""
    ids = {
        f"{agency} {programme}".strip(): put(
            outbox, draft(f"d{number}", child(number), SERVICE=programme), agency=agency
        )[0]
        for number, (agency, programme) in enumerate(itertools.product(("riverbend", "northstar"), ("", "ICC")))
    }
    outbox.pause("ecas", "They asked.", **part)
    outbox.pause("ecas", "Everything.")
    assert {id_ for _, (id_,), _ in queued(outbox)} == {ids[name] for name in left}


def test_a_part_of_a_long_queue_is_its_most_urgent_part(outbox):
    """Least slack first; how many lanes were left out is told."""
    ids = [put(outbox, due_in(number, f"d{number}", child=child(number)))[0] for number in (3, 1, 2)]
    assert [found[1] for found in queued(outbox, limit=2)] == [(ids[1],), (ids[2],)]
    assert (outbox.queue("ecas", limit=2).left_out, outbox.queue("ecas", limit=3).left_out) == (1, 0)


def test_what_is_due_names_what_holds_it_up(outbox):
    """Its own cause, or the earlier one of the child, or a pause; the most urgent comes first."""
    held, behind = put(outbox, replace(draft("d1", state=State.HELD), next_due=DUE + 2 * DAY), draft("d2"))
    (free,) = put(outbox, due_in(0, "d3", child=child(3)))
    (far,) = put(outbox, due_in(15, "d4", child=child(4)))
    (paused,) = put(outbox, due_in(5, "d5", child=child(5)), agency="northstar")
    outbox.pause("ecas", "They asked.", agency="northstar")
    found = due(outbox)
    assert [(one.id, one.due_on) for one in found] == [
        (free, DUE),
        (held, DUE + 2 * DAY),
        (behind, DUE + 2 * DAY),
        (paused, DUE + 5 * DAY),
    ]
    assert [None if one.obstacle is None else (one.obstacle.id, *one.obstacle.holds) for one in found] == [
        None,
        (held, HoldCause.UNKNOWN_KEY),
        (held, HoldCause.UNKNOWN_KEY),
        None,
    ]
    assert [one.paused for one in found] == [False, False, False, True]
    assert [one.id for one in due(outbox, agency="northstar")] == [paused]
    assert [one.id for one in due(outbox, days=15)][-1] == far


@pytest.mark.parametrize(
    ("then", "counts"),
    [(State.ACCEPTED, False), (State.PENDING, False), (State.REJECTED, True), (State.STUCK, True)],
)
def test_what_the_state_has_is_not_due_any_more(outbox, then, counts):
    """The state's verdict may be out; what it refused, or what is stuck, is still wanting."""
    (id_,) = put(outbox, due_in(0, "d1"))
    (taken,) = claim(outbox)
    settle(outbox, taken, then, cause=StuckCause.GAVE_UP if then is State.STUCK else None)
    assert [one.id for one in due(outbox)] == [id_] * counts
    if then is State.STUCK:
        assert due(outbox)[0].obstacle.cause is StuckCause.GAVE_UP


@pytest.mark.parametrize(("later", "counts"), [(State.READY, False), (State.HELD, False), (State.BLOCKED, True)])
def test_what_was_refused_is_due_until_another_takes_its_place(outbox, later, counts):
    """A repaired record behind it bears the deadline; one that our own judging stopped does not."""
    (id_,) = put(outbox, due_in(0, "d1"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.REJECTED)
    put(outbox, replace(draft("d2", state=later), next_due=DUE + 90 * DAY))
    assert (id_ in {one.id for one in due(outbox)}) is counts


def test_throughput_is_counted_over_the_time_in_which_something_was_under_way(outbox, clock):
    """Two at once for ten seconds are two in ten seconds, however long nothing was sent before and after."""
    put(outbox, *(draft(f"d{number}", child(number)) for number in range(4)))
    old, *taken = claim(outbox, limit=3)
    settle(outbox, old, State.ACCEPTED)
    clock.forward(timedelta(seconds=10))
    for one, then in zip(taken, (State.ACCEPTED, State.REJECTED), strict=True):
        settle(outbox, one, then)
    clock.forward(HOUR)
    (late,) = claim(outbox)
    settle(outbox, late, State.READY, outcome="TryLater")
    answers, busy = outbox.throughput(since=clock() - 2 * HOUR)
    assert (answers, round(busy.total_seconds())) == (3, 10)
    assert outbox.sends(since=clock() - 2 * HOUR) == {"Accepted": 2, "Rejected": 1, "TryLater": 1}
    assert outbox.sends(since=clock() - HOUR / 2) == {"TryLater": 1}
    assert outbox.throughput(since=clock() - HOUR / 2) == (0, timedelta(0))
    assert outbox.sends(since=clock() + HOUR) == {}


def test_the_age_of_the_queue_is_that_of_its_oldest(outbox, clock):
    """What a person holds is no part of it."""
    assert outbox.oldest() is None
    put(outbox, draft("d1", child(1), state=State.HELD))
    clock.forward(HOUR)
    put(outbox, draft("d2", child(2)))
    came = clock()
    clock.forward(HOUR)
    put(outbox, draft("d3", child(3)))
    assert outbox.oldest() == came


def test_the_word_of_whoever_resumes_is_kept_with_the_pause(outbox, clock):
    """Who began it and why, and who ended it and why, stand together."""
    outbox.pause("ecas", "The state asked.", agency="northstar", actor="operator one")
    assert outbox.resume("ecas", agency="northstar", actor="operator two", note="They are well.")
    (closure,) = outbox.closures("ecas", since=clock() - HOUR)
    assert (closure.actor, closure.ended_at) == ("operator one", clock())
    assert closure.why == "The state asked. Resumed by operator two: They are well."


def test_work_that_nobody_takes_is_noticed(outbox, clock):
    """Due for longer than the silence on an open road, with nobody at it; an attempt is a sign of life."""
    assert feel(outbox, clock).silent_since(OPEN) is None
    put(outbox, draft("d1"), draft("d2", child(2)))
    came = clock()
    clock.forward(SILENCE)
    assert feel(outbox, clock).silent_since(OPEN) is None
    clock.forward(timedelta(seconds=1))
    assert feel(outbox, clock).silent_since(OPEN) == came
    (taken,) = claim(outbox, limit=1)
    assert feel(outbox, clock).silent_since(OPEN) is None
    tried = clock()
    settle(outbox, taken, State.ACCEPTED)
    clock.forward(SILENCE)
    assert feel(outbox, clock).silent_since(OPEN) is None
    clock.forward(timedelta(seconds=1))
    assert feel(outbox, clock).silent_since(OPEN) == tried


@pytest.mark.parametrize("part", [{}, {"agency": "riverbend"}], ids=["everything", "the agency"])
def test_a_pause_is_no_silence_and_its_end_is_a_beginning(outbox, clock, part):
    """What may not leave is not waited for; after the pause a worker has its time again."""
    put(outbox, draft("d1"))
    outbox.pause("ecas", "Wait.", **part)
    clock.forward(HOUR)
    assert feel(outbox, clock).silent_since(OPEN) is None
    outbox.resume("ecas", **part)
    assert feel(outbox, clock).silent_since(OPEN) is None
    clock.forward(SILENCE + timedelta(seconds=1))
    assert feel(outbox, clock).silent_since(OPEN) is not None


def test_a_window_is_no_silence_and_its_end_is_a_beginning(outbox, clock):
    """The same for maintenance."""
    put(outbox, draft("d1"))
    window = Windows(DatedBlackout(begins=clock(), ends=clock() + HOUR, why="maintenance"))
    clock.forward(HOUR / 2)
    assert feel(outbox, clock).silent_since(window) is None
    clock.forward(HOUR / 2 + timedelta(minutes=1))
    assert feel(outbox, clock).silent_since(window) is None
    clock.forward(SILENCE)
    assert feel(outbox, clock).silent_since(window) is not None


def test_an_open_breaker_is_told_with_its_next_try(outbox, clock):
    """The pulse knows the breaker, since when, and when the next one may try."""
    put(outbox, *(draft(f"d{number}", child(number)) for number in range(6)))
    dead = Settlement(state=State.READY, outcome="TryLater", why="No connection.", wait=HOUR, signal=Signal.DOWN)
    outbox.exchange("ecas", "one", [(one, dead) for one in claim(outbox)], limit=0, lease=LEASE)
    now = feel(outbox, clock)
    assert (now.breaker.began_at, now.pause, now.leased) == (clock(), None, 0)
    assert now.probe_at > clock()
    assert now.silent_since(OPEN) is None
