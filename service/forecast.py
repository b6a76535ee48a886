"""When the waiting submissions of a destination will have left, and which deadlines that misses.

Pure and quick: the lanes, the closures ahead and a rate go in. The order is that of the claims: every other place is for
the lane with the least slack where it is urgent, the rest goes by turns among the agencies, least slack first within one.
Assumed are a steady rate, nobody new in the queue, and that the next of a lane may leave as soon as the one before has.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from itertools import accumulate
from typing import Final, TypeAlias

from service.deadlines import URGENT, too_late_at
from specs.windows import Span, merged

#: No deadline, or no moment that we know.
_NEVER: Final = float("inf")
_URGENT: Final = URGENT.total_seconds()
#: A lane in a heap: its least slack as the moment that is too late, its place among the lanes, and how many of it left.
_Place: TypeAlias = tuple[float, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """What waits for one child, in the order in which it leaves."""

    agency: str
    #: The deadline of each waiting submission; None where it has none.
    due_on: tuple[date | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """One waiting submission on its way."""

    #: The place of its lane among those given, from 0.
    lane: int
    #: Its place within the lane, from 0.
    position: int
    leaves_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """Submissions of one agency that leave after the day on which they should be with the state."""

    due_on: date
    agency: str
    count: int
    #: When the last of them leaves; None where nothing says that it ever will.
    leaves_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What will become of the queue if nobody does anything."""

    #: When the last of them leaves: now where nothing waits, None where the road has no known opening or no rate.
    drained_at: datetime | None
    #: The earliest first; deadlines that are past already are among them.
    misses: tuple[Miss, ...]
    #: The documents per second of open road that the deadlines ask for where they ask for most. Where it is above the
    #: rate, no order keeps them all. What is late before the road is open asks for nothing: no rate would save it.
    peak_rate: float

    @property
    def missed(self) -> int:
        """How many submissions miss their deadlines."""
        return sum(miss.count for miss in self.misses)


def foretell(lanes: Sequence[Lane], *, now: datetime, rate: float, closures: Iterable[Span] = ()) -> Forecast:
    """Return the forecast for lanes in the order in which they would go if they had the same slack.

    Args:
        lanes: what may leave once the road is open; paused agencies and held work stay out.
        now: the moment from which it counts.
        rate: documents per second that the destination takes while the road is open.
        closures: the closures that are open, and the windows ahead.
    """
    road, queue = _Road(now, closures), _Queue(lanes)
    missed: Counter[tuple[date, str]] = Counter()
    last: dict[tuple[date, str], float] = {}
    leaves = now.timestamp()
    for leaves, lane, position in _departures(queue, road, rate):
        due_on = lanes[lane].due_on[position]
        if due_on is not None and leaves >= _too_late(due_on):
            missed[due_on, lanes[lane].agency] += 1
            last[due_on, lanes[lane].agency] = leaves
    for agency, due_on in queue.left_behind():
        missed[due_on, agency] += 1
        last[due_on, agency] = _NEVER
    return Forecast(
        drained_at=_moment(leaves) if queue.is_empty else None,
        misses=tuple(
            Miss(due_on=due_on, agency=agency, count=count, leaves_at=_moment(last[due_on, agency]))
            for (due_on, agency), count in sorted(missed.items())
        ),
        peak_rate=_peak_rate(lanes, road),
    )


def departures(
    lanes: Sequence[Lane], *, now: datetime, rate: float, closures: Iterable[Span] = ()
) -> Iterator[Departure]:
    """Yield each submission that will leave, in order; the arguments are those of ``foretell``."""
    for leaves, lane, position in _departures(_Queue(lanes), _Road(now, closures), rate):
        yield Departure(lane=lane, position=position, leaves_at=datetime.fromtimestamp(leaves, UTC))


def leaves_at(ahead: int, *, now: datetime, rate: float, closures: Iterable[Span] = ()) -> datetime | None:
    """Return when one leaves that so many go before; None where nothing says that it ever will."""
    return _moment(_Road(now, closures).moment_after((ahead + 1) / rate)) if rate > 0 else None


def _departures(queue: _Queue, road: _Road, rate: float) -> Iterator[tuple[float, int, int]]:
    """Yield when each submission leaves, its lane and its position, as long as there is a road."""
    left = 0
    while not queue.is_empty and rate > 0:
        leaves = road.moment_after((left + 1) / rate)
        if leaves == _NEVER:
            return
        yield leaves, *queue.take(leaves, urgent_first=left % 2 == 0)
        left += 1


