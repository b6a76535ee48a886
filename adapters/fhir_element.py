"""One element of a decoded FHIR document that knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Self

from canonical.assessment import Source


@dataclass(eq=False, slots=True, kw_only=True)  # not frozen: as adapters/record.py, there are hundreds in a document
class Element:
    """A value of the document, with its place; asking it for what is not there gives nothing, never an error."""

    value: object = field(repr=False)
    #: RFC 6901 pointer from the document's root.
    pointer: str
    #: ``Bundle.entry[3].resource``.
    label: str

    @property
    def members(self) -> dict[str, object]:
        """The members of an object; none for anything else."""
        return self.value if isinstance(self.value, dict) else {}

    def member(self, name: str) -> Self | None:
        """Return the member of that name, or None."""
        value = self.members.get(name)
        if value is None:
            return None
        return type(self)(value=value, pointer=f"{self.pointer}/{name}", label=f"{self.label}.{name}")

    def each(self, name: str) -> Iterator[Self]:
        """Return the elements of the array under that name; none where there is no array."""
        member = self.member(name)
        return member.elements() if member is not None else iter(())

    def elements(self) -> Iterator[Self]:
        """Yield the elements of an array; none of anything else."""
        if isinstance(self.value, list):
            for position, value in enumerate(self.value):
                yield type(self)(value=value, pointer=f"{self.pointer}/{position}", label=f"{self.label}[{position}]")

    def text(self, name: str) -> str | None:
        """Return the member of that name where it is a text, or None."""
        value = self.members.get(name)
        return value if isinstance(value, str) else None

    def source(self, file: str) -> Source:
        """Return the place as the sender would look for it."""
        return Source(file=file, pointer=self.pointer, label=self.label)
