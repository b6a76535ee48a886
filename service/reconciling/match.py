"""Records of exports and submissions of ours that are about the same child and day, and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.reconciling.export import Row
from service.reconciling.our_submission import OurSubmission
from service.reconciling.whereabouts import Whereabouts as At


class Category(StrEnum):
    """What it means, the gravest first."""

    #: Closed as typed, and in no export.
    MISSING = "missing"
    #: The state has it more than once.
    TWICE = "twice"
    #: It will, if nobody stops what is on its way.
    WILL_BE_TWICE = "will_be_twice"
    #: The same child and day, with another instrument or status.
    DIFFERS = "differs"
    #: Neither there nor with eCAS: held, blocked, rejected, or stuck before it left.
    NOWHERE = "nowhere"
    #: Handed off, and nobody has typed it.
    NOT_TYPED = "not_typed"
    #: Typed, and the hand-off is still open.
    TO_CLOSE = "to_close"
    #: In the Virtual Gateway, and never came here.
    ONLY_THERE = "only_there"
    #: On its way to eCAS, without a verdict.
    ON_ITS_WAY = "on_its_way"
    #: In the Virtual Gateway and known here, once.
    BOTH = "both"
    #: With eCAS alone.
    WITH_ECAS = "with_ecas"
    #: Given up here, and not there.
    GIVEN_UP = "given_up"


#: About which nobody need do anything.
SETTLED: Final = frozenset({Category.BOTH, Category.WITH_ECAS, Category.GIVEN_UP})
#: Of which nothing can be twice or missing.
_IDLE: Final = frozenset({At.REFUSED, At.GIVEN_UP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What is about one matter, of both sides; at least one side has something."""

    category: Category
    rows: tuple[Row, ...]
    ours: tuple[OurSubmission, ...]
    #: In what they differ: ``instrument``, ``status``.
    differs: tuple[str, ...] = ()


def matches(rows: Sequence[Row], ours: Sequence[OurSubmission]) -> Iterator[Match]:
    """Put together what is about one child and day: first by instrument, and what is left of both sides as differing."""
    there = {row.instrument for row in rows}
    here = {one.instrument for one in ours}
    alive = {one.instrument for one in ours if one.where not in _IDLE}
    only_there, only_here = there - here, alive - there
    if only_there and only_here:
        left = [row for row in rows if row.instrument in only_there]
        mine = [one for one in ours if one.instrument in only_here]
        differs = ("instrument", *_differs(left, mine))
        yield Match(category=Category.DIFFERS, rows=tuple(left), ours=tuple(mine), differs=differs)
        there, here = there - only_there, here - only_here
    for instrument in sorted(there | here):
        yield _match(
            tuple(row for row in rows if row.instrument == instrument),
            tuple(one for one in ours if one.instrument == instrument),
        )


def _match(rows: tuple[Row, ...], ours: tuple[OurSubmission, ...]) -> Match:
    differs = _differs(rows, ours)
    return Match(category=_category(rows, ours, differs=bool(differs)), rows=rows, ours=ours, differs=differs)


def _category(rows: Sequence[Row], ours: Sequence[OurSubmission], *, differs: bool) -> Category:
    """Return the gravest thing that it means."""
    there = sum(not row.repeats for row in rows)
    by_place = {place: {one.document for one in ours if one.where is place} for place in At}
    ecas = by_place[At.WITH_ECAS]
    typed, to_type = by_place[At.TYPED] - ecas, by_place[At.TO_TYPE] - ecas
    on_the_way = (by_place[At.COMING] | by_place[At.WAITING]) - ecas
    still = len(on_the_way) + max(0, len(typed | to_type) - there)
    meanings = (
        (Category.MISSING, len(by_place[At.TYPED]) > there),
        (Category.TWICE, there + len(ecas) > 1),
        (Category.WILL_BE_TWICE, still and there + len(ecas) + still > 1),
        (Category.NOT_TYPED, to_type & typed),  # a correction: what is there is the version before it
        (Category.DIFFERS, there and differs),
        (Category.TO_CLOSE, there and to_type),
        (Category.BOTH, there and ours),
        (Category.ONLY_THERE, there),
        (Category.WITH_ECAS, ecas),
        (Category.NOT_TYPED, to_type),
        (Category.ON_ITS_WAY, by_place[At.COMING]),
        (Category.NOWHERE, by_place[At.WAITING] or by_place[At.REFUSED]),
    )
    return next((category for category, holds in meanings if holds), Category.GIVEN_UP)


def _differs(rows: Sequence[Row], ours: Sequence[OurSubmission]) -> tuple[str, ...]:
    """Return whether the statuses differ: that of the newest of ours that is not over, and each of theirs."""
    newest = max((one for one in ours if one.where not in _IDLE), key=lambda one: one.seq, default=None)
    if newest is None or all(row.status == newest.status for row in rows):
        return ()
    return ("status",)
