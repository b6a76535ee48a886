"""One place for one item, the best for all of them together."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st

from service.drafting.assignment import assignment

SCORES = st.integers(1, 4).flatmap(
    lambda columns: st.lists(
        st.lists(st.sampled_from([0.0, 0.3, 0.55, 0.6, 0.7, 0.85, 0.9, 1.0]), min_size=columns, max_size=columns),
        min_size=1,
        max_size=4,
    )
)


def test_greed_would_leave_an_item_with_nothing():
    """The best pair is not taken where that leaves two others with nothing."""
    greedy_first = [[0.95, 0.9], [0.9, 0.0]]

    assert assignment(greedy_first, 0.5) == {0: 1, 1: 0}


def test_a_pair_that_is_hardly_alike_is_no_pair():
    """What scores below the least is worse than nothing, even where both would go without."""
    assert assignment([[0.49, 0.1], [0.2, 0.8]], 0.5) == {1: 1}
    assert assignment([], 0.5) == {}
    assert assignment([[0.2]], 0.5) == {}


@settings(max_examples=200, deadline=None)
@given(scores=SCORES)
def test_no_other_choice_is_better(scores):
    """For every small table the sum of what is gained is that of the best of all choices, tried one by one."""
    least = 0.5
    columns = len(scores[0])
    padded = range(columns + len(scores))
    best = max(
        sum(scores[row][at] - least for row, at in enumerate(chosen) if at < columns and scores[row][at] >= least)
        for chosen in permutations(padded, len(scores))
    )
    found = assignment(scores, least)

    assert len(set(found.values())) == len(found)
    assert abs(sum(scores[row][at] - least for row, at in found.items()) - best) < 1e-9
