"""The breaker of a destination: when it opens, how it tries, how it lets go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.outbox.breaker import Breaker, Signal
from specs.patience import Patience

PATIENCE = Patience(
    failures=3, first_probe=timedelta(seconds=5), slowest_probe=timedelta(minutes=5), ramp=timedelta(seconds=10)
)
UP, DOWN, REFUSED = Signal.UP, Signal.DOWN, Signal.REFUSED
NOW = 1_000_000
FULL = 64


def told(breaker: Breaker, *signals: Signal, at: int = NOW, not_before: int = 0) -> Breaker:
    return breaker.told(signals, at, patience=PATIENCE, not_before=not_before)


def breadth(breaker: Breaker, at: int = NOW) -> int:
    return breaker.breadth(at, FULL, PATIENCE)


@pytest.mark.parametrize(
    ("signals", "opens"),
    [
        ((), False),
        ((DOWN, DOWN), False),
        ((DOWN, DOWN, DOWN), True),
        ((DOWN, DOWN, UP, DOWN, DOWN), False),
        ((DOWN, DOWN, REFUSED, DOWN), False),
        ((DOWN, DOWN, DOWN, UP), False),
    ],
)
def test_it_opens_after_failures_in_a_row(signals, opens):
    """Any sign of life between them begins the count anew."""
    assert (told(Breaker(), *signals).opened_at is not None) is opens


def test_while_it_is_open_one_lane_tries_now_and_then():
    """Nothing leaves before the probe is due; then one, and nothing more until that one should be back."""
    opened = told(Breaker(), DOWN, DOWN, DOWN)
    assert breadth(opened) == 0
    assert breadth(opened, NOW + 4_999) == 0
    assert breadth(opened, NOW + 5_000) == 1
    probing = opened.probing(NOW + 5_000, PATIENCE)
    assert breadth(probing, NOW + 5_001) == 0


def test_probes_grow_rarer_with_the_outage_and_never_rarer_than_told():
    """A day-old outage is tried every five minutes, not every five seconds, and not once a day."""
    opened = told(Breaker(), DOWN, DOWN, DOWN)
    gaps = []
    at = NOW
    for _ in range(60):
        assert opened.probe_at is not None
        gaps.append(opened.probe_at - at)
        at = opened.probe_at
        opened = told(opened.probing(at, PATIENCE), DOWN, at=at)
    assert gaps == sorted(gaps)
    assert (gaps[0], gaps[-1]) == (5_000, 300_000)


def test_a_retry_after_is_heeded():
    """The peer knows best when it is back."""
    opened = told(Breaker(), DOWN, DOWN, DOWN, not_before=NOW + 60_000)
    assert breadth(opened, NOW + 59_999) == 0
    assert breadth(opened, NOW + 60_000) == 1


def test_one_sign_of_life_closes_it_and_the_rest_comes_at_a_ramp():
    """At first one at a time, then more, then all: a peer that has just stood up is not knocked over."""
    closed = told(told(Breaker(), DOWN, DOWN, DOWN), UP, at=NOW)
    widths = [breadth(closed, NOW + second * 1_000) for second in range(12)]
    assert widths == sorted(widths)
    assert (widths[0], widths[5], widths[10]) == (1, 32, FULL)


def test_refusals_are_counted_until_something_passes():
    """Refusals of one document after the other tell of more than one bad document."""
    assert told(Breaker(), REFUSED, REFUSED).refusals == 2
    assert told(Breaker(), REFUSED, UP, REFUSED).refusals == 1


@given(st.lists(st.tuples(st.sampled_from([UP, DOWN]), st.integers(0, 600_000)), max_size=60))
def test_into_a_dead_peer_goes_at_most_one_in_five_seconds(story):
    """Whatever happens, between two probes of an open breaker there is at least the first probe's wait."""
    breaker, at, last = Breaker(), NOW, None
    for signal, wait in story:
        at += wait
        if breaker.opened_at is not None and breadth(breaker, at):
            assert last is None or at - last >= 5_000
            last = at
            breaker = breaker.probing(at, PATIENCE)
        breaker = told(breaker, signal, at=at)
        if breaker.opened_at is None:
            last = None
