"""The breaker of a destination: pure decisions over four numbers that all nodes share (times in milliseconds).

Closed, it lets everything pass. After some failures of the road, one after the other, it opens: nothing leaves but one
lane now and then, to see whether the road is open again (half-open). The first sign of life closes it, and what waits
goes out at a ramp, so that a peer that has just stood up is not knocked over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from specs.patience import Patience


class Signal(StrEnum):
    """What an answer, or its absence, says about the road."""

    #: The state answered about a document: the road is open.
    UP = "up"
    #: No connection, no answer, “come back later”, an error of the server.
    DOWN = "down"
    #: A refusal without a reason: the road is open, and perhaps our deployment is wrong.
    REFUSED = "refused"


#: A probe waits a quarter of the outage so far: an outage of an hour is noticed over within a quarter of an hour, or sooner.
_SHARE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """How the road stands."""

    failures: int = 0
    refusals: int = 0
    #: Since when it is open; None while closed.
    opened_at: int | None = None
    #: When one lane may try.
    probe_at: int | None = None
    #: When it closed last.
    closed_at: int | None = None

    def told(self, signals: Iterable[Signal], now: int, *, patience: Patience, not_before: int = 0) -> Breaker:
        """Return how the road stands after these signals; ``not_before`` is what the peer's Retry-After asks for."""
        breaker = self
        for signal in signals:
            match signal:
                case Signal.UP:
                    breaker = breaker.up(now)
                case Signal.REFUSED:
                    breaker = replace(breaker.up(now), refusals=breaker.refusals + 1)
                case Signal.DOWN:
                    breaker = breaker.down(now, patience, not_before)
        return breaker

    def breadth(self, now: int, full: int, patience: Patience) -> int:
        """Return how many may be under way at once: all, a growing part after an outage, one probe, or none."""
        if self.opened_at is not None:
            return 1 if self.probe_at is not None and now >= self.probe_at else 0
        if self.closed_at is None:
            return full
        ramp = _milliseconds(patience.ramp)
        return full if now - self.closed_at >= ramp else max(1, full * (now - self.closed_at) // ramp)

    def probing(self, now: int, patience: Patience) -> Breaker:
        """Return how it stands while a probe is under way: the next may go only when this one should long be back."""
        return replace(self, probe_at=now + self.until_next(now, patience))

    def up(self, now: int) -> Breaker:
        """Return how it stands after a sign of life."""
        if self.opened_at is None:
            return replace(self, failures=0, refusals=0)
        return Breaker(closed_at=now)

    def down(self, now: int, patience: Patience, not_before: int) -> Breaker:
        """Return how it stands after a failure of the road."""
        failures = self.failures + 1
        if self.opened_at is None and failures < patience.failures:
            return replace(self, failures=failures)
        opened = self if self.opened_at is not None else replace(self, opened_at=now)
        probe_at = max(opened.probe_at or 0, now + opened.until_next(now, patience), not_before)
        return replace(opened, failures=failures, probe_at=probe_at)

    def until_next(self, now: int, patience: Patience) -> int:
        """Return how long the next probe waits, in milliseconds."""
        outage = now - (self.opened_at if self.opened_at is not None else now)
        return min(max(outage // _SHARE, _milliseconds(patience.first_probe)), _milliseconds(patience.slowest_probe))


def _milliseconds(span: timedelta) -> int:
    return round(span.total_seconds() * 1000)
