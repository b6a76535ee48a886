"""The forecast against a simulation that lives through every minute, and our order against the best that there is."""

from __future__ import annotations

import heapq
import random
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.deadlines import is_urgent, too_late_at
from service.forecast import Departure, Lane, Miss, departures, foretell
from specs.windows import Span

#: A Friday evening in Massachusetts, so that the first days end soon.
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)
FRIDAY = date(2026, 11, 20)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: One document every minute.
RATE = 1 / 60


def lane(agency: str, *days: int | None) -> Lane:
    return Lane(agency=agency, due_on=tuple(None if day is None else FRIDAY + day * DAY for day in days))


def closed(begins: timedelta, ends: timedelta | None) -> Span:
    return Span(start=NOW + begins, end=None if ends is None else NOW + ends)


LANES = st.lists(
    st.builds(
        lambda agency, days: lane(agency, *days),
        st.sampled_from("abc"),
        st.lists(st.none() | st.integers(-1, 6), max_size=5),
    ),
    max_size=12,
)
CLOSURES = st.lists(
    st.builds(
        lambda start, length: closed(start * HOUR, None if length is None else (start + length) * HOUR),
        st.integers(-20, 60),
        st.sampled_from([1, 5, 30, 72, None]),
    ),
    max_size=4,
)


def lived_through(lanes: list[Lane], closures: list[Span], minutes_each: int) -> list[Departure]:
    """Return what leaves if a clerk looks at everything again in every minute; far too slow, and hard to get wrong."""
    waiting = {at: list(enumerate(one.due_on)) for at, one in enumerate(lanes) if one.due_on}
    turns = list(dict.fromkeys(lanes[at].agency for at in waiting))
    edges = {moment for span in closures for moment in (span.start, span.end) if moment is not None}
    last_edge = max(edges, default=NOW)
    gone: list[Departure] = []
    at, worked = NOW, 0

    def due(lane_at: int) -> date:
        return min((due_on for _, due_on in waiting[lane_at] if due_on is not None), default=date.max)

    while waiting and not (at > last_edge and any(span.holds(at) for span in closures)):
        worked += not any(span.holds(at) for span in closures)
        at += MINUTE
        if worked < minutes_each:
            continue
        worked = 0
        first = min(waiting, key=lambda one: (due(one), one))
        if len(gone) % 2 or due(first) == date.max or not is_urgent(due(first), at):
            while not any(lanes[one].agency == turns[0] for one in waiting):
                turns.pop(0)
            agency = turns.pop(0)
            turns.append(agency)
            first = min((one for one in waiting if lanes[one].agency == agency), key=lambda one: (due(one), one))
        position, _ = waiting[first].pop(0)
        gone.append(Departure(lane=first, position=position, leaves_at=at))
        if not waiting[first]:
            del waiting[first]
    return gone


@settings(max_examples=150, deadline=None)
@given(lanes=LANES, closures=CLOSURES, minutes_each=st.sampled_from([1, 45, 300]))
def test_the_forecast_is_what_happens(lanes: list[Lane], closures: list[Span], minutes_each: int):
    """Who leaves when, what is missed and when the queue is empty: the same as living through it minute by minute."""
    lived = lived_through(lanes, closures, minutes_each)
    rate = 1 / (60 * minutes_each)
    left = list(departures(lanes, now=NOW, rate=rate, closures=closures))
    assert [(one.lane, one.position) for one in left] == [(one.lane, one.position) for one in lived]
    assert all(
        abs(one.leaves_at - other.leaves_at) < timedelta(seconds=1) for one, other in zip(left, lived, strict=True)
    )
    forecast = foretell(lanes, now=NOW, rate=rate, closures=closures)
    gone = {(one.lane, one.position): one.leaves_at for one in lived}
    late = [
        (due_on, one.agency)
        for at, one in enumerate(lanes)
        for position, due_on in enumerate(one.due_on)
        if due_on is not None
        and ((at, position) not in gone or gone[at, position] >= too_late_at(due_on) - timedelta(milliseconds=1))
    ]
    assert [(miss.due_on, miss.agency, miss.count) for miss in forecast.misses] == [
        (*who, late.count(who)) for who in sorted(set(late))
    ]
    if len(gone) < sum(len(one.due_on) for one in lanes):
        assert forecast.drained_at is None
    else:
        ends = max(gone.values(), default=NOW)
        assert forecast.drained_at is not None
        assert abs(forecast.drained_at - ends) < timedelta(seconds=1)


def test_an_empty_queue_is_drained_now():
    """Nothing waits, nothing is missed, nothing is asked for."""
    forecast = foretell([lane("a")], now=NOW, rate=RATE)
    assert (forecast.drained_at, forecast.misses, forecast.peak_rate, forecast.missed) == (NOW, (), 0.0, 0)


