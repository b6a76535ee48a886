"""The agencies' mapping files, and which of them can read a payload."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from adapters import registry
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.mapping import AgencyMapping


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

    def fitting(self, payload: Payload, format: str, day: date) -> tuple[AgencyMapping, ...]:
        """Return those that can read a payload of this day: of its format and, where it has one, its agency.

        Of several, those that describe the payload, and of these the ones that came into force last: a payload is read
        with the mapping of its day. A single one is not questioned here, its reading will be.
        """
        found = [
            mapping
            for mapping in self.all
            if mapping.format == format and payload.agency in (None, mapping.agency) and mapping.effective <= day
        ]
        if len(found) > 1:
            found = [mapping for mapping in found if registry.describes(mapping, payload)]
        newest = max((mapping.effective for mapping in found), default=day)
        return tuple(mapping for mapping in found if mapping.effective == newest)

    def choose(self, payload: Payload, format: str | None, day: date) -> AgencyMapping | None:
        """Return the one that fits, or None: the adapter then says in a finding what is missing, if anything is.

        Args:
            payload: what is to be read.
            format: the payload's format; None where it is to be found out.
            day: the day on which it came: one that is read again later is read as it was then.
        """
        found = format or registry.detect(payload)
        return next(iter(self.fitting(payload, found, day)), None) if found else None
