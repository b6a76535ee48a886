"""Blackout windows: by the clock of the state, whatever happens to that clock."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specs.windows import DatedBlackout, Span, WeeklyBlackout, Windows, merged

NEW_YORK = ZoneInfo("America/New_York")
MONDAY = datetime(2026, 11, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def weekly(days: str, begins: str, ends: str) -> WeeklyBlackout:
    return WeeklyBlackout(
        days=frozenset(map(int, days)), begins=time.fromisoformat(begins), ends=time.fromisoformat(ends), why="weekly"
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def told(window: WeeklyBlackout, day: str) -> list[tuple[str, str]]:
    """Return the windows of that day and the next in UTC, shortly."""
    start = utc(day)
    return [
        (f"{span.start:%dT%H:%M}", f"{span.end:%dT%H:%M}") for span in window.spans(start, start + 36 * 60 * MINUTE)
    ]


def test_a_weekly_window_crosses_midnight():
    """Saturday 22:00 to 06:00 ends on Sunday; 22:00 in New York is 03:00 of the next day in winter."""
    assert told(weekly("5", "22:00", "06:00"), "2026-11-21") == [("22T03:00", "22T11:00")]


def test_a_window_from_a_time_to_itself_is_a_whole_day():
    """00:00 to 00:00 closes that day."""
    assert told(weekly("2", "00:00", "00:00"), "2026-11-18") == [("18T05:00", "19T05:00")]


@pytest.mark.parametrize(
    ("begins", "ends", "day", "span"),
    [
        ("22:00", "06:00", "2026-03-07", ("08T03:00", "08T10:00")),
        ("22:00", "06:00", "2026-10-31", ("01T02:00", "01T11:00")),
        ("22:00", "02:30", "2026-03-07", ("08T03:00", "08T07:30")),
        ("22:00", "01:30", "2026-10-31", ("01T02:00", "01T06:30")),
    ],
    ids=["spring", "autumn", "ends in the gap", "ends in the hour that comes twice"],
)
def test_the_night_on_which_the_clock_is_set(begins: str, ends: str, day: str, span: tuple[str, str]):
    """An hour lost makes the window shorter, an hour won longer; an end that comes twice or never is the later one."""
    assert told(weekly("5", begins, ends), day) == [span]


@pytest.mark.parametrize(
    ("begins", "ends", "day", "span"),
    [
        ("02:30", "06:00", "2026-03-08", ("08T06:30", "08T10:00")),
        ("02:15", "02:45", "2026-03-08", ("08T06:15", "08T07:45")),
        ("01:30", "06:00", "2026-11-01", ("01T05:30", "01T11:00")),
        ("01:30", "01:45", "2026-11-01", ("01T05:30", "01T06:45")),
    ],
    ids=["begins in the gap", "lies in the gap", "begins in the hour that comes twice", "lies in it"],
)
def test_a_beginning_that_comes_twice_or_never_is_the_earlier_one(
    begins: str, ends: str, day: str, span: tuple[str, str]
):
    """A window that no clock shows still closes: where in doubt, nothing is sent."""
    assert told(weekly("6", begins, ends), day) == [span]


@given(
    days=st.sets(st.integers(0, 6), min_size=1),
    begins=st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0)),
    ends=st.times(timezones=st.none()).map(lambda at: at.replace(second=0, microsecond=0)),
    moment=st.integers(0, 60 * 24 * 21),
)
def test_a_weekly_window_is_what_the_clock_on_the_wall_shows(days: set[int], begins: time, ends: time, moment: int):
    """Outside the nights on which it is set, a moment is closed exactly where a New York clock shows the hours."""
    window = WeeklyBlackout(days=frozenset(days), begins=begins, ends=ends, why="weekly")
    at = MONDAY + moment * MINUTE
    wall = at.astimezone(NEW_YORK)
    today, yesterday = wall.weekday() in days, (wall.weekday() - 1) % 7 in days
    if begins < ends:
        closed = today and begins <= wall.time() < ends
    else:
        closed = (today and begins <= wall.time()) or (yesterday and wall.time() < ends)
    found = Windows(window).closed_at(at)
    assert (found is not None) == closed
    assert found is None or found.holds(at)


def test_windows_that_touch_are_one():
    """Whoever asks when the road opens hears the end of all of them, and why it is closed."""
    dated = DatedBlackout(begins=utc("2026-11-22T11:00"), ends=utc("2026-11-22T12:00"), why="the move")
    windows = Windows(weekly("5", "22:00", "06:00"), dated)
    span = Span(start=utc("2026-11-22T03:00"), end=utc("2026-11-22T12:00"), why="weekly; the move")
    assert windows.closed_at(utc("2026-11-22T04:00")) == span
    assert list(windows.spans(utc("2026-11-22"), utc("2026-11-29"))) == [span]
    assert windows.closed_at(utc("2026-11-22T12:00")) is None
    assert windows.closed_at(utc("2026-11-22T02:59")) is None


def test_a_road_that_is_never_open_has_an_answer():
    """A package that closes every day of the week is told the end of a year, not searched for ever."""
    found = Windows(weekly("0123456", "00:00", "00:00")).closed_at(MONDAY)
    assert found is not None
    assert found.end is not None
    assert found.end - MONDAY > timedelta(days=365)


def test_without_windows_the_road_is_open():
    """Nothing is closed that nobody closed."""
    assert Windows().closed_at(MONDAY) is None
    assert list(Windows().spans(MONDAY, MONDAY + timedelta(days=9))) == []


SPANS = st.lists(
    st.builds(
        lambda start, length: Span(
            start=MONDAY + start * MINUTE, end=None if length is None else MONDAY + (start + length) * MINUTE
        ),
        st.integers(0, 60),
        st.none() | st.integers(-3, 20),
    ),
    max_size=8,
)


@settings(max_examples=300)
@given(spans=SPANS)
def test_merged_spans_are_the_same_moments(spans: list[Span]):
    """The union holds each minute that a span holds and no other, in order and with gaps between."""
    union = merged(spans)
    for minute in range(90):
        at = MONDAY + minute * MINUTE
        assert any(span.holds(at) for span in union) == any(span.holds(at) for span in spans)
    assert all(one.end is not None and one.end < other.start for one, other in pairwise(union))
