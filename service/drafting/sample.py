"""A sample of an export: its places, and what stands in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service.drafting.terms import terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of every record: a column, a question, a path."""

    #: What the mapping writes under ``from``, ``field`` or ``question``.
    path: str
    #: What it is called, for comparing; empty where it has no name.
    name: str
    #: Whether it is the answer to a question of a table of one row an item.
    question: bool = False
    #: What stands there, record by record, blank ones left out.
    texts: tuple[str, ...] = field(repr=False)

    #: What the export itself displays for a text that is a code of its own.
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Whether the format says that the texts are codes, each of which stands in the sample more than once.
    coded: bool = False

    @property
    def terms(self) -> tuple[str, ...]:
        """The words of its name."""
        return terms(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a sample shows, and how its records lie."""

    #: The file's own name, without folders.
    name: str
    format: str
    #: How many assessments there are in it.
    records: int
    places: tuple[Place, ...]
    #: Lines of the mapping that say how the records lie, before any table …
    head: tuple[str, ...] = ()
    #: … and the lines of a table that does.
    tail: tuple[str, ...] = ()
    #: What only a person can say about that.
    doubts: tuple[str, ...] = ()
    #: Items that come with every record by themselves, and need no line.
    given: frozenset[str] = frozenset()
    #: False where places have numbers and no names.
    named: bool = True


class NoSample(Exception):
    """A file cannot be a sample; why, in a sentence without anything of its content."""
