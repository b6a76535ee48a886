"""Files that somebody names as exports: each with its mapping, and the days that it covers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters import registry
from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service import settings
from service.cli import payload_files
from service.cli.mapping_choice import MappingChoice
from service.clock import utc_now
from service.reconciling.export import Export
from service.reconciling.period import Period


class ExportFiles:
    """Opens exports of one agency one by one."""

    def __init__(self, agency: str, mapping: Path | None, format_: str | None, stated: Period | None) -> None:
        """Take what the command line chose; ``stated`` is the period of those whose names tell none."""
        self._agency = agency
        self._mapping = mapping
        self._format = format_
        self._stated = stated
        self._mappings = MappingChoice()

    def each(self, files: Sequence[Path]) -> Iterator[Export]:
        """Yield them in this order; only the one at hand is in memory.

        Raises:
            ConfigurationError: a file or its mapping cannot be used.
        """
        for file in files:
            yield self._export(file)

    def _export(self, file: Path) -> Export:
        payload = Payload(content=payload_files.read(file), name=payload_files.name_of(file), agency=self._agency)
        named = Period.named(file.name)
        period = named or self._stated
        format_ = self._format or registry.detect(payload)
        day = period.last if period else utc_now().date()
        beside = settings.load(file).mapping_path
        mapping = self._mappings.choose(payload, format_, self._mapping, beside, day) if format_ else None
        if mapping is not None and mapping.agency != self._agency:
            raise ConfigurationError(
                f"The mapping {mapping.name} is of the agency {mapping.agency}, not of {self._agency}: "
                "its records would be taken for another agency's."
            )
        return Export(payload=payload, format=format_, mapping=mapping, period=period, stated=period is not named)
