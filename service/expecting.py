"""What a submission waits for, how many go before it, and when it may leave: told where something says so, and no guess else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from canonical.errors import ConfigurationError, NoSpecInForce
from canonical.stuck import HELD, plight
from canonical.submission import State
from service.clock import Clock
from service.crowding import Crowding
from service.forecast import leaves_at
from service.outbox.crowd import Pace
from service.outbox.destinations import BREAKER
from service.outbox.outbox import Closure, Entry
from service.outbox.sql_outbox import SqlOutbox
from specs.spec import Transport
from specs.windows import Span, Windows

#: Seconds for which a look at the road is good enough.
_FRESH: Final = 1.0
#: Sends that are older say nothing about the road of now.
_RECENT: Final = timedelta(minutes=15)
#: Where so many wait, the pace of the last sends is that of the road; where fewer do, it may be that of their coming.
_MANY: Final = 200
#: How far ahead windows are looked for.
_AHEAD: Final = timedelta(days=8)
_NOBODY: Final = frozenset({State.ACCEPTED, State.CANCELLED, State.SUPERSEDED, State.CLOSED, State.RECEIVED})


class Wait(StrEnum):
    """What kind of thing is waited for."""

    #: A cause that somebody cures: the submission is held.
    CAUSE = "cause"
    #: A person's decision: it is stuck, blocked, rejected, suspended, or to be entered by hand.
    PERSON = "person"
    #: An earlier submission of the same child.
    EARLIER = "earlier"
    #: An operator lets nothing leave, or the state refused us.
    PAUSE = "pause"
    #: The state did not answer several times in a row.
    BREAKER = "breaker"
    #: The state's maintenance.
    WINDOW = "window"
    #: The next try has its time.
    SCHEDULE = "schedule"
    #: Its turn among all that may leave.
    TURN = "turn"
    #: The state's word about what it has.
    STATE = "state"


_WORDS: Final = {
    Wait.EARLIER: "An earlier submission of the child goes first.",
    Wait.PAUSE: "Nothing leaves for the state until an operator says so.",
    Wait.BREAKER: "The state did not answer; one submission at a time tries the road.",
    Wait.WINDOW: "The state is closed for maintenance.",
    Wait.SCHEDULE: "It is tried again at its time.",
    Wait.TURN: "Others leave before it.",
    Wait.STATE: "The state has it, or may have it, and is asked.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadNow:
    """How the road stands, for everybody."""

    at: datetime
    leaving: int
    pace: Pace | None
    closures: tuple[Closure, ...]
    #: None where no package covers today, or a calendar cannot be read: then nothing says when anything leaves.
    transport: Transport | None
    window: Span | None
    windows: tuple[Span, ...]


@dataclass(slots=True, kw_only=True)
class Expecting:
    """Looks at the road once a second at most, whoever asks."""

    outbox: SqlOutbox
    crowding: Crowding
    transport: Callable[[], Transport]
    windows: Callable[[], Windows]
    destination: str
    clock: Clock
    _seen: tuple[float, RoadNow] | None = field(default=None, init=False)

    def road(self) -> RoadNow:
        """Return how the road stands, as of a second ago at most."""
        seen = self._seen
        if seen is None or time.monotonic() - seen[0] > _FRESH:
            self._seen = seen = (time.monotonic(), self._look())
        return seen[1]

    def of(
        self, entry: Entry, road: RoadNow, ahead_in_lane: int, due_at: datetime | None = None
    ) -> dict[str, Any] | None:
        """Return where a submission stands in the queue, as plain data; None where nothing is left to wait for."""
        if entry.state in _NOBODY:
            return None
        waits = list(self._waits(entry, road, ahead_in_lane, due_at))
        ready = entry.state is State.READY
        return {
            "ahead_in_lane": ahead_in_lane,
            "ahead": max(road.leaving, ahead_in_lane) if ready else None,
            "waits_for": waits,
            "expected_at": _told(self._expected(entry, road, ahead_in_lane, due_at) if ready else None),
        }

    def _look(self) -> RoadNow:
        now = self.clock()
        transport: Transport | None = None
        window: Span | None = None
        windows: tuple[Span, ...] = ()
        with suppress(ConfigurationError, NoSpecInForce):  # told by /readyz; what is sent to us is taken all the same
            window, windows = self._windows(now)
            transport = self.transport()
        return RoadNow(
            at=now,
            leaving=self.crowding.leaving(),
            pace=self.outbox.pace(),
            closures=tuple(self.outbox.closures(self.destination)),
            transport=transport,
            window=window,
            windows=windows,
        )

    def _windows(self, now: datetime) -> tuple[Span | None, tuple[Span, ...]]:
        ahead = self.windows()
        return ahead.closed_at(now), tuple(ahead.spans(now, now + _AHEAD))

    def _waits(self, entry: Entry, road: RoadNow, ahead: int, due_at: datetime | None) -> Iterator[dict[str, Any]]:
        needs = plight(entry.state, entry.cause, entry.holds)
        if entry.state is State.HELD:
            for cause in entry.holds:
                yield _wait(Wait.CAUSE, HELD[cause].words, cause=cause.value)
        elif entry.state in (State.PENDING, State.IN_DOUBT, State.SENDING):
            yield _wait(Wait.STATE)
        elif needs is not None:
            yield _wait(Wait.PERSON, needs.words, cause=None if entry.cause is None else entry.cause.value)
        if ahead:
            yield _wait(Wait.EARLIER)
        if entry.state is not State.READY:
            return
        closed = list(_closed(entry, road))
        yield from closed
        if due_at is not None and due_at > road.at and not ahead:
            yield _wait(Wait.SCHEDULE, until=due_at)
        elif not closed and not ahead and road.leaving:
            yield _wait(Wait.TURN)

    def _expected(self, entry: Entry, road: RoadNow, ahead: int, due_at: datetime | None) -> datetime | None:
        """Return when it leaves if the road stays as it was in the last quarter of an hour; None where it has not been used."""
        pace, transport = road.pace, road.transport
        if pace is None or transport is None or road.at - pace.last > _RECENT or _shut(entry, road.closures):
            return None
        rate = transport.max_in_flight / pace.each.total_seconds()
        if transport.per_second is not None:
            rate = min(rate, transport.per_second)
        before = max(road.leaving, ahead)
        if before >= _MANY:
            rate = min(rate, pace.per_second)
        leaves = leaves_at(before, now=road.at, rate=rate, closures=road.windows)
        return leaves if leaves is None or due_at is None else max(leaves, due_at)


def _closed(entry: Entry, road: RoadNow) -> Iterator[dict[str, Any]]:
    for closure in _shut(entry, road.closures):
        yield _wait(Wait.BREAKER if closure.kind == BREAKER else Wait.PAUSE)
    if road.window is not None:
        yield _wait(Wait.WINDOW, until=road.window.end)


def _shut(entry: Entry, closures: Sequence[Closure]) -> list[Closure]:
    """Return the closures that hold for this submission."""
    return [
        one
        for one in closures
        if one.ended_at is None and one.agency in ("", entry.agency) and one.programme in ("", entry.programme)
    ]


def _wait(
    kind: Wait, words: str | None = None, *, cause: str | None = None, until: datetime | None = None
) -> dict[str, Any]:
    return {"kind": kind.value, "cause": cause, "words": words or _WORDS[kind], "until": _told(until)}


def _told(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="milliseconds")
