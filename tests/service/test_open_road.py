"""The open road, measured against a clock that is looked at every minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.open_road import open_road
from specs.windows import Span

MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SPAN = st.builds(
    lambda start, length: Span(
        start=MONDAY + start * MINUTE, end=None if length is None else MONDAY + (start + length) * MINUTE
    ),
    st.integers(-30, 120),
    st.none() | st.integers(-5, 60),
)


def span(begins: int, ends: int | None) -> Span:
    return Span(start=MONDAY + begins * MINUTE, end=None if ends is None else MONDAY + ends * MINUTE)


@settings(max_examples=500)
@given(since=st.integers(0, 60), length=st.integers(0, 60), closures=st.lists(SPAN, max_size=8))
def test_the_open_road_is_every_minute_outside_of_every_closure(since: int, length: int, closures: list[Span]):
    """Elapsed time minus the measure of the union, whatever the closures are like."""
    minutes = [MONDAY + minute * MINUTE for minute in range(since, since + length)]
    outside = sum(not any(closure.holds(at) for closure in closures) for at in minutes)
    begun = MONDAY + since * MINUTE
    assert open_road(begun, begun + length * MINUTE, closures) == outside * MINUTE


@pytest.mark.parametrize(
    ("closures", "minutes"),
    [
        ([], 60),
        ([span(10, 20), span(15, 30)], 40),
        ([span(10, 50), span(20, 30)], 20),
        ([span(40, 50), span(10, 20)], 40),
        ([span(-30, 10), span(50, 90)], 40),
        ([span(20, None), span(40, 50)], 20),
        ([span(-30, None)], 0),
        ([span(30, 20)], 60),
    ],
    ids=[
        "none",
        "overlapping",
        "nested",
        "unordered",
        "beyond both ends",
        "open",
        "all closed",
        "ends before it begins",
    ],
)
def test_each_moment_is_closed_once(closures: list[Span], minutes: int):
    """Of an hour with these closures so much is left."""
    assert open_road(MONDAY, MONDAY + 60 * MINUTE, closures) == minutes * MINUTE


def test_no_time_has_passed_before_its_beginning():
    """A clock that was set back makes nobody younger."""
    assert open_road(MONDAY, MONDAY - MINUTE, [span(-9, None)]) == timedelta()
