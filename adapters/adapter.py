"""The seam between a format and everything behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from canonical.assessment import Reading, Source
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.mapping import AgencyMapping
    from adapters.stream import Stream


class Adapter(Protocol):
    """Reads one format; wrong data becomes findings, and no bytes whatever make it raise."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return the payload's assessments, and what could not be read."""
        ...

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return each source with line and column filled in, where the payload shows them."""
        ...


@runtime_checkable
class Streaming(Adapter, Protocol):
    """An adapter that can give one assessment after the other, in bounded memory."""

    def stream(self, payload: Payload, mapping: AgencyMapping | None) -> Stream:
        """Return the assessments as they are read, and what concerns the whole once they all are."""
        ...

    def describes(self, mapping: AgencyMapping, payload: Payload) -> bool:
        """Return whether the payload looks like those that a mapping was written for, without reading all of it."""
        ...
