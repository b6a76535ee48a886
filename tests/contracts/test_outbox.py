"""What every outbox must do, on every back end."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Sequence
from datetime import timedelta

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.errors import LostLease
from canonical.finding import HoldCause, JudgedBy, Report
from canonical.outcome import Receipt
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from service.outbox.outbox import Draft, Entry, KeyReused, Request, Settlement
from service.outbox.sql_outbox import SqlOutbox

NUMBERS = itertools.count(1)
LEASE = timedelta(seconds=60)
SOON = timedelta(seconds=30)
JUDGED = Report(
    findings=(),
    judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test"),
)
ACCEPTED = Settlement(
    state=State.ACCEPTED,
    outcome="Accepted",
    why="The state accepted it.",
    receipt=Receipt(tracking_id="trk_1", verdict=Verdict.ACCEPTED, document_id="d", digest="sha-256:00"),
)
LATER = Settlement(state=State.READY, outcome="TryLater", why="Later.", wait=SOON)
UNSURE = Settlement(state=State.IN_DOUBT, outcome="Unsure", why="No answer.", wait=SOON)


def draft(document: str, child: str = "100000000001", state: State = State.READY, **answers: str) -> Draft:
    place = Source(file="payload:p", label="row 2")
    texts = {"DOCUMENT_ID": document, "MEMBER_ID": child, **answers}
    return Draft(
        assessment=Assessment(
            agency="riverbend",
            origin=place,
            answers={item: Answer(text=text, source=place) for item, text in texts.items()},
        ),
        report=JUDGED,
        state=state,
        holds=(HoldCause.UNKNOWN_KEY,) if state is State.HELD else (),
        why="It conforms and may leave.",
    )


def put(outbox: SqlOutbox, *drafts: Draft, agency: str = "riverbend", request: Request | None = None) -> list[str]:
    """Write drafts down and return the submissions' ids."""
    ids: list[str] = []

    def answer(entries: Sequence[Entry]) -> tuple[int, bytes]:
        ids.extend(entry.id for entry in entries)
        return 202, b"taken"

    payload = Payload(content=b"{}", name=f"payload:pay_{next(NUMBERS)}", agency=agency)
    outbox.put(payload, "fhir", drafts, request=request, answer=answer)
    return ids


def claim(outbox: SqlOutbox, worker: str = "one", limit: int = 10):
    return outbox.claim("ecas", worker, limit=limit, lease=LEASE)


def state(outbox: SqlOutbox, id_: str, agency: str = "riverbend") -> State:
    entry = outbox.entry(agency, id_)
    assert entry is not None
    return entry.state


def test_what_was_put_can_be_claimed_and_settled(outbox):
    """A submission leaves once, with its answers as they were, and ends where the state put it."""
    (id_,) = put(outbox, draft("d1", MEMBER_LAST_NAME="Example"))
    (taken,) = claim(outbox)
    assert (taken.submission, taken.state, taken.attempts) == (id_, State.SENDING, 1)
    assert taken.assessment.text("MEMBER_LAST_NAME") == "Example"
    assert claim(outbox) == []
    outbox.settle(taken, ACCEPTED)
    entry = outbox.entry("riverbend", id_)
    assert entry is not None
    assert (entry.state, entry.verdict, entry.receipt) == (State.ACCEPTED, Verdict.ACCEPTED, "trk_1")
    assert claim(outbox) == []


def test_one_child_leaves_in_order_and_one_at_a_time(outbox, clock):
    """The second submission of a child stays until the first is settled, even over retries."""
    first, second = put(outbox, draft("d1"), draft("d2"))
    (taken,) = claim(outbox)
    assert taken.submission == first
    outbox.settle(taken, LATER)
    assert claim(outbox) == []  # the retry delay holds the whole lane
    clock.forward(SOON)
    (taken,) = claim(outbox)
    assert (taken.submission, taken.attempts) == (first, 2)
    outbox.settle(taken, ACCEPTED)
    (taken,) = claim(outbox)
    assert taken.submission == second


def test_a_child_is_known_by_any_of_its_identifiers(outbox):
    """A submission that brings only the local id joins the lane of the child whose both ids were seen."""
    first, second = put(
        outbox,
        draft("d1", MEMBER_LOCAL_ID="L7"),
        Draft(
            assessment=draft("d2", child="", MEMBER_LOCAL_ID="L7").assessment,
            report=JUDGED,
            state=State.READY,
            why="",
        ),
    )
    assert [taken.submission for taken in claim(outbox)] == [first]
    assert state(outbox, second) is State.READY


@pytest.mark.parametrize("head", [State.HELD, State.READY])
def test_what_waits_holds_back_the_next_of_its_child_only(outbox, head):
    """A held submission holds its own lane; another child's goes."""
    first, second, other = put(outbox, draft("d1", state=head), draft("d2"), draft("d3", child="100000000002"))
    gone = {taken.submission for taken in claim(outbox)}
    assert gone == ({other} if head is State.HELD else {first, other})
    assert state(outbox, second) is State.READY


