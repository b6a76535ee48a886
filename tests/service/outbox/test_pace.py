"""The rate limit that all nodes share."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.outbox import pace


def test_without_a_limit_any_number_may_leave():
    """No package names one yet."""
    assert pace.allowed(0, 1_000, None) is None
    assert pace.spent(0, 1_000, None, 50) == 0


def test_a_quiet_hour_is_no_licence_for_a_storm():
    """After any pause one second's worth may leave at once."""
    assert pace.allowed(0, 3_600_000, 10) == 10


@given(st.integers(1, 200), st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 100)), max_size=40))
def test_no_second_sees_more_than_two_seconds_worth(rate, story):
    """Whatever is asked for and when: the burst of one second, and what comes in during it."""
    paced_at, now, left = 0, 10_000_000, []
    for wait, wanted in story:
        now += wait
        allowed = pace.allowed(paced_at, now, rate)
        assert allowed is not None
        taken = min(wanted, allowed)
        paced_at = pace.spent(paced_at, now, rate, taken)
        left += [now] * taken
    for moment in left:
        assert sum(moment <= other < moment + 1_000 for other in left) <= 2 * rate + 1
