"""The agencies' mapping files, and which of them can read a payload."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from adapters import registry
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.mapping import AgencyMapping

#: What a reading finds wrong where the header is not the one that a mapping describes.
_OTHER_HEADER: Final = frozenset({"A001", "A006"})


class Mappings:
    """Mapping files, read once."""

    def __init__(self, mappings: Iterable[AgencyMapping] = ()) -> None:
        """Keep these."""
        self.all = tuple(mappings)

    @classmethod
    def at(cls, path: Path | None) -> Self:
        """Read a mapping file, or all of a folder; none where no path is given.

        Raises:
            MappingDefect: one of them is broken: it is known before the first payload.
        """
        if path is None:
            return cls()
        from adapters.mapping import load_mapping  # noqa: PLC0415 - FHIR needs none, and need not pay for it

        return cls(map(load_mapping, sorted(path.glob("*.toml")) if path.is_dir() else [path]))

    def fitting(self, payload: Payload, format: str) -> tuple[AgencyMapping, ...]:
        """Return those that can read this payload, the newest first: of its format and, where it has one, its agency.

        Of several, those that describe the payload's columns; a single one is not questioned here, its reading will be.
        """
        found = [
            mapping for mapping in self.all if mapping.format == format and payload.agency in (None, mapping.agency)
        ]
        if len(found) > 1:
            found = [mapping for mapping in found if _describes(mapping, payload)]
        return tuple(sorted(found, key=lambda mapping: mapping.effective, reverse=True))

    def choose(self, payload: Payload, format: str | None) -> AgencyMapping | None:
        """Return the newest that fits, or None: the adapter then says in a finding what is missing, if anything is."""
        found = format or registry.detect(payload)
        return next(iter(self.fitting(payload, found)), None) if found else None


def _describes(mapping: AgencyMapping, payload: Payload) -> bool:
    """Return whether the payload's first line is the header that the mapping expects: the adapter itself is asked."""
    header = replace(payload, content=payload.content.partition(b"\n")[0] + b"\n")
    found = registry.read(header, format=mapping.format, mapping=mapping).findings
    return not any(finding.rule in _OTHER_HEADER for finding in found)