def test_a_blocked_submission_is_kept_and_never_claimed(outbox):
    """What our own judging stopped is written down, holds nobody back, and never leaves."""
    first, second = put(outbox, draft("d1", state=State.BLOCKED), draft("d2"))
    assert [taken.submission for taken in claim(outbox)] == [second]
    assert state(outbox, first) is State.BLOCKED


def test_after_the_lease_the_next_worker_asks_first(outbox, clock):
    """A worker that recorded nothing leaves its submission in doubt: the next claim is a question, same key."""
    put(outbox, draft("d1"))
    (lost,) = claim(outbox)
    clock.forward(LEASE)
    (taken,) = claim(outbox, "two")
    assert (taken.state, taken.attempts) == (State.IN_DOUBT, 1)
    assert taken.idempotency_key == lost.idempotency_key
    again = outbox.resend(taken)
    assert (again.state, again.attempts, again.idempotency_key) == (State.SENDING, 2, lost.idempotency_key)


def test_the_fence_keeps_a_zombie_from_recording(outbox, clock):
    """Whoever lost the lease changes nothing, neither by settling nor by sending again."""
    (id_,) = put(outbox, draft("d1"))
    (zombie,) = claim(outbox)
    clock.forward(LEASE)
    (taken,) = claim(outbox, "two")
    with pytest.raises(LostLease):
        outbox.settle(zombie, ACCEPTED)
    with pytest.raises(LostLease):
        outbox.resend(zombie)
    assert state(outbox, id_) is State.IN_DOUBT
    outbox.settle(taken, ACCEPTED)
    assert state(outbox, id_) is State.ACCEPTED


def test_the_leases_of_the_dead_end_at_once(outbox):
    """No lease has to run out when its worker is known to be gone; the living keep theirs."""
    put(outbox, draft("d1"), draft("d2", child="100000000002"))
    claim(outbox, "dead", limit=1)
    claim(outbox, "living", limit=1)
    assert outbox.expire(lambda name: name == "living") == 1
    assert len(claim(outbox, "next")) == 1


def test_an_in_doubt_submission_is_asked_again_after_its_wait(outbox, clock):
    """In doubt stays in doubt, holds its lane, and comes back as a question."""
    first, _ = put(outbox, draft("d1"), draft("d2"))
    (taken,) = claim(outbox)
    outbox.settle(taken, UNSURE)
    assert claim(outbox) == []
    clock.forward(SOON)
    (taken,) = claim(outbox)
    assert (taken.submission, taken.state) == (first, State.IN_DOUBT)


def test_a_second_try_gets_a_fresh_key_once(outbox):
    """After a definite rejection the old idempotency key is spent."""
    put(outbox, draft("d1"))
    (first,) = claim(outbox)
    outbox.settle(first, Settlement(state=State.READY, outcome="Rejected", why="Once more.", fresh_key=True))
    (second,) = claim(outbox)
    assert second.second_try
    assert not first.second_try
    assert second.idempotency_key != first.idempotency_key


def test_a_pause_keeps_everything_back_and_spends_nothing(outbox):
    """A destination that refuses us is paused; the refused attempt does not count; resuming sends again."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(
        taken, Settlement(state=State.READY, outcome="Misconfigured", why="403", spent=False, pause="It refuses us.")
    )
    assert outbox.paused("ecas") == "It refuses us."
    assert claim(outbox) == []
    assert outbox.entry("riverbend", id_).attempts == 0
    outbox.resume("ecas")
    assert [taken.submission for taken in claim(outbox)] == [id_]


def test_a_pending_receipt_is_polled_until_it_is_final(outbox, clock):
    """Pending lets the next of the lane go, and is asked for again by a due time that survives the worker."""
    first, second = put(outbox, draft("d1"), draft("d2"))
    (taken,) = claim(outbox)
    receipt = Receipt(tracking_id="trk_9", verdict=Verdict.PENDING, document_id="d1", digest="sha-256:09")
    outbox.settle(taken, Settlement(state=State.PENDING, outcome="Pending", why="", wait=SOON, receipt=receipt))
    assert [taken.submission for taken in claim(outbox)] == [second]
    assert outbox.polls("ecas", limit=5, lease=LEASE) == []
    clock.forward(SOON)
    (lost,) = outbox.polls("ecas", limit=5, lease=LEASE)
    assert (lost.tracking_id, lost.digest) == ("trk_9", "sha-256:09")
    assert outbox.polls("ecas", limit=5, lease=LEASE) == []
    clock.forward(LEASE)
    (poll,) = outbox.polls("ecas", limit=5, lease=LEASE)
    with pytest.raises(LostLease):
        outbox.settle_poll(lost, ACCEPTED)
    outbox.settle_poll(poll, ACCEPTED)
    assert state(outbox, first) is State.ACCEPTED
    clock.forward(LEASE)
    assert outbox.polls("ecas", limit=5, lease=LEASE) == []


def test_the_claim_is_fair_between_agencies(outbox):
    """An agency with many due lanes does not crowd out one with few."""
    put(outbox, *(draft(f"r{n}", child=f"1000000000{n:02}") for n in range(20)))
    put(outbox, draft("h1"), agency="harborlight")
    put(outbox, draft("n1"), agency="northstar")
    agencies = [taken.agency for taken in claim(outbox, limit=4)]
    assert sorted(agencies) == ["harborlight", "northstar", "riverbend", "riverbend"]


def test_the_same_request_takes_effect_once(outbox):
    """The same key and body get the same answer again; the same key with another body is refused."""
    request = Request(endpoint="submissions", key="k1", body="sha-256:aa")
    (id_,) = put(outbox, draft("d1"), request=request)
    assert put(outbox, draft("d1"), request=request) == []
    reply = outbox.answered("riverbend", request)
    assert reply is not None
    assert (reply.status, reply.content, reply.replayed) == (202, b"taken", True)
    assert outbox.answered("harborlight", request) is None
    with pytest.raises(KeyReused):
        put(outbox, draft("d2"), request=Request(endpoint="submissions", key="k1", body="sha-256:bb"))
    assert [entry.id for entry in outbox.entries("riverbend", after=None, limit=9, state=None)] == [id_]


def test_a_document_on_its_way_is_not_written_down_twice(outbox):
    """A daily export that repeats yesterday's rows sends none of them again; an altered one is blocked with X004."""
    (first,) = put(outbox, draft("d1"))
    assert put(outbox, draft("d1")) == [first]
    (changed,) = put(outbox, draft("d1", MEMBER_LAST_NAME="Other"))
    assert changed != first
    assert state(outbox, changed) is State.BLOCKED
    report = outbox.report("riverbend", changed)
    assert report is not None
    assert [finding.rule for finding in report.findings] == ["X004"]


