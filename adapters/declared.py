"""The names of the sender's file that may be shown: those that a mapping declares. Any other is told by its position."""

from __future__ import annotations

from typing import Final, Protocol

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
