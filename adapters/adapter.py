"""The seam between a format and everything behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from adapters.mapping import AgencyMapping
from canonical.assessment import Reading, Source
from canonical.payload import Payload


class Adapter(Protocol):
    """Reads one format; wrong data becomes findings, and no bytes whatever make it raise."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return the payload's assessments, and what could not be read."""
        ...

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return each source with line and column filled in, where the payload shows them."""
        ...
