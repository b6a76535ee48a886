"""The agencies' mapping files, and which of them can read a payload."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Self

from adapters import registry
from canonical.errors import EcasBridgeError
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.mapping import AgencyMapping


class Undecided(EcasBridgeError):
    """Several mappings can read a payload, and to take one of them would be a guess."""

    def __init__(self, format: str, mappings: Sequence[AgencyMapping]) -> None:
        """Name them, and the format of the payload."""
        self.format, self.names = format, tuple(mapping.name for mapping in mappings)
        super().__init__(f"Several mappings can read it: {', '.join(self.names)}.")


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

    def named(self, identity: str | None) -> AgencyMapping | None:
        """Return the mapping of this name, first day and digest; None where it is not here, or not any more."""
        return next((mapping for mapping in self.all if mapping.identity == identity), None)

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
        if len(found) < 2:  # noqa: PLR2004 - nothing to choose among
            return tuple(found)
        for first_day in sorted({mapping.effective for mapping in found}, reverse=True):
            of_that_day = (mapping for mapping in found if mapping.effective == first_day)
            if fitting := tuple(one for one in of_that_day if registry.describes(one, payload)):
                return (
                    fitting  # what came into force before need not be looked at: to look at a workbook costs a process
                )
        return ()

    def choose(self, payload: Payload, format: str | None, day: date) -> AgencyMapping | None:
        """Return the one that fits, or None: the adapter then says in a finding what is missing, if anything is.

        Args:
            payload: what is to be read.
            format: the payload's format; None where it is to be found out.
            day: the day that it is of: one that is read again later is read as it was then.

        Raises:
            Undecided: several came into force on one day and can read it.
        """
        found = format or registry.detect(payload)
        fitting = self.fitting(payload, found, day) if found else ()
        if found and len(fitting) > 1:
            raise Undecided(found, fitting)
        return fitting[0] if fitting else None
