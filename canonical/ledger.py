"""The loss ledger: what became of every field of the sender's file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What became of one field that holds something."""

    #: Named for an item by itself: its text is the answer, or a finding says why it could not be read.
    MAPPED = "mapped"
    #: Used to compute or to decide: part of a joined answer, key of a group, name of a question, mark of a record's end.
    DERIVED = "derived"
    #: One of the words for nothing stood there, and the mapping's default stands in.
    DEFAULTED = "defaulted"
    #: It stays home: named under ``ignore``, one of the words for nothing, or withdrawn by its sender.
    DROPPED = "dropped-by-rule"
    #: Nothing names it.
    UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unmapped:
    """A place that nothing names, over all records."""

    #: How the place is called in every record: a declared name or a position, never a name of the sender's own.
    name: str
    #: How many fields stood there.
    fields: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """The fields of a reading, counted by their fate. A blank place holds nothing and is no field."""

    #: How many fields the records hold.
    fields: int
    #: How many of them met each fate; every fate is there.
    counts: Mapping[Fate, int]
    #: The places that nothing names, in the order in which they were met.
    unmapped: tuple[Unmapped, ...] = ()
    #: How many further places nothing names, beyond those that are listed.
    unlisted: int = 0
    #: How many answers no field gave: constants and defaults of the mapping.
    defaults: int = 0

    @property
    def places(self) -> int:
        """How many places nothing names."""
        return len(self.unmapped) + self.unlisted

    @property
    def balances(self) -> bool:
        """True where every field has exactly one fate; anything else is our own fault."""
        listed = sum(place.fields for place in self.unmapped)
        missing = self.counts[Fate.UNMAPPED] - listed
        return sum(self.counts.values()) == self.fields and (missing > 0 if self.unlisted else missing == 0)