@pytest.mark.parametrize(
    ("rate", "closures"),
    [(0.0, []), (RATE, [closed(-HOUR, None)])],
    ids=["nothing is taken", "closed until a person opens it"],
)
def test_a_road_that_nobody_opens_misses_everything(rate: float, closures: list[Span]):
    """What has a deadline will miss it, the earliest first; what has none is not counted."""
    forecast = foretell([lane("b", 3, None), lane("a", 3), lane("a", 1)], now=NOW, rate=rate, closures=closures)
    assert forecast.drained_at is None
    assert forecast.missed == 3
    assert forecast.misses == (
        Miss(due_on=FRIDAY + DAY, agency="a", count=1, leaves_at=None),
        Miss(due_on=FRIDAY + 3 * DAY, agency="a", count=1, leaves_at=None),
        Miss(due_on=FRIDAY + 3 * DAY, agency="b", count=1, leaves_at=None),
    )


def test_midnight_is_too_late():
    """What leaves when the day is over is late; a moment before it is not."""
    assert foretell([lane("a", 0)], now=NOW, rate=1 / 7200).missed == 1
    assert foretell([lane("a", 0)], now=NOW, rate=1 / 7199).missed == 0


def test_an_outage_is_foretold_with_its_misses():
    """Three days closed: what falls due within them leaves after them, and says when."""
    closures = [closed(timedelta(), 3 * DAY)]
    forecast = foretell([lane("a", 1), lane("a", 2), lane("a", 30)], now=NOW, rate=RATE, closures=closures)
    assert [(miss.due_on - FRIDAY, miss.leaves_at) for miss in forecast.misses] == [
        (DAY, NOW + 3 * DAY + MINUTE),
        (2 * DAY, NOW + 3 * DAY + 2 * MINUTE),
    ]
    assert forecast.drained_at == NOW + 3 * DAY + 3 * MINUTE


def test_a_lane_goes_by_its_least_slack():
    """What is due behind another one of the same child pulls that one forward."""
    left = departures([lane("a", 9), lane("a", None, 1), lane("a", 5)], now=NOW, rate=RATE)
    assert [(one.lane, one.position) for one in left] == [(1, 0), (1, 1), (2, 0), (0, 0)]


def test_half_of_the_road_is_for_whoever_is_urgent():
    """An agency with much that is urgent gets its turn and every other place; the others get theirs."""
    left = departures([*[lane("big", 1)] * 6, *[lane("small", 60)] * 3], now=NOW, rate=RATE)
    assert "".join("s" if one.lane > 5 else "b" for one in left) == "bbbsbbbss"


def test_the_peak_is_the_rate_that_would_just_do():
    """Two an hour until Friday's midnight two hours from now: at that rate none is missed, a little below it one is."""
    lanes = [lane("a", 0)] * 4
    peak = foretell(lanes, now=NOW, rate=RATE).peak_rate
    assert peak == pytest.approx(2 / 3600)
    assert foretell(lanes, now=NOW, rate=peak * 1.001).missed == 0
    assert foretell(lanes, now=NOW, rate=peak * 0.999).missed == 1
    assert foretell(lanes, now=NOW, rate=peak, closures=[closed(HOUR, 9 * DAY)]).peak_rate == pytest.approx(4 / 3600)


def test_what_no_rate_can_save_asks_for_none():
    """What is late already, or before the road opens, makes nobody hurry; what is due after that does."""
    closures = [closed(timedelta(), 3 * DAY)]
    lanes = [lane("a", -1), lane("a", 2), lane("a", 3)]
    assert foretell(lanes, now=NOW, rate=RATE, closures=closures).peak_rate == pytest.approx(1 / 7200)


def misses_of_the_optimum(lanes: list[Lane], rate: float, closures: list[Span]) -> int:
    """Return what earliest deadline first misses, offline and without agencies, turns or halves."""
    slots = departures(
        [Lane(agency="all", due_on=(None,) * sum(len(one.due_on) for one in lanes))],
        now=NOW,
        rate=rate,
        closures=closures,
    )
    heap = [(min(filter(None, one.due_on), default=date.max), at, 0) for at, one in enumerate(lanes) if one.due_on]
    heapq.heapify(heap)
    missed = 0
    for slot in slots:
        _, at, position = heapq.heappop(heap)
        due_on, later = lanes[at].due_on[position], lanes[at].due_on[position + 1 :]
        missed += due_on is not None and slot.leaves_at >= too_late_at(due_on)
        if later:
            heapq.heappush(heap, (min(filter(None, later), default=date.max), at, position + 1))
    return missed


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("days_to_drain", [0.5, 2, 5])
def test_three_days_of_outage_cost_no_more_deadlines_than_they_must(seed: int, days_to_drain: float):
    """After three days without the state we miss as many as earliest deadline first does, and one in a hundred more at most.

    Twenty agencies, one with half of all children; deadlines over the 180 days of the interval, as assessments come in.
    """
    chance = random.Random(seed)
    agencies = ["big", *(f"small {number}" for number in range(19))]
    lanes = [
        lane(
            chance.choices(agencies, weights=[19, *[1] * 19])[0],
            *sorted(chance.randrange(-2, 180) for _ in range(chance.choice([1, 1, 1, 2]))),
        )
        for _ in range(6_000)
    ]
    closures, waiting = [closed(timedelta(), 3 * DAY)], sum(len(one.due_on) for one in lanes)
    rate = waiting / (days_to_drain * 86_400)
    optimum = misses_of_the_optimum(lanes, rate, closures)
    assert optimum > 0
    assert foretell(lanes, now=NOW, rate=rate, closures=closures).missed <= optimum * 1.01
