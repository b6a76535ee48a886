"""The open road: time in which we may send, and so the only time that counts against a submission."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from specs.windows import Span, merged


def open_road(since: datetime, now: datetime, closures: Iterable[Span]) -> timedelta:
    """Return how long the road was open from one moment to another.

    Closures may come in any order, overlap, hold one another, and lack an end; each moment is closed once.
    """
    closed = timedelta()
    for span in merged(closures):
        begins, ends = max(span.start, since), now if span.end is None else min(span.end, now)
        closed += max(ends - begins, timedelta())
    return max(now - since - closed, timedelta())
