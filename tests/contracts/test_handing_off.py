"""Hand-offs and the ramp of a go-live, on every back end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import HoldCause, JudgedBy, Report
from canonical.payload import Payload
from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import writing
from service.outbox.handing_off import Programmes, ramp
from service.outbox.outbox import Draft, Entry
from service.outbox.sql_outbox import SqlOutbox
from service.tenants.tenant import EVERY

NUMBERS = itertools.count(1)
LEASE = timedelta(seconds=60)
JUDGED = Report(
    findings=(),
    judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test"),
)
ALL = Programmes()


def draft(document: str, child: str = "100000000001", state: State = State.READY, programme: str = "") -> Draft:
    place = Source(file="payload:p", label="row 2")
    texts = {"DOCUMENT_ID": document, "MEMBER_ID": child, "SERVICE": programme}
    return Draft(
        assessment=Assessment(
            agency="riverbend",
            origin=place,
            answers={item: Answer(text=text, source=place) for item, text in texts.items() if text},
        ),
        report=JUDGED,
        state=state,
        holds=(HoldCause.NOT_LIVE,) if state is State.HELD else (),
        why="Because.",
    )


def put(outbox: SqlOutbox, *drafts: Draft, agency: str = "riverbend") -> list[str]:
    ids: list[str] = []

    def answer(entries: Sequence[Entry]) -> tuple[int, bytes]:
        ids.extend(entry.id for entry in entries)
        return 202, b""

    payload = Payload(content=b"{}", name=f"payload:pay_{next(NUMBERS)}", agency=agency)
    outbox.put(payload, "fhir", drafts, request=None, answer=answer)
    return ids


def claimed(outbox: SqlOutbox) -> list[str]:
    return [taken.submission for taken in outbox.claim("ecas", "one", limit=10, lease=LEASE)]


def state(outbox: SqlOutbox, id_: str) -> State:
    entry = outbox.entry("riverbend", id_)
    assert entry is not None
    return entry.state


def to(outbox: SqlOutbox, id_: str, then: Draft, was: State) -> bool:
    return outbox.reroute("riverbend", id_, then, was=was, actor="tester", why="Because.")


def test_a_hand_off_is_never_claimed_and_a_later_one_of_its_child_waits_for_it(outbox):
    """The next of the child leaves when a person has closed the hand-off; another child's is not kept."""
    handed, later, other = put(outbox, draft("d1", state=State.HANDED_OFF), draft("d2"), draft("d3", "100000000002"))
    assert claimed(outbox) == [other]
    assert outbox.close_handoff("riverbend", handed, actor="Robin", note="entered, confirmation 8812")
    assert claimed(outbox) == [later]


def test_only_an_open_hand_off_is_closed_and_once(outbox):
    """What is not handed off, is closed already or belongs to another agency stays as it is; the note is kept."""
    handed, queued = put(outbox, draft("d1", state=State.HANDED_OFF), draft("d2", "100000000002"))
    assert not outbox.close_handoff("riverbend", queued, actor="Robin", note="n")
    assert not outbox.close_handoff("harborlight", handed, actor="Robin", note="n")
    assert outbox.close_handoff("riverbend", handed, actor="Robin", note="confirmation 8812")
    assert not outbox.close_handoff("riverbend", handed, actor="Robin", note="again")
    assert state(outbox, handed) is State.CLOSED
    last = outbox.events("riverbend", handed)[-1]
    assert (last.was, last.became, last.actor, last.note) == (
        State.HANDED_OFF,
        State.CLOSED,
        "Robin",
        "confirmation 8812",
    )


def test_what_a_person_entered_does_not_come_again(outbox):
    """The nightly export that brings the closed document once more gets the entry that is there, on whatever route."""
    (handed,) = put(outbox, draft("d1", state=State.HANDED_OFF))
    outbox.close_handoff("riverbend", handed, actor="Robin", note="n")
    assert put(outbox, draft("d1")) == [handed]
    assert claimed(outbox) == []


def test_the_list_tells_age_and_neighbours(outbox, clock):
    """Oldest first; with what comes before it, and what waits behind it."""
    first, second = put(outbox, draft("d1", state=State.READY), draft("d2", state=State.HANDED_OFF))
    (third,) = put(outbox, draft("d3", "100000000002", state=State.HANDED_OFF))
    (fourth,) = put(outbox, draft("d4"))
    assert claimed(outbox) == [first]
    found = outbox.handoffs("riverbend", limit=10)
    assert [(one.entry.id, one.after, one.before) for one in found] == [
        (second, (first,), (fourth,)),
        (third, (), ()),
    ]
    assert {one.since for one in found} == {clock()}
    assert [one.entry.id for one in outbox.handoffs("riverbend", limit=1)] == [second]
    assert outbox.handoffs("harborlight", limit=10) == []


def test_what_is_queued_becomes_a_hand_off_and_is_never_sent(outbox):
    """The lane of what was taken out of the queue sends nothing; what a worker has is not taken from it."""
    sent, queued = put(outbox, draft("d1"), draft("d2", "100000000002"))
    assert set(claimed(outbox)) == {sent, queued}
    (fresh,) = put(outbox, draft("d3", "100000000003"))
    assert not to(outbox, sent, draft("d1", state=State.HANDED_OFF), State.READY)
    assert to(outbox, fresh, draft("d3", "100000000003", State.HANDED_OFF), State.READY)
    assert claimed(outbox) == []
    assert (state(outbox, sent), state(outbox, fresh)) == (State.SENDING, State.HANDED_OFF)


