"""Which mapping reads a payload: the one that was named, the only one there is, or the one whose columns the file has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adapters import registry
from adapters.mapping import AgencyMapping, load_mapping
from canonical.errors import ConfigurationError
from canonical.payload import Payload

#: What a reading finds wrong where the header is not the one that a mapping describes.
_OTHER_HEADER = frozenset({"A001", "A006"})


class MappingChoice:
    """Chooses among the mappings of a file or folder; each is read once."""

    def __init__(self) -> None:
        """Begin with none."""
        self._known: dict[Path, tuple[AgencyMapping, ...]] = {}

    def choose(self, payload: Payload, format_: str, named: Path | None, path: Path | None) -> AgencyMapping | None:
        """Return the mapping for a payload; None where its format has none here.

        Args:
            payload: what is to be read.
            format_: the payload's format.
            named: the mapping that the command line names; it wins.
            path: the settings' mapping file or folder.

        Raises:
            ConfigurationError: a mapping is broken or not there, or several could read the payload, or none of several can.
        """
        if named is not None:
            return self._at(named)[0]
        fitting = [mapping for mapping in self._at(path) if mapping.format == format_] if path else []
        if len(fitting) < 2:  # noqa: PLR2004 - no choice to make
            return fitting[0] if fitting else None
        matching = [mapping for mapping in fitting if _describes(mapping, payload, format_)]
        if len(matching) == 1:
            return matching[0]
        names = ", ".join(mapping.name for mapping in matching or fitting)
        says = "Several mappings can read" if matching else "None of the mappings describes the columns of"
        raise ConfigurationError(f"{says} {payload.name}: {names}. Name the right one with --mapping.")

    def _at(self, path: Path) -> tuple[AgencyMapping, ...]:
        if path not in self._known:
            files = sorted(path.glob("*.toml")) if path.is_dir() else [path]
            self._known[path] = tuple(load_mapping(file) for file in files)
            if not files:
                raise ConfigurationError(f"There is no mapping in the folder {path}.")
        return self._known[path]


def _describes(mapping: AgencyMapping, payload: Payload, format_: str) -> bool:
    """Return whether the payload's first line is the header that the mapping expects: the adapter itself is asked."""
    header = replace(payload, content=payload.content.partition(b"\n")[0] + b"\n")
    found = registry.read(header, format=format_, mapping=mapping).findings
    return not any(finding.rule in _OTHER_HEADER for finding in found)
