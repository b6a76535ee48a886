"""Where everything that stories may tell stands in a payload: looked up once, for there may be a thousand assessments in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from adapters import registry, spans
from canonical.assessment import Source

if TYPE_CHECKING:
    from service.cli.checker import Examined


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """The places of one payload."""

    #: Each source with its line and column, where the format has them.
    places: Mapping[Source, Source]
    #: The bytes of each value; none where nobody asked for them.
    bytes: Mapping[Source, spans.Written] = field(repr=False)


def placing(examined: Examined, *, raw: bool) -> Placing:
    """Look up lines and columns of everything that may be told; on request the bytes."""
    every = set(_sources(examined))
    format_ = examined.reading.format
    return Placing(
        places=registry.locate(examined.payload, format_, every),
        bytes=spans.find(examined.payload, format_, examined.mapping, every) if raw else {},
    )


def _sources(examined: Examined) -> Iterator[Source]:
    for assessment, report in examined.judged:
        yield assessment.origin
        for answer in assessment.answers.values():
            yield answer.source
            yield from answer.provenance.also
        for finding in report.findings:
            yield from finding.sources
