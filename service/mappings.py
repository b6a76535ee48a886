"""The agencies' mapping files, and which of them reads a payload."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapters import registry
from adapters.mapping import AgencyMapping, load_mapping
from canonical.payload import Payload

#: Formats that say themselves what their fields mean.
_NEED_NONE: Final = frozenset({"fhir"})


class Mappings:
    """The mapping files of ``ECAS_MAPPING_PATH``, a file or a folder of them; read once, at the start."""

    def __init__(self, path: Path | None) -> None:
        """Read them all now, so that a broken one is known before the first payload.

        Raises:
            MappingDefect: one of them is broken.
        """
        files = [] if path is None else sorted(path.glob("*.toml")) if path.is_dir() else [path]
        self._all = tuple(load_mapping(file) for file in files)

    def choose(self, payload: Payload, agency: str, format: str | None) -> AgencyMapping | None:
        """Return the agency's mapping that reads this payload: of its format, the most columns found, the newest.

        None where the format needs none, or the agency has none that fits: the adapter then says so in a finding.
        """
        found = format or registry.detect(payload)
        if found is None or found in _NEED_NONE:
            return None
        fitting = [mapping for mapping in self._all if mapping.agency == agency and mapping.format == found]
        return max(fitting, key=lambda mapping: (_columns_found(mapping, payload), mapping.effective), default=None)


def _columns_found(mapping: AgencyMapping, payload: Payload) -> int:
    """Count the columns that the mapping names and the header holds, without reading the rest of the payload."""
    header = payload.content.split(b"\n", 1)[0].decode("utf-8", "replace")
    return sum(column in header for column in mapping.columns)
