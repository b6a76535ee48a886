"""The road to a destination, as all nodes share it: pauses, the breaker, turns, slack, and the pace."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from vaults import vault_of
from waiting import LEASE, claim, draft, entry, put, settle, state

from canonical.outcome import Receipt
from canonical.submission import State, StuckCause
from canonical.verdict import Verdict
from service.outbox.breaker import Signal
from service.outbox.outbox import Settlement
from service.outbox.rows import RoadRules
from service.outbox.sql_outbox import SqlOutbox
from specs.patience import Patience

DEAD = Settlement(state=State.READY, outcome="TryLater", why="No connection.", wait=LEASE, signal=Signal.DOWN)
REFUSED = Settlement(
    state=State.STUCK,
    outcome="Misconfigured",
    why="Refused.",
    cause=StuckCause.REFUSED_WITHOUT_REASON,
    signal=Signal.REFUSED,
)
ACCEPTED = Settlement(
    state=State.ACCEPTED,
    outcome="Accepted",
    why="Accepted.",
    receipt=Receipt(tracking_id="trk_1", verdict=Verdict.ACCEPTED, document_id="d", digest="sha-256:00"),
    signal=Signal.UP,
)
PATIENCE = Patience(failures=3, first_probe=timedelta(seconds=5), ramp=timedelta(seconds=10))


@pytest.fixture
def road(outbox, clock, count_ids):
    """Open the same database as another node would, with these rules."""

    def made(**rules) -> SqlOutbox:
        return SqlOutbox(
            outbox._engine,
            vault_of(outbox._engine),
            destination="ecas",
            clock=clock,
            new_id=count_ids,
            rules=lambda: RoadRules(patience=PATIENCE, **rules),
            rng=random.Random(7),
        )

    return made


def children(
    outbox: SqlOutbox,
    count: int,
    *,
    agency: str = "riverbend",
    first: int = 0,
    due: date | None = None,
    **answers: str,
) -> list[str]:
    """Write down one submission for each of so many children."""
    return [
        put(outbox, replace(draft(f"d{number}", f"{number:012}", **answers), next_due=due), agency=agency)[0]
        for number in range(first, first + count)
    ]


def test_a_pause_of_one_agency_stops_only_that_one(outbox):
    """The others go on; after it ends, nothing of the paused one is lost or needs a push."""
    children(outbox, 2)
    children(outbox, 2, agency="northstar")
    outbox.pause("ecas", "They asked us to.", agency="northstar")
    assert {taken.agency for taken in claim(outbox)} == {"riverbend"}
    assert outbox.resume("ecas", agency="northstar")
    assert {taken.agency for taken in claim(outbox)} == {"northstar"}


def test_a_pause_of_one_programme_stops_only_that_one(outbox):
    """A lane whose head belongs to it stands still, and is woken when the pause ends."""
    children(outbox, 1, SERVICE="ICC")
    children(outbox, 1, first=1, SERVICE="OPT")
    outbox.pause("ecas", "Maintenance of one programme.", programme="ICC")
    assert [taken.programme for taken in claim(outbox)] == ["OPT"]
    outbox.resume("ecas", programme="ICC")
    assert [taken.programme for taken in claim(outbox)] == ["ICC"]


def test_pauses_are_told_with_who_and_since_when(outbox, clock):
    """What is closed, and what was: an operator sees it, and no time in it counts against a submission."""
    outbox.pause("ecas", "Maintenance.", actor="pat")
    began = clock()
    clock.forward(timedelta(hours=1))
    (closed,) = outbox.closures("ecas")
    assert (closed.kind, closed.why, closed.actor, closed.began_at, closed.ended_at) == (
        "pause",
        "Maintenance.",
        "pat",
        began,
        None,
    )
    outbox.resume("ecas")
    assert outbox.closures("ecas") == []
    (over,) = outbox.closures("ecas", since=began)
    assert over.ended_at == clock()
    assert outbox.resume("ecas") is False


def test_failures_of_the_road_open_the_breaker_for_all_nodes(road, clock):
    """After three in a row nothing leaves, from any node, but one probe when its time has come."""
    here, there = road(), road()
    children(here, 8)
    for taken in claim(here, limit=3):
        here.settle(taken, DEAD)
    assert claim(there) == []
    clock.forward(timedelta(seconds=5))
    (probe,) = claim(there)
    assert probe.probe
    assert claim(here) == []


def test_recovery_pulls_what_waits_forward_at_a_ramp(road, clock):
    """Nobody waits out a schedule that was meant for a dead state; at first few leave at once, then all."""
    outbox = road(max_in_flight=10)
    ids = children(outbox, 12)
    for taken in claim(outbox, limit=3):
        outbox.settle(taken, DEAD)
    clock.forward(timedelta(seconds=5))
    (probe,) = claim(outbox)
    outbox.settle(probe, ACCEPTED)
    widths = []
    left = {probe.submission}
    while len(left) < len(ids):
        taken = claim(outbox, limit=50)
        widths.append(len(taken))
        left |= {one.submission for one in taken}
        for one in taken:
            outbox.settle(one, ACCEPTED)
        clock.forward(timedelta(seconds=3))
    assert left == set(ids)
    assert widths[0] == 1
    assert widths == sorted(widths[:-1]) + widths[-1:]


def test_one_refused_document_keeps_nobody_waiting(road):
    """It goes to a person; only refusals of one document after the other pause the destination."""
    outbox = road()
    children(outbox, 5)
    (taken,) = claim(outbox, limit=1)
    outbox.settle(taken, REFUSED)
    refused = entry(outbox, taken.submission)
    assert (refused.state, refused.cause) == (State.STUCK, StuckCause.REFUSED_WITHOUT_REASON)
    assert outbox.paused("ecas") is None
    for taken in claim(outbox, limit=2):
        outbox.settle(taken, REFUSED)
    assert "one document after the other" in (outbox.paused("ecas") or "")
    assert claim(outbox) == []


def test_no_more_are_under_way_than_the_destination_bears(road, clock):
    """Over all nodes together; a lease that ran out counts no more."""
    here, there = road(max_in_flight=3), road(max_in_flight=3)
    children(here, 6)
    assert len(claim(here, limit=2)) == 2
    assert len(claim(there, limit=5)) == 1
    assert claim(there) == []
    clock.forward(LEASE)
    assert len(claim(there, limit=5)) == 3


def test_no_more_begin_in_a_second_than_the_destination_bears(road, clock):
    """Over all nodes together: the pace is one number in the database."""
    here, there = road(per_second=4), road(per_second=4)
    children(here, 12)
    assert len(claim(here)) + len(claim(there)) == 4
    assert claim(here) == []
    clock.forward(timedelta(seconds=1))
    assert len(claim(there)) == 4


def test_agencies_take_turns(road):
    """However many one agency has waiting, each of the others has its share of every claim."""
    outbox = road()
    children(outbox, 40)
    children(outbox, 3, agency="northstar")
    children(outbox, 3, agency="harborlight")
    agencies = [taken.agency for taken in claim(outbox, limit=9)]
    assert {agency: agencies.count(agency) for agency in set(agencies)} == {
        "riverbend": 3,
        "northstar": 3,
        "harborlight": 3,
    }


def test_what_others_leave_is_not_wasted(road):
    """Where the others have little, the one with much has the rest."""
    outbox = road()
    children(outbox, 20)
    children(outbox, 1, agency="northstar")
    assert len(claim(outbox, limit=10)) == 10


def test_the_least_slack_goes_first(road):
    """Among an agency's children, whoever's assessment is due soonest leaves first; none due comes last."""
    outbox = road()
    days = {4: date(2027, 3, 1), 2: date(2026, 12, 24), 9: date(2027, 1, 6), 5: None}
    for number, day in days.items():
        children(outbox, 1, first=number, due=day)
    order = [claim(outbox, limit=1)[0].assessment.text("MEMBER_ID") for _ in days]
    assert order == [f"{number:012}" for number in (2, 9, 4, 5)]


def test_urgent_lanes_take_up_to_half_of_a_claim(road):
    """An agency whose children are nearly due comes before its turn, and leaves the others their half."""
    outbox = road()
    children(outbox, 20)
    children(outbox, 20, agency="northstar", due=date(2026, 11, 17))
    agencies = [taken.agency for taken in claim(outbox, limit=8)]
    assert agencies[:4] == ["northstar"] * 4
    assert agencies.count("riverbend") == 2


def test_a_deadline_is_that_of_the_assessment_before(outbox):
    """The reassessment falls due by what came before it; of the first that we know, its own successor's day counts."""
    (first,) = put(outbox, replace(draft("d1"), next_due=date(2027, 1, 1)))
    (second,) = put(outbox, replace(draft("d2"), next_due=date(2027, 6, 30)))
    deadlines = [entry(outbox, id_).deadline for id_ in (first, second)]
    assert deadlines == 2 * [datetime(2027, 1, 2, 5, tzinfo=UTC)]  # the midnight after, in Massachusetts


def test_a_retry_keeps_its_place_in_the_lane(outbox):
    """The breaker and the turns choose among lanes; within one the order stands."""
    first, second = put(outbox, draft("d1"), draft("d2"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.READY)
    (taken,) = claim(outbox)
    assert taken.submission == first
    assert state(outbox, second) is State.READY
