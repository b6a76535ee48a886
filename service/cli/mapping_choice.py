"""Which mapping reads a payload of the command line: the one that was named, the only one there is, or the one that fits."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from adapters import registry
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service.mappings import Mappings

if TYPE_CHECKING:
    from adapters.mapping import AgencyMapping


class MappingChoice:
    """Chooses among the mappings of a file or folder; each is read once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[Path, Mappings] = {}

    def choose(
        self, payload: Payload, format_: str, named: Path | None, path: Path | None, day: date
    ) -> AgencyMapping | None:
        """Return the mapping for a payload; None where its format has none here.

        Args:
            payload: what is to be read.
            format_: the payload's format.
            named: the mapping that the command line names; it wins.
            path: the settings' mapping file or folder.
            day: the day of the payload; it is read with the mapping of that day.

        Raises:
            ConfigurationError: a mapping is broken or not there, or several could read the payload, or none of several can.
        """
        if named is not None:
            return self._at(named).all[0]
        if path is None or format_ not in registry.NEED_MAPPING:
            return None
        mappings = self._at(path)
        fitting = mappings.fitting(payload, format_, day)
        if len(fitting) == 1:
            return fitting[0]
        others = fitting or tuple(mapping for mapping in mappings.all if mapping.format == format_)
        if not others:
            return None
        if all(mapping.effective > day for mapping in others):
            first = min(mapping.effective for mapping in others)
            raise ConfigurationError(
                f"The mappings of this format are for payloads from {first} on, not for one of {day}. "
                "Say with --dated of which day it is, or name a mapping with --mapping."
            )
        says = "Several mappings can read" if fitting else "None of the mappings describes the columns of"
        names = ", ".join(mapping.name for mapping in others)
        raise ConfigurationError(f"{says} {payload.name}: {names}. Name the right one with --mapping.")

    def _at(self, path: Path) -> Mappings:
        if path not in self._known:
            self._known[path] = Mappings.at(path)
            if not self._known[path].all:
                raise ConfigurationError(f"There is no mapping in the folder {path}.")
        return self._known[path]
