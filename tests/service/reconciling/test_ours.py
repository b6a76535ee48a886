"""What of our own side is looked at, and how: on both databases."""

from __future__ import annotations

import tracemalloc

import pytest
from cbhi import export, line, numbered
from sqlalchemy import event
from waiting import draft, put

from canonical.submission import State
from service.audit.audit import Audit
from service.clock import to_milliseconds
from service.erasure import Erasures, Order
from service.reconciling.match import Category
from service.reconciling.period import Period

CHILD, OLD, OTHER = "100000000124", "100000000001", "100000000231"
DAY, THERE = "2026-10-13", "10/13/2026"
C = Category


def kinds(result) -> dict[str, int]:
    return {category.value: many for category, many in result.kinds.items()}


def test_every_state_is_found_on_both_databases(reconcile, stand):
    """Accepted, typed, open, held and unknown, each with its own child."""
    children = numbered(range(5))
    ids = [
        stand(state, child, DAY)
        for state, child in zip((State.ACCEPTED, State.CLOSED, State.HANDED_OFF, State.HELD), children, strict=False)
    ]
    result = reconcile(export(*(line(child, THERE) for child in children)))
    assert kinds(result) == {"twice": 1, "will_be_twice": 1, "to_close": 1, "only_there": 1, "both": 1}
    assert {one.id for match in result.matches for one in match.ours} == set(ids)


def test_another_agency_is_not_looked_at(reconcile, stand, outbox):
    """Neither its submissions nor its children, though the same child was there."""
    put(outbox, draft("theirs", CHILD, State.HANDED_OFF, ASSESSMENT_DATE=DAY), agency="harborlight")
    result = reconcile(export(line(CHILD, THERE)))
    assert (kinds(result), result.submissions) == ({"only_there": 1}, 0)


def test_an_old_and_a_corrected_id_are_one_child(reconcile, stand):
    """The submission bears the ID of then, the Virtual Gateway that of now; the agency's own number joined them here."""
    id_ = stand(State.CLOSED, OLD, DAY, MEMBER_LOCAL_ID="RB-7", MEMBER_DOB="2014-03-02")
    stand(State.CLOSED, CHILD, "2026-01-13", MEMBER_LOCAL_ID="RB-7", MEMBER_DOB="2014-03-02")
    result = reconcile(export(line(CHILD, THERE)))
    (match,) = result.matches
    assert (match.category, [one.id for one in match.ours], result.outside) == (C.BOTH, [id_], 1)


def test_an_id_that_only_a_blocked_submission_bore_is_compared_all_the_same(reconcile, stand):
    """Of a blocked one no child is learnt; its ID is."""
    stand(State.BLOCKED, CHILD, DAY, MEMBER_LOCAL_ID="RB-7")
    assert kinds(reconcile(export(line(CHILD, THERE)))) == {"both": 1}


def test_days_that_no_export_covers_are_not_asked_about(reconcile, stand):
    """Neither missing nor found: they are counted as outside."""
    stand(State.CLOSED, CHILD, "2026-10-11")
    stand(State.ACCEPTED, OTHER, "2026-10-19")
    result = reconcile(export(line(CHILD, THERE)))
    assert (kinds(result), result.outside, result.submissions) == ({"only_there": 1}, 2, 2)


def test_without_a_period_nobody_says_what_is_missing(reconcile, stand):
    """It may be in another export: undecided, and no pass; with a period that somebody states it is decided."""
    stand(State.CLOSED, CHILD, DAY)
    stand(State.CLOSED, OTHER, DAY)
    stand(State.CANCELLED, OLD, DAY)
    row = line(CHILD, THERE)
    unknown = reconcile(export(row, name="members.txt"))
    assert (kinds(unknown), unknown.undecided, unknown.outside, unknown.exit_code) == ({"both": 1}, 1, 1, 1)
    stated = reconcile(export(row, name="members.txt", stated=Period.named("20261001-20261031.txt")))
    assert (kinds(stated), stated.undecided) == ({"missing": 1, "both": 1, "given_up": 1}, 0)
    assert stated.remarks == ()


