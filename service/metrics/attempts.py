"""Sends, questions and polls, counted from the table to which every worker writes before it does anything.

So one scrape of one service tells of all workers, also of those that died. What is older than an hour has ended one way
or the other and is counted once; the rest is counted anew each time.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection, func, select

from service.outbox import schema as t

_SETTLED: Final = int(timedelta(hours=1).total_seconds() * 1000)
_A: Final = t.attempt.c
#: An attempt that has no outcome: its worker is at it, or died.
OPEN: Final = "none"

#: How many, and how many milliseconds together, by kind and outcome.
Tally = Counter[tuple[str, str]]


class Attempts:
    """Counts on from where it was; one for each process, asked by one thread at a time."""

    def __init__(self) -> None:
        """Begin at the first attempt that there ever was, so that a restart is no step in any figure."""
        self._counted = 0
        self._number: Tally = Counter()
        self._milliseconds: Tally = Counter()

    def tallies(self, connection: Connection, now: int) -> tuple[Tally, Tally]:
        """Return the number of all attempts, and how long they took."""
        after = self._counted
        bound = connection.execute(
            select(func.min(_A.seq)).where(_A.seq > after, _A.started_at >= now - _SETTLED)
        ).scalar_one()
        if bound is None:  # all of them are old; a later one has a higher number
            bound = (connection.execute(select(func.max(_A.seq))).scalar_one() or after) + 1
        number, milliseconds = _sum(connection, after, bound - 1)
        self._number.update(number)
        self._milliseconds.update(milliseconds)
        self._counted = max(after, bound - 1)
        number, milliseconds = _sum(connection, self._counted, None)
        return self._number + number, self._milliseconds + milliseconds


def _sum(connection: Connection, after: int, until: int | None) -> tuple[Tally, Tally]:
    took = func.coalesce(func.sum(_A.ended_at - _A.started_at), 0)
    query = select(_A.kind, _A.outcome, func.count(), took).where(_A.seq > after).group_by(_A.kind, _A.outcome)
    if until is not None:
        query = query.where(_A.seq <= until)
    number: Tally = Counter()
    milliseconds: Tally = Counter()
    for kind, outcome, count, span in connection.execute(query):
        number[kind, outcome or OPEN] = count
        milliseconds[kind, outcome or OPEN] = max(0, int(span))
    return number, milliseconds
