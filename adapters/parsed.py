"""What a parser yields on its way through a payload."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from adapters.record import Field, Record
from canonical.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class Omitted:
    """A record that could not be read, and why."""

    finding: Finding
    #: How many fields are lost with it.
    fields: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """Every field of a document, told after its records: those that are in none of them are counted too."""

    fields: Iterable[Field]


#: Records, what is wrong with the payload, what had to be left out, and what stands around the records.
Parsed = Record | Finding | Omitted | Whole
