"""Whatever stands on both sides: everything is in exactly one place of the result, and nothing is settled that is not."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from cbhi import OLDER, YOUNGER, export, line, numbered
from hypothesis import given
from hypothesis import strategies as st

from canonical.submission import State
from service.reconciling.export import Row
from service.reconciling.match import SETTLED, Category, matches
from service.reconciling.our_submission import OurSubmission
from service.reconciling.remark import Place
from service.reconciling.whereabouts import Whereabouts

_WORDS = st.sampled_from(("", OLDER, YOUNGER, "?"))
_STATUSES = st.sampled_from(("", "complete", "paper", "?"))


@st.composite
def rows(draw) -> list[Row]:
    made = []
    for number in range(1, draw(st.integers(0, 5)) + 1):
        place = Place(file="export.txt", line=number)
        repeats = bool(made) and draw(st.booleans())
        like = made[0] if repeats else None
        instrument = like.instrument if like else draw(_WORDS)
        status = like.status if like else draw(_STATUSES)
        made.append(Row(place=place, nth=number, content=b"", instrument=instrument, status=status, repeats=repeats))
    return made


@st.composite
def submissions(draw) -> list[OurSubmission]:
    return [
        OurSubmission(
            seq=seq,
            id=f"sub_{seq}",
            state=State.HELD,
            where=draw(st.sampled_from(Whereabouts)),
            document=draw(st.sampled_from((b"a", b"b", b"c"))),
            instrument=draw(_WORDS),
            status=draw(_STATUSES),
        )
        for seq in range(1, draw(st.integers(0, 5)) + 1)
    ]


@given(rows(), submissions())
def test_everything_of_one_child_and_day_is_in_exactly_one_match(there, ours):
    """No record and no submission is lost, and none is told twice."""
    found = list(matches(there, ours))
    assert Counter(row.place for match in found for row in match.rows) == Counter(row.place for row in there)
    assert Counter(one.id for match in found for one in match.ours) == Counter(one.id for one in ours)
    assert all(match.rows or match.ours for match in found)


@given(rows(), submissions())
def test_what_is_settled_is_with_the_state_at_most_once(there, ours):
    """By another reckoning than that of the categories: one holder or none, nobody waiting, and statuses alike."""
    for match in matches(there, ours):
        if match.category not in SETTLED:
            continue
        wheres = {one.where for one in match.ours}
        ecas = {one.document for one in match.ours if one.where is Whereabouts.WITH_ECAS}
        held = len([row for row in match.rows if not row.repeats]) + len(ecas)
        late = {one.document for one in match.ours if one.where in (Whereabouts.COMING, Whereabouts.WAITING)}
        assert held <= 1
        assert late <= ecas
        assert (
            Whereabouts.TO_TYPE not in wheres
            or {one.document for one in match.ours if one.where is Whereabouts.TO_TYPE} <= ecas
        )
        assert (held == 1) is (match.category is not Category.GIVEN_UP)
        if match.category is not Category.BOTH:
            assert not match.rows
        assert "instrument" not in match.differs


@given(rows(), submissions())
def test_what_differs_is_never_told_as_the_same(there, ours):
    """The instrument of every match is one, unless it says that it differs."""
    for match in matches(there, ours):
        instruments = {one.instrument for one in (*match.rows, *match.ours)}
        assert len(instruments) == 1 or "instrument" in match.differs


#: In an order in which none keeps a later one of its child from being sent.
_STATES = (
    State.ACCEPTED,
    State.REJECTED,
    State.PENDING,
    State.SUSPENDED,
    State.CLOSED,
    State.CANCELLED,
    State.BLOCKED,
    State.HANDED_OFF,
    State.HELD,
    State.READY,
)


@pytest.mark.parametrize("seed", range(3))
def test_the_counts_of_a_whole_comparison_balance(reconcile, stand, seed):
    """Records of both exports, and submissions of every state and week: as many come out as went in, on both databases."""
    dice = random.Random(seed)
    children = numbered(range(12))
    states = sorted(dice.choices(_STATES, k=30), key=_STATES.index)
    ids = {
        stand(
            state,
            dice.choice(children),
            f"2026-10-{dice.randint(1, 31):02}",
            document=f"d{number}",
            instrument=dice.choice((OLDER, YOUNGER)),
        )
        for number, state in enumerate(states)
    }
    broken = [line("", "10/13/2026"), line(children[0], "never")]
    weeks = {"20261012-20261018.txt": range(12, 19), "20261019-20261025.txt": range(19, 26)}
    lines = {
        name: [
            line(dice.choice(children), f"10/{dice.choice(days)}/2026", dice.choice((OLDER, YOUNGER)))
            for _ in range(dice.randint(5, 25))
        ]
        for name, days in weeks.items()
    }
    result = reconcile(*(export(*some, *broken, name=name) for name, some in lines.items()))
    told = [one.id for match in result.matches for one in match.ours]
    assert len(told) == len(set(told)) == result.ours.total()
    assert set(told) <= ids
    assert result.submissions == len(ids)
    assert result.rows.total() == sum(map(len, lines.values()))
    assert result.not_compared == 2 * len(broken)
    places = [row.place for match in result.matches for row in match.rows]
    assert len(places) == len(set(places)) == result.rows.total()
    assert [match.category for match in result.matches] == sorted(
        (match.category for match in result.matches), key=list(Category).index
    )
