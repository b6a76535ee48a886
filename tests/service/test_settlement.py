"""What follows from each outcome: the table of design section 7, row by row."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import HoldCause
from canonical.outcome import (
    Accepted,
    Misconfigured,
    NotThere,
    Pending,
    Reason,
    Receipt,
    Rejected,
    Suspended,
    TryLater,
    Unsure,
)
from canonical.submission import State, StuckCause, check_move
from canonical.verdict import Verdict
from service.outbox.breaker import Signal
from service.outbox.outbox import Claim, Poll
from service.settlement import Settling
from specs.catalog import Catalog

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
PLACE = Source(file="export.csv", line=14, column=3, label="row 14, column DOB")
ASSESSMENT = Assessment(
    agency="riverbend", origin=PLACE, answers={"MEMBER_DOB": Answer(text="2020-01-01", source=PLACE)}
)
TRANSPORT = Catalog().named("2026.1").transport
RECEIPT = Receipt(
    tracking_id="trk_1",
    verdict=Verdict.REJECTED,
    document_id="d",
    digest="sha-256:0",
    reasons=(Reason(code="B012", item="MEMBER_DOB", text="canary: the state's own words"),),
)

POLL = Poll(
    submission="sub_1",
    agency="riverbend",
    state=State.PENDING,
    tracking_id="trk_1",
    document_id="d",
    digest="sha-256:0",
    until=NOW,
    known="0",
    assessment=ASSESSMENT,
)


def claim(state: State = State.SENDING, **changes) -> Claim:
    made = Claim(
        lane=1,
        fence=1,
        submission="sub_1",
        agency="riverbend",
        state=state,
        idempotency_key="idem_1",
        attempts=1,
        first_sent_at=NOW,
        second_try=False,
        assessment=ASSESSMENT,
    )
    return replace(made, **changes)


def settling(open_road: timedelta = timedelta(0), **changes) -> Settling:
    return Settling(transport=replace(TRANSPORT, **changes), open_road=open_road, rng=random.Random(7))


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (Accepted(receipt=RECEIPT), State.ACCEPTED),
        (Pending(receipt=RECEIPT), State.PENDING),
        (Suspended(receipt=RECEIPT), State.SUSPENDED),
        (Rejected(receipt=RECEIPT), State.REJECTED),
        (Rejected(receipt=RECEIPT, concerns_key=True), State.READY),
        (TryLater(why="Later."), State.READY),
        (Unsure(why="No answer."), State.IN_DOUBT),
        (Misconfigured(why="It refuses us."), State.READY),
    ],
    ids=lambda value: value.name if isinstance(value, State) else type(value).__name__,
)
def test_each_outcome_of_a_send_leads_to_its_state(outcome, becomes):
    """Every row of the table, and every move of it is legal."""
    settled = settling().of_send(outcome, claim())
    assert settled.state is becomes
    check_move(State.SENDING, settled.state)


@pytest.mark.parametrize(
    ("reply", "becomes"),
    [
        (Accepted(receipt=RECEIPT), State.ACCEPTED),
        (Rejected(receipt=RECEIPT), State.REJECTED),
        (TryLater(why="Later."), State.IN_DOUBT),
        (Unsure(why="No answer."), State.IN_DOUBT),
        (Misconfigured(why="It refuses us."), State.IN_DOUBT),
    ],
    ids=lambda value: value.name if isinstance(value, State) else type(value).__name__,
)
def test_an_unanswered_question_leaves_it_in_doubt(reply, becomes):
    """Only the state's own word ends a doubt; nothing else makes it ready to be sent again."""
    settled = settling().of_question(reply, claim(State.IN_DOUBT))
    assert settled.state is becomes


def test_a_refusal_of_the_destination_pauses_it_and_spends_no_attempt():
    """A 403 is no fault of the assessment."""
    settled = settling().of_send(Misconfigured(why="It refuses us."), claim())
    assert (settled.pause, settled.spent) == ("It refuses us.", False)


def test_a_refused_key_is_tried_once_more_and_then_held():
    """The second try has a fresh key and a wait; after it the submission waits for the desks."""
    refused = Rejected(receipt=RECEIPT, concerns_key=True)
    first = settling().of_send(refused, claim())
    assert (first.fresh_key, first.wait > timedelta(0)) == (True, True)
    second = settling().of_send(refused, claim(second_try=True))
    assert (second.state, second.holds, second.fresh_key) == (State.HELD, (HoldCause.KEY_REFUSED,), False)


def test_the_second_try_can_be_switched_off():
    """It is data of the package: without it the first refusal holds."""
    settled = settling(second_try=False).of_send(Rejected(receipt=RECEIPT, concerns_key=True), claim())
    assert settled.state is State.HELD


def test_the_states_reasons_become_findings_where_the_sender_looks():
    """A reason names the item's place in the sender's file; the state's sentence stays in the receipt."""
    (finding,) = settling().of_send(Rejected(receipt=RECEIPT), claim()).findings
    assert finding.sources == (PLACE,)
    assert "B012" in finding.message
    assert "canary" not in repr(finding)


