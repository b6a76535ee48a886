"""What it means that a child's day is, or is not, on both sides: against a table."""

from __future__ import annotations

from collections import Counter

import pytest
from cbhi import YOUNGER, export, line

from canonical.submission import State
from service.reconciling.match import Category, Match

CHILD, OTHER = "100000000124", "100000000231"
DAY, THERE = "2026-10-13", "10/13/2026"
ROW = line(CHILD, THERE)
S, C = State, Category
#: The records of the export, the submissions, and what it is.
CASES = {
    "closed as typed, and not there": ([], [S.CLOSED], C.MISSING),
    "typed and there": ([ROW], [S.CLOSED], C.BOTH),
    "accepted and there": ([ROW], [S.ACCEPTED], C.TWICE),
    "there twice": ([ROW, ROW], [], C.TWICE),
    "there twice and typed once": ([ROW, ROW], [S.CLOSED], C.TWICE),
    "there and ready": ([ROW], [S.READY], C.WILL_BE_TWICE),
    "there and held": ([ROW], [S.HELD], C.WILL_BE_TWICE),
    "there and pending": ([ROW], [S.PENDING], C.WILL_BE_TWICE),
    "there and suspended": ([ROW], [S.SUSPENDED], C.WILL_BE_TWICE),
    "there and in doubt": ([ROW], [S.IN_DOUBT], C.WILL_BE_TWICE),
    "there, and the hand-off is open": ([ROW], [S.HANDED_OFF], C.TO_CLOSE),
    "there alone": ([ROW], [], C.ONLY_THERE),
    "there and cancelled": ([ROW], [S.CANCELLED], C.BOTH),
    "there and rejected": ([ROW], [S.REJECTED], C.BOTH),
    "there and blocked": ([ROW], [S.BLOCKED], C.BOTH),
    "accepted alone": ([], [S.ACCEPTED], C.WITH_ECAS),
    "handed off alone": ([], [S.HANDED_OFF], C.NOT_TYPED),
    "ready alone": ([], [S.READY], C.ON_ITS_WAY),
    "in doubt alone": ([], [S.IN_DOUBT], C.ON_ITS_WAY),
    "pending alone": ([], [S.PENDING], C.ON_ITS_WAY),
    "held alone": ([], [S.HELD], C.NOWHERE),
    "blocked alone": ([], [S.BLOCKED], C.NOWHERE),
    "rejected alone": ([], [S.REJECTED], C.NOWHERE),
    "cancelled alone": ([], [S.CANCELLED], C.GIVEN_UP),
    "another status": ([line(CHILD, THERE, status="paper")], [S.CLOSED], C.DIFFERS),
    "no status": ([line(CHILD, THERE, status="")], [S.CLOSED], C.DIFFERS),
    "a status that nobody translated": ([line(CHILD, THERE, f6="ODD")], [S.CLOSED], C.DIFFERS),
    "another instrument": ([line(CHILD, THERE, YOUNGER)], [S.CLOSED], C.DIFFERS),
    "no instrument": ([line(CHILD, THERE, "")], [S.HANDED_OFF], C.DIFFERS),
    "another instrument, accepted": ([line(CHILD, THERE, YOUNGER)], [S.ACCEPTED], C.DIFFERS),
    "another status, accepted": ([line(CHILD, THERE, status="paper")], [S.ACCEPTED], C.TWICE),
}


def _of_the_other(match: Match) -> bool:
    """Return whether it is about the child that every export of these tests begins with, and of whom nothing is here."""
    return [row.place.line for row in match.rows] == [1]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("case", CASES)
def test_what_it_means_follows_from_both_sides(reconcile, stand, case):
    """One match, with everything of both sides in it, and exit code 1 unless it is settled."""
    lines, states, category = CASES[case]
    ids = [stand(state, CHILD, DAY) for state in states]
    result = reconcile(export(line(OTHER, THERE), *lines))
    assert result.kinds == Counter((category, C.ONLY_THERE))
    match = next(one for one in result.matches if not _of_the_other(one))
    assert (match.category, [one.id for one in match.ours]) == (category, ids)
    assert [row.place.line for row in match.rows] == [number for number, _ in enumerate(lines, start=2)]
    assert result.exit_code == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("state", "lines"),
    [(S.CLOSED, [ROW]), (S.ACCEPTED, [line(OTHER, THERE)])],
    ids=["typed and there", "with eCAS alone"],
)
def test_what_is_with_the_state_once_is_reconciled(reconcile, stand, state, lines):
    """Exit code 0: everything is in the Virtual Gateway or with eCAS, never in both."""
    stand(state, CHILD, DAY)
    if state is S.ACCEPTED:
        stand(S.CLOSED, OTHER, DAY)
    result = reconcile(export(*lines))
    assert (result.exit_code, result.open) == (0, 0)


def of(*pairs) -> Counter:
    return Counter(dict(pairs))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_instruments_of_one_day_are_two_matters(reconcile, stand):
    """A child that has both on one day is compared form by form; what is left of either side differs."""
    stand(S.CLOSED, CHILD, DAY)
    stand(S.ACCEPTED, CHILD, DAY, instrument=YOUNGER)
    assert reconcile(export(ROW)).kinds == of((C.BOTH, 1), (C.WITH_ECAS, 1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_documents_typed_and_one_there_is_one_missing(reconcile, stand):
    """A hand-off that somebody closed needs a record of its own."""
    ids = [stand(S.CLOSED, CHILD, DAY, document=name) for name in ("initial", "reassessment")]
    (match,) = reconcile(export(ROW)).matches
    assert (match.category, [one.id for one in match.ours]) == (C.MISSING, ids)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("first", "second", "lines", "category"),
    [
        (S.ACCEPTED, S.ACCEPTED, [], C.TWICE),
        (S.ACCEPTED, S.HANDED_OFF, [], C.WILL_BE_TWICE),
        (S.ACCEPTED, S.READY, [], C.WILL_BE_TWICE),
        (S.CLOSED, S.HANDED_OFF, [ROW], C.WILL_BE_TWICE),
        (S.HANDED_OFF, S.HANDED_OFF, [], C.WILL_BE_TWICE),
        (S.ACCEPTED, S.BLOCKED, [], C.WITH_ECAS),
    ],
)
def test_two_documents_of_one_matter_are_a_double_record(reconcile, stand, first, second, lines, category):
    """Whether both are there or one is on its way; a blocked one will never be."""
    stand(first, CHILD, DAY, document="one")
    stand(second, CHILD, DAY, document="two")
    result = reconcile(export(*lines, line(OTHER, THERE)))
    assert result.kinds == of((category, 1), (C.ONLY_THERE, 1))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("names", [("20261012-20261018.txt", "20261013-20261019.txt"), ("a.txt", "b.txt")])
def test_a_record_that_was_exported_twice_is_one_record(reconcile, stand, names):
    """Word for word the same in two files: counted, shown as such, and no double record of the state's."""
    stand(S.CLOSED, CHILD, DAY)
    result = reconcile(export(ROW, name=names[0]), export(ROW, line(OTHER, THERE), name=names[1]))
    match = next(one for one in result.matches if one.ours)
    assert (match.category, [row.repeats for row in match.rows]) == (C.BOTH, [False, True])