def test_a_document_that_races_itself_is_written_down_once(outbox):
    """Twelve payloads with the same document at the same moment make one submission, and all are told of it."""
    told: list[str] = []
    threads = [threading.Thread(target=lambda: told.extend(put(outbox, draft("d1")))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(told), len(set(told))) == (12, 1)
    assert len(outbox.entries("riverbend", after=None, limit=99, state=None)) == 1


def test_a_document_that_never_left_may_come_again(outbox):
    """A blocked document is repaired and sent again under the same id."""
    (first,) = put(outbox, draft("d1", state=State.BLOCKED))
    (second,) = put(outbox, draft("d1"))
    assert first != second
    assert [taken.submission for taken in claim(outbox)] == [second]


def test_another_agency_sees_nothing(outbox):
    """Every question of another agency is answered as if there were nothing."""
    (id_,) = put(outbox, draft("d1"))
    assert outbox.entry("harborlight", id_) is None
    assert outbox.entries("harborlight", after=None, limit=9, state=None) == []
    assert outbox.report("harborlight", id_) is None
    assert outbox.events("harborlight", id_) == []
    assert outbox.receipts("harborlight", id_) == []
    assert outbox.assessment("harborlight", id_) is None


def test_pages_follow_one_another_without_gap(outbox):
    """Cursor pages, newest first, hold every submission once."""
    ids = put(outbox, *(draft(f"d{n}", child=f"1000000000{n:02}") for n in range(7)))
    seen, after = [], None
    while page := outbox.entries("riverbend", after=after, limit=3, state=None):
        seen += [entry.id for entry in page]
        after = page[-1].id
    assert seen == ids[::-1]


def test_every_move_is_told(outbox):
    """The events of a submission read as its story."""
    (id_,) = put(outbox, draft("d1"))
    (taken,) = claim(outbox)
    outbox.settle(taken, ACCEPTED)
    assert [event.became for event in outbox.events("riverbend", id_)] == [
        State.RECEIVED,
        State.READY,
        State.SENDING,
        State.ACCEPTED,
    ]


def test_racing_workers_never_hold_one_lane_together(outbox):
    """Eight threads claim and settle sixty submissions of six children: each leaves once, in its child's order."""
    ids = put(outbox, *(draft(f"d{n}", child=f"10000000000{n % 6}") for n in range(60)))
    sent: list[str] = []
    held: set[int] = set()
    guard = threading.Lock()

    def work(name: str) -> None:
        while claims := claim(outbox, name, limit=2):
            for taken in claims:
                with guard:
                    assert taken.lane not in held
                    held.add(taken.lane)
                    sent.append(taken.submission)
                with guard:
                    held.discard(taken.lane)
                outbox.settle(taken, ACCEPTED)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work("last")
    assert sorted(sent) == sorted(ids)
    for child in range(6):
        assert [id_ for id_ in sent if ids.index(id_) % 6 == child] == ids[child::6]


def test_a_repaired_export_takes_the_place_of_what_waited_for_it(outbox):
    """Held, never sent, and sent again with other answers: the first is superseded, the second goes its way."""
    (held,) = put(outbox, draft("d1", state=State.HELD))
    (repaired,) = put(outbox, draft("d1", MEMBER_LAST_NAME="Other"))
    assert (state(outbox, held), state(outbox, repaired)) == (State.SUPERSEDED, State.READY)
    assert [taken.submission for taken in claim(outbox)] == [repaired]
