from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_client.retry import given_up, next_due

SCHEDULE = [timedelta(seconds=seconds) for seconds in (15, 120, 600, 1800, 3600, 7200, 14400, 28800)]


class Fixed(random.Random):
    """Always the lower or the upper end."""

    def __init__(self, *, upper: bool) -> None:
        super().__init__()
        self.upper = upper

    def uniform(self, a: float, b: float) -> float:
        return b if self.upper else a


@pytest.mark.parametrize(
    ("attempts", "retry_after", "least", "most"),
    [
        (1, None, 7.5, 15),
        (2, None, 60, 120),
        (8, None, 14400, 28800),
        (9, None, 14400, 28800),
        (10_000, None, 14400, 28800),
        (1, 0, 7.5, 15),
        (1, 10, 10, 15),
        (1, 100, 100, 110),
        (8, 100, 14400, 28800),
        (8, 86400, 86400, 95040),
    ],
)
def test_the_wait_is_the_later_of_schedule_and_retry_after(attempts, retry_after, least, most):
    """max(delay x U(0.5, 1), Retry-After x U(1, 1.1)); the last delay repeats."""
    asked = None if retry_after is None else timedelta(seconds=retry_after)
    assert next_due(SCHEDULE, attempts, asked, Fixed(upper=False)) == timedelta(seconds=least)
    assert next_due(SCHEDULE, attempts, asked, Fixed(upper=True)) == timedelta(seconds=most)


@given(attempts=st.integers(1, 10**6), asked=st.none() | st.integers(0, 86400), seed=st.integers())
def test_never_sooner_than_asked_and_never_later_than_needed(attempts, asked, seed):
    """Whatever the dice say, the wait stays between its bounds."""
    wait = next_due(SCHEDULE, attempts, asked if asked is None else timedelta(seconds=asked), random.Random(seed))
    delay = SCHEDULE[min(attempts, 8) - 1].total_seconds()
    assert max(delay / 2, asked or 0) - 1e-3 <= wait.total_seconds() <= max(delay, 1.1 * (asked or 0)) + 1e-3


def test_a_submission_is_stuck_after_its_days_of_open_road():
    """The end is reached at the limit, not before."""
    week = timedelta(days=7)
    assert not given_up(week, week - timedelta(microseconds=1))
    assert given_up(week, week)