def test_what_is_taken_back_keeps_its_place(outbox):
    """Taken back in whatever order, a child's submissions leave in the order in which they came."""
    first, second = put(outbox, draft("d1", state=State.HANDED_OFF), draft("d2", state=State.HANDED_OFF))
    assert to(outbox, second, draft("d2"), State.HANDED_OFF)
    assert claimed(outbox) == []  # the first is still with a person
    assert to(outbox, first, draft("d1"), State.HANDED_OFF)
    assert claimed(outbox) == [first]


def test_a_hand_off_from_before_hand_offs_had_lanes_finds_its_child_s(outbox):
    """It is given the lane of its child, and its place by arrival: before what came later."""
    handed, later = put(outbox, draft("d1", state=State.HANDED_OFF), draft("d2"))
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(update(t.submission).where(t.submission.c.id == handed).values(lane=None))
    assert [one.after + one.before for one in outbox.handoffs("riverbend", limit=9)] == [()]
    assert to(outbox, handed, draft("d1"), State.HANDED_OFF)
    assert claimed(outbox) == [handed]
    assert state(outbox, later) is State.READY


def test_of_a_route_are_a_programme_s_own_and_the_rest(outbox):
    """One programme, or all without a route of their own; page by page, oldest first."""
    icc, iht, none = put(
        outbox,
        draft("d1", "100000000001", programme="ICC"),
        draft("d2", "100000000002", programme="IHT"),
        draft("d3", "100000000003"),
    )

    def of(programmes: Programmes, **asked: object) -> list[str]:
        found = outbox.of_route("riverbend", programmes, (State.READY, State.HELD), limit=10, **asked)
        return [entry.id for entry in found]

    assert of(ALL) == [icc, iht, none]
    assert of(Programmes(programme="ICC", own=("ICC",))) == [icc]
    assert of(Programmes(own=("ICC",))) == [iht, none]
    assert of(ALL, after=icc) == [iht, none]


def test_of_the_held_only_those_that_wait_for_a_go_live_follow_their_route(outbox):
    """What a person holds, alone, is not looked at again and again: whoever releases it looks at the route."""
    waits, ready, _, both = put(
        outbox,
        draft("d1", "100000000001", State.HELD),
        draft("d2", "100000000002"),
        replace(draft("d3", "100000000003", State.HELD), holds=(HoldCause.PERSON,)),
        replace(draft("d4", "100000000004", State.HELD), holds=(HoldCause.PERSON, HoldCause.NOT_LIVE)),
    )
    found = outbox.of_route("riverbend", ALL, (State.READY, State.HELD), limit=10)
    assert [entry.id for entry in found] == [waits, ready, both]


def test_a_census_counts_by_state_and_cause_and_names_what_is_under_way(outbox):
    """Everything that has not ended is counted once; one that waits for two causes stands under both."""
    (sent,) = put(outbox, draft("d0", "100000000009"))
    assert claimed(outbox) == [sent]
    two = replace(draft("d2", "100000000002", State.HELD), holds=(HoldCause.NOT_LIVE, HoldCause.PERSON))
    put(outbox, draft("d1", "100000000001", State.HELD), two, draft("d3", "100000000003", State.HANDED_OFF))
    census = outbox.census("riverbend", ALL, named=5)
    assert census.states == {State.SENDING: 1, State.HELD: 2, State.HANDED_OFF: 1}
    assert census.causes == {HoldCause.NOT_LIVE: 2, HoldCause.PERSON: 1}
    assert census.under_way == ((sent, State.SENDING),)


@pytest.mark.parametrize(
    ("released", "lately", "room"),
    [(0, 0, 1), (1, 1, 0), (1, 0, 2), (3, 2, 0), (3, 0, 4), (7, 0, 8), (5, 2, 2), (1000, 0, 60), (1000, 60, 0)],
)
def test_the_ramp_doubles_up_to_its_cap(released, lately, room):
    """Each minute as many as went before it and one more: 1, 2, 4, 8 … 60."""
    assert ramp(released, lately, per_minute=60) == room


def test_two_workers_together_keep_to_one_ramp(outbox, clock):
    """Whoever releases counts what the others released: one in the first minute, two in the second."""
    began = clock()
    drafts = [draft(f"d{n}", f"1000000000{n:02}", State.HELD) for n in range(12)]
    ids = put(outbox, *drafts)

    def work() -> None:
        for n, id_ in enumerate(ids):
            outbox.go_live("riverbend", id_, draft(f"d{n}", f"1000000000{n:02}"), since=began, per_minute=60)

    def minute() -> int:
        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(state(outbox, id_) is State.READY for id_ in ids)

    assert minute() == 1
    assert minute() == 1
    clock.forward(timedelta(seconds=61))
    assert minute() == 3
    clock.forward(timedelta(seconds=61))
    assert minute() == 7


def test_what_a_go_live_does_not_free_takes_no_room(outbox, clock):
    """One that still waits for something else leaves the ramp to those that can leave."""
    began: datetime = clock()
    unknown, free = put(outbox, draft("d1", state=State.HELD), draft("d2", "100000000002", State.HELD))
    still = replace(draft("d1", state=State.HELD), holds=(HoldCause.UNKNOWN_KEY,))
    assert outbox.go_live("riverbend", unknown, still, since=began, per_minute=60)
    assert outbox.go_live_room("riverbend", since=began, per_minute=60) == 1
    assert outbox.go_live("riverbend", free, draft("d2", "100000000002"), since=began, per_minute=60)
    assert outbox.go_live_room("riverbend", since=began, per_minute=60) == 0
    entry = outbox.entry("riverbend", unknown)
    assert entry is not None
    assert entry.holds == (HoldCause.UNKNOWN_KEY,)
