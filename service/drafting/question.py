"""What only a person can tell about a draft."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


class Kind(IntEnum):
    """Why there is a question; the gravest come first."""

    #: A required item was found nowhere.
    REQUIRED = 1
    #: Two places could be it.
    AMBIGUOUS = 2
    #: Nothing but the order of the places says so, or the draft set it by itself.
    ASSUMED = 3
    #: The days could be read in two ways.
    DATE = 4
    #: Words that no code is known for, or that were guessed.
    CODES = 5
    #: What we make ourselves where the export has none.
    OURS = 6
    #: How the records lie, and whose they are.
    LAYOUT = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question."""

    kind: Kind
    #: The items that it is about.
    items: tuple[str, ...]
    #: One or two sentences; names of places and words of closed sets, and nothing else of the sample.
    text: str
    #: The places that it could be, the likeliest first.
    candidates: tuple[str, ...] = ()