@pytest.mark.parametrize(
    ("query", "idempotency", "becomes"),
    [
        ("/q", True, State.IN_DOUBT),
        (None, True, State.IN_DOUBT),
        ("/q", False, State.IN_DOUBT),
        (None, False, State.STUCK),
    ],
)
def test_without_key_and_query_a_doubt_waits_for_a_person(query, idempotency, becomes):
    """Where the state offers neither, nothing is ever sent again blindly."""
    settled = settling(query=query, idempotency=idempotency).of_send(Unsure(why="No answer."), claim())
    assert settled.state is becomes


@pytest.mark.parametrize("outcome", [TryLater(why="Later."), Unsure(why="No answer.")])
def test_after_a_week_of_open_road_a_person_must_decide(outcome):
    """A week and not a second less: before it the submission goes on waiting."""
    almost = settling(TRANSPORT.give_up_after - timedelta(seconds=1)).of_send(outcome, claim())
    assert almost.state is not State.STUCK
    after = settling(TRANSPORT.give_up_after).of_send(outcome, claim())
    assert (after.state, after.cause in {StuckCause.GAVE_UP, StuckCause.GAVE_UP_ASKING}) == (State.STUCK, True)


def test_a_refusal_that_may_lie_in_the_document_stops_only_that_one():
    """A 400 for one document keeps nobody else waiting: it goes to a person, and the destination is not paused."""
    settled = settling().of_send(Misconfigured(why="It refuses this.", perhaps_document=True), claim())
    assert (settled.state, settled.cause, settled.pause) == (State.STUCK, StuckCause.REFUSED_WITHOUT_REASON, None)
    assert settled.signal is Signal.REFUSED


def test_a_question_that_is_refused_for_one_document_stops_only_that_one():
    """It waits for a person, still in doubt; nobody else's delivery is paused."""
    refused = Misconfigured(why="It refuses this.", perhaps_document=True)
    settled = settling().of_question(refused, claim(State.IN_DOUBT))
    assert (settled.state, settled.pause) == (State.STUCK, None)
    polled = settling().of_poll(refused, POLL)
    assert (polled.state, polled.pause) == (State.PENDING, None)


@pytest.mark.parametrize(
    ("outcome", "signal"),
    [
        (Accepted(receipt=RECEIPT), Signal.UP),
        (Pending(receipt=RECEIPT), Signal.UP),
        (Suspended(receipt=RECEIPT), Signal.UP),
        (Rejected(receipt=RECEIPT), Signal.UP),
        (Rejected(receipt=RECEIPT, concerns_key=True), Signal.UP),
        (TryLater(why="Later."), Signal.DOWN),
        (Unsure(why="No answer."), Signal.DOWN),
        (Misconfigured(why="It refuses us."), None),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_outcome_says_something_about_the_road(outcome, signal):
    """A verdict is a sign of life; silence and “later” are none; a refusal of ourselves pauses instead."""
    assert settling().of_send(outcome, claim()).signal is signal


def test_a_probe_into_a_closed_road_spends_no_attempt():
    """While the breaker is open, what one lane tries now and then is not counted against its submission."""
    assert settling().of_send(TryLater(why="Later."), claim(probe=True)).spent is False
    assert settling().of_send(TryLater(why="Later."), claim()).spent is True


def test_questions_have_their_own_schedule():
    """The first question comes soon, later ones further and further apart, whatever the number of sends."""
    waits = [
        settling().of_question(Unsure(why="No answer."), claim(State.IN_DOUBT, asks=asks, attempts=1)).wait
        for asks in range(1, len(TRANSPORT.schedule))
    ]
    assert all(
        TRANSPORT.schedule[asks] / 2 <= wait <= TRANSPORT.schedule[asks] for asks, wait in enumerate(waits, start=1)
    )


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("after", [None, timedelta(minutes=3)])
def test_the_wait_is_never_sooner_than_the_state_asks(seed, after):
    """Half the delay at least, the whole of it at most, and never before Retry-After."""
    decision = Settling(transport=TRANSPORT, open_road=timedelta(0), rng=random.Random(seed))
    wait = decision.of_send(TryLater(why="Later.", after=after), claim(attempts=2)).wait
    assert wait >= max(TRANSPORT.schedule[1] / 2, after or timedelta(0))
    assert wait <= max(TRANSPORT.schedule[1], (after or timedelta(0)) * 1.1)


@pytest.mark.parametrize(
    ("reply", "becomes"),
    [
        (Accepted(receipt=RECEIPT), State.ACCEPTED),
        (Pending(receipt=RECEIPT), State.PENDING),
        (Rejected(receipt=RECEIPT), State.REJECTED),
        (NotThere(), State.STUCK),
        (Unsure(why="No answer."), State.PENDING),
        (Misconfigured(why="It refuses us."), State.PENDING),
    ],
    ids=lambda value: value.name if isinstance(value, State) else type(value).__name__,
)
def test_each_answer_to_a_poll_leads_to_its_state(reply, becomes):
    """What is pending stays pending until the state says otherwise; what it forgot goes to a person."""
    assert settling().of_poll(reply, POLL).state is becomes