class _Road:
    """Open road counted in seconds from now, and the moments at which so much of it has gone by."""

    def __init__(self, now: datetime, closures: Iterable[Span]) -> None:
        #: Each open stretch: where it begins, where it ends, and the open seconds before it.
        self._begins, self._ends, self._before = [now.timestamp()], [_NEVER], [0.0]
        for span in merged(closures):
            start = max(span.start.timestamp(), self._begins[-1])
            end = _NEVER if span.end is None else span.end.timestamp()
            if end <= self._begins[-1]:
                continue
            self._ends[-1] = start
            self._before.append(self._before[-1] + start - self._begins[-1])
            self._begins.append(end)
            self._ends.append(_NEVER)

    def moment_after(self, seconds: float) -> float:
        """Return when so many open seconds (more than none) will have gone by; ``_NEVER`` where they will not."""
        stretch = bisect_left(self._before, seconds) - 1
        return self._begins[stretch] + seconds - self._before[stretch]

    def open_until(self, moment: float) -> float:
        """Return the open seconds from now until then; none for what is past."""
        stretch = bisect_right(self._begins, moment) - 1
        if stretch < 0:
            return 0.0
        return self._before[stretch] + min(moment, self._ends[stretch]) - self._begins[stretch]


class _Queue:
    """The lanes, and which of them goes next."""

    def __init__(self, lanes: Sequence[Lane]) -> None:
        self._lanes = lanes
        self._slacks = [_slacks(lane) for lane in lanes]
        self._gone = [0] * len(lanes)
        self._waiting = sum(len(lane.due_on) for lane in lanes)
        self._of_agency: dict[str, list[_Place]] = {}
        self._all: list[_Place] = []
        for at, slacks in enumerate(self._slacks):
            if slacks:
                self._of_agency.setdefault(lanes[at].agency, []).append((slacks[0], at, 0))
                self._all.append((slacks[0], at, 0))
        for heap in (self._all, *self._of_agency.values()):
            heapq.heapify(heap)
        self._turns = deque(self._of_agency)

    @property
    def is_empty(self) -> bool:
        return self._waiting == 0

    def take(self, at: float, *, urgent_first: bool) -> tuple[int, int]:
        """Take out whoever goes next, and return its lane and position."""
        self._forget_the_gone(self._all)
        if urgent_first and self._all[0][0] - at <= _URGENT:
            place = heapq.heappop(self._all)
        else:
            place = heapq.heappop(self._next_by_turns())
        _, lane, position = place
        self._gone[lane] += 1
        self._waiting -= 1
        slacks = self._slacks[lane]
        if position + 1 < len(slacks):
            following = (slacks[position + 1], lane, position + 1)
            heapq.heappush(self._all, following)
            heapq.heappush(self._of_agency[self._lanes[lane].agency], following)
        return lane, position

    def left_behind(self) -> Iterator[tuple[str, date]]:
        """Yield the agency and the deadline of all that has not been taken."""
        for lane, gone in zip(self._lanes, self._gone, strict=True):
            yield from ((lane.agency, due_on) for due_on in lane.due_on[gone:] if due_on is not None)

    def _next_by_turns(self) -> list[_Place]:
        """Return the heap of the agency whose turn it is; it goes to the end of the row, or out of it."""
        while True:
            agency = self._turns.popleft()
            heap = self._of_agency[agency]
            self._forget_the_gone(heap)
            if heap:
                self._turns.append(agency)
                return heap

    def _forget_the_gone(self, heap: list[_Place]) -> None:
        """Let a heap begin with a place that is still waiting: each stands in two heaps, and left by one of them."""
        while heap and self._gone[heap[0][1]] != heap[0][2]:
            heapq.heappop(heap)


def _slacks(lane: Lane) -> list[float]:
    """Return before each departure what the lane's least slack comes from: the earliest deadline of all that still waits."""
    late = [_NEVER if due_on is None else _too_late(due_on) for due_on in lane.due_on]
    return list(accumulate(reversed(late), min))[::-1]


def _peak_rate(lanes: Iterable[Lane], road: _Road) -> float:
    due = Counter(_too_late(due_on) for lane in lanes for due_on in lane.due_on if due_on is not None)
    peak, count = 0.0, 0
    for late in sorted(due):
        if seconds := road.open_until(late):
            count += due[late]
            peak = max(peak, count / seconds)
    return peak


@cache
def _too_late(due_on: date) -> float:
    return too_late_at(due_on).timestamp()


def _moment(seconds: float) -> datetime | None:
    return None if seconds == _NEVER else datetime.fromtimestamp(seconds, UTC)