@pytest.mark.parametrize("kind", ["correct", "void"])
def test_a_later_version_at_the_state_takes_the_place_of_the_earlier(reconcile, stand, kind):
    """A corrected day is where the correction says, and what was withdrawn is nowhere."""
    stand(State.ACCEPTED, CHILD, DAY, document="d")
    day = "2026-10-14" if kind == "correct" else DAY
    stand(State.ACCEPTED, CHILD, day, document="d", DOCUMENT_VERSION="2", SUBMISSION_TYPE=kind)
    result = reconcile(export(line(CHILD, THERE), line(OTHER, "10/15/2026")))
    told = {"both": 1, "only_there": 1} | ({"with_ecas": 1} if kind == "correct" else {})
    assert kinds(result) == told


def test_a_correction_on_its_way_is_no_second_record(reconcile, stand):
    """It is a version of what the state has."""
    stand(State.ACCEPTED, CHILD, DAY, document="d")
    stand(State.READY, CHILD, DAY, document="d", DOCUMENT_VERSION="2", SUBMISSION_TYPE="correct")
    assert kinds(reconcile(export(line(OTHER, THERE)))) == {"only_there": 1, "with_ecas": 1}


def test_an_erased_submission_could_not_be_compared(reconcile, stand, outbox, clock):
    """Nobody knows its child and day any more: told, unless it came before the first day that is covered."""
    erasures = Erasures(
        engine=outbox._engine,
        vault=outbox._vault,
        audit=Audit(outbox._vault, lambda _: to_milliseconds(clock())),
        clock=clock,
    )
    id_ = stand(State.ACCEPTED, CHILD, DAY)
    erasures.submission(id_, Order(actor="host:tester"))
    result = reconcile(export(line(CHILD, THERE)))
    assert [(one.ours.id, one.lacks) for one in result.left] == [(id_, None)]
    assert (kinds(result), result.exit_code) == ({"only_there": 1}, 1)
    later = reconcile(export(line(CHILD, "12/14/2026"), name="20261214-20261220.txt"))
    assert (later.left, later.outside) == ((), 1)


@pytest.mark.parametrize(
    ("child", "day", "lacks"), [("12345", DAY, "no_id"), ("", DAY, "no_id"), (CHILD, "10/13/2026", "no_date")]
)
def test_a_submission_without_id_or_day_could_not_be_compared(reconcile, stand, child, day, lacks):
    """Blocked for it by our own judging; it is named, and matched with nothing."""
    id_ = stand(State.BLOCKED, child, day)
    result = reconcile(export(line(CHILD, THERE)))
    assert [(one.ours.id, one.lacks) for one in result.left] == [(id_, lacks)]
    assert kinds(result) == {"only_there": 1}


def test_many_are_looked_at_in_few_questions(reconcile, outbox):
    """A page of submissions costs three, five hundred records one: not one each."""
    children = numbered(range(1200))
    put(outbox, *(draft(child, child, State.BLOCKED, ASSESSMENT_DATE=DAY) for child in children))
    asked = []
    event.listen(outbox._engine, "before_execute", lambda _, statement, *__: asked.append(statement))
    result = reconcile(export(*(line(child, THERE) for child in numbered(range(600, 1800)))))
    assert (result.rows.total(), result.ours.total()) == (1200, 1200)
    assert len(asked) <= 2 * 3 * 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("field", ["f6", "f53"], ids=["status", "instrument"])
def test_what_cannot_be_read_is_not_the_same_as_nothing(reconcile, stand, field):
    """A word that nobody translated differs from a submission that says nothing there."""
    said = {"f6": {"status": ""}, "f53": {"instrument": ""}}[field]
    stand(State.CLOSED, CHILD, DAY, **said)
    assert kinds(reconcile(export(line(CHILD, THERE, **said)))) == {"both": 1}
    assert kinds(reconcile(export(line(CHILD, THERE, **said, **{field: "ODD"})))) == {"differs": 1}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_of_a_record_little_is_kept(reconcile):
    """Less than a kilobyte each at the worst moment, whatever its 254 fields hold."""
    many = 3000
    exported = export(*(line(child, THERE, f90="F43.21") for child in numbered(range(many))))
    reconcile(export(line(OTHER, THERE)))  # what is made once is made
    tracemalloc.start()
    result = reconcile(exported)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert result.rows.total() == many
    assert peak < many * 1000 + 5_000_000
