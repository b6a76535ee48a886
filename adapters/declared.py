"""The names of the sender's file that may be shown: those that a mapping declares. Any other is told by its position."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Protocol

from adapters.path import PathDefect, parse

if TYPE_CHECKING:
    from adapters.agency_mapping import AgencyMapping

#: A longer name is a value in disguise, and would make every pointer through it as long.
LONGEST_NAME: Final = 128


class Declared(Protocol):
    """Knows the names that may be shown; a frozenset of them does."""

    def __contains__(self, name: object, /) -> bool:
        """Return whether a name may be shown."""
        ...


class Everything:
    """Declares every name: for somebody who looks at a sample of their own, to write a mapping."""

    def __contains__(self, name: object) -> bool:
        """Say yes, but to a name that is too long for one."""
        return isinstance(name, str) and len(name) <= LONGEST_NAME


NOTHING: Final[frozenset[str]] = frozenset()


def declared(mapping: AgencyMapping) -> frozenset[str]:
    """Return the names that a mapping's paths declare."""
    paths = [path for mapped in mapping.items.values() for path in mapped.columns]
    paths += [*mapping.ignored, *([mapping.records] if mapping.records else [])]
    hl7 = mapping.format == "hl7v2"
    return frozenset(name for path in paths for name in parse(path, hl7=hl7).names)


def shown(labels: Iterable[str]) -> frozenset[str]:
    """Return the names that labels of fields show.

    A name is either shown in every label or in none. So the labels of some places are the same for whoever knows only
    the names in them: nothing else need be known to find them again.
    """
    found: set[str] = set()
    for label in labels:
        try:
            found |= parse(label.partition("/text()")[0]).names
        except PathDefect:
            continue
    return frozenset(found)
