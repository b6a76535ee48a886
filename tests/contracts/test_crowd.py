"""How many wait, and what an agency asks for: the same on both back ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import HoldCause, JudgedBy, Report
from canonical.payload import Payload
from canonical.submission import State
from service.outbox.outbox import Draft
from service.outbox.wanted import Wanted

_PLACE = Source(file="payload:x", label="row 1")
_JUDGED = Report(findings=(), judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="d", engine="e"))


def _put(outbox, agency, document, *, child="c", state=State.READY, holds=(), service="ICC"):
    texts = {
        "DOCUMENT_ID": document,
        "DOCUMENT_VERSION": "1",
        "SUBMISSION_TYPE": "new",
        "MEMBER_LOCAL_ID": child,
        "SERVICE": service,
    }
    answers = {item: Answer(text=text, source=_PLACE) for item, text in texts.items()}
    draft = Draft(
        assessment=Assessment(agency=agency, answers=answers, origin=_PLACE),
        report=_JUDGED,
        state=state,
        holds=holds,
        why="It conforms and may leave.",
    )
    seen = []
    payload = Payload(content=b"x", name=f"payload:pay_{agency}{document}", agency=agency)
    outbox.put(payload, "fhir", [draft], request=None, answer=lambda entries: (seen.extend(entries), (202, b""))[1])
    return seen[0]


def test_the_crowd_is_counted_by_agency(outbox):
    """What waits is counted for each agency, what may leave for all; what is blocked is in nobody's way."""
    _put(outbox, "riverbend", "a")
    _put(outbox, "riverbend", "b", child="d", state=State.HELD, holds=(HoldCause.PERSON,))
    _put(outbox, "riverbend", "c", child="e", state=State.BLOCKED)
    _put(outbox, "harborlight", "a")
    crowd = outbox.crowd()
    assert (dict(crowd.of), crowd.total, crowd.leaving) == ({"riverbend": 2, "harborlight": 1}, 3, 2)


def test_a_place_in_the_lane_is_told_as_it_is_written(outbox):
    """The entry that an answer is written from knows its report and how many of its child go first."""
    entries = [_put(outbox, "riverbend", name) for name in "abc"]
    assert [entry.ahead for entry in entries] == [0, 1, 2]
    assert all(entry.report == _JUDGED for entry in entries)
    ids = [entry.id for entry in entries]
    assert outbox.before_in_lane("riverbend", ids) == dict(zip(ids, range(3), strict=True))
    assert outbox.before_in_lane("harborlight", ids) == {}


@pytest.mark.parametrize("state", [State.READY, State.HELD, State.BLOCKED, State.HANDED_OFF])
def test_what_is_told_of_one_alone_is_what_is_found_afterwards(outbox, state):
    """The entry that an answer is written from is not read again; whoever reads it finds the same, of a known child too."""
    holds = (HoldCause.PERSON, HoldCause.NAME_CHANGE) if state is State.HELD else ()
    _put(outbox, "riverbend", "before")
    for child in "cd":
        told = _put(outbox, "riverbend", f"{state}{child}", child=child, state=state, holds=holds)
        assert replace(told, ahead=0, report=None) == outbox.entry("riverbend", told.id)
        assert told.report == outbox.report("riverbend", told.id)


def test_a_lane_that_is_new_is_due_as_its_submission_is(outbox):
    """A first submission of a child is due at once where it may leave, and not where it is held."""
    ready = _put(outbox, "riverbend", "a")
    held = _put(outbox, "riverbend", "b", child="d", state=State.HELD, holds=(HoldCause.PERSON,))
    assert outbox.due_at("riverbend", ready.id) == ready.received_at
    assert outbox.due_at("riverbend", held.id) is None
    (claim,) = outbox.claim("ecas", "worker", limit=9, lease=timedelta(minutes=1))
    assert claim.submission == ready.id
    assert outbox.pace() is None


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), ["b", "a"]),
        (Wanted(states=(State.HELD,)), ["b"]),
        (Wanted(causes=(HoldCause.PERSON,)), ["b"]),
        (Wanted(causes=(HoldCause.NOT_LIVE,)), []),
        (Wanted(programme="OPT"), ["b"]),
        (Wanted(document_id="a"), ["a"]),
        (Wanted(document_id="A"), []),
    ],
)
def test_an_agency_finds_what_it_wants(outbox, wanted, found):
    """Each filter leaves what it names; another agency's own is never among it."""
    _put(outbox, "riverbend", "a")
    _put(outbox, "riverbend", "b", child="d", state=State.HELD, holds=(HoldCause.PERSON,), service="OPT")
    _put(outbox, "harborlight", "a")
    entries = outbox.entries("riverbend", after=None, limit=9, state=None, wanted=wanted)
    assert [entry.document_id for entry in entries] == found


def test_withdrawals_are_paged(outbox):
    """Withdrawals come newest first; a cursor of another agency's is none."""
    for number in range(3):
        outbox.withdraw("riverbend", {"MEMBER_ID": str(number)}, actor="somebody", note=f"letter {number}")
    first = outbox.withdrawn_consents("riverbend", after=None, limit=2)
    rest = outbox.withdrawn_consents("riverbend", after=first[-1].id, limit=2)
    assert [one.note for one in (*first, *rest)] == ["letter 2", "letter 1", "letter 0"]
    assert outbox.withdrawn_consents("harborlight", after=first[-1].id, limit=2) is None
