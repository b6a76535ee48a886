"""One difference between two packages, and all of them in the order in which an EHR team asks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Part(StrEnum):
    """The part of a package that differs."""

    PACKAGE = "package"
    INSTRUMENT = "instruments"
    ITEM = "items"
    CODE_LIST = "code lists"
    RULE = "rules"
    CERTIFICATION = "certification"
    WIRE = "document"
    TRANSPORT = "transport"
    DESK = "desks"


class Fate(StrEnum):
    """What became of it."""

    ADDED = "added"
    REMOVED = "removed"
    #: One is gone and one is new, and they look alike; whether they mean the same only people can say.
    PERHAPS_RENAMED = "perhaps renamed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What became of one thing."""

    part: Part
    fate: Fate
    #: Its code or name in the older package; of something new, in the newer.
    subject: str
    #: Each change as a phrase; what a new thing is, or what the old one was.
    phrases: tuple[str, ...] = ()
    #: The code that perhaps took its place.
    became: str = ""
