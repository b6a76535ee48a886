"""An export that somebody named: its records one after the other, without what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from adapters import registry
from adapters.mapping import AgencyMapping
from canonical.assessment import Assessment, Source
from canonical.finding import Finding, Severity
from canonical.payload import Payload
from service.outbox.engine import reading
from service.reconciling.matter import Matter, Matters, texts_of
from service.reconciling.period import Period
from service.reconciling.remark import Fault, Place, Remark

_TOGETHER: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One record of an export."""

    place: Place
    #: Which one of its file, from 1.
    nth: int
    #: Keyed: all its answers.
    content: bytes = field(repr=False)
    instrument: str = field(repr=False)
    status: str = field(repr=False)
    #: True where another file holds the same, word for word: it was exported twice.
    repeats: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A file, how it is read, and which days it covers."""

    payload: Payload
    format: str | None
    mapping: AgencyMapping | None
    #: None where nobody says.
    period: Period | None
    #: True where it is a person who says so, not the name.
    stated: bool = False

    def rows(self, matters: Matters) -> Iterator[tuple[Row, Matter] | Remark]:
        """Yield every record with what it is about, and every one that could not be read; in bounded memory."""
        stream = registry.read_each(self.payload, format=self.format, mapping=self.mapping)
        assessments, nth = iter(stream), 0
        while some := list(islice(assessments, _TOGETHER)):
            texts = [_texts(one) for one in some]
            with reading(matters.engine, matters.agency) as connection:
                found = matters.of(connection, texts)
            for one, answers, matter in zip(some, texts, found, strict=True):
                nth += 1
                yield self._row(nth, one, answers, matter, matters), matter
        for finding in stream.reading().findings:
            if finding.severity is Severity.ERROR:
                yield self._unread(finding)

    def _row(self, nth: int, assessment: Assessment, texts: dict[str, str], matter: Matter, matters: Matters) -> Row:
        return Row(
            nth=nth,
            place=self._place(assessment.origin),
            content=matters.digest(*(f"{item}={text}" for item, text in sorted(texts.items()))),
            instrument=matter.instrument,
            status=matter.status,
        )

    def _unread(self, finding: Finding) -> Remark:
        source = next(iter(finding.sources), Source(file=self.payload.name, label=""))
        return Remark(fault=Fault.NOT_READ, place=self._place(source), about=finding.rule)

    def _place(self, source: Source) -> Place:
        return Place(file=self.payload.name, line=source.line, label="" if source.line else source.label)


def _texts(assessment: Assessment) -> dict[str, str]:
    answers = {item: answer.text for item, answer in assessment.answers.items()}
    return texts_of(answers, assessment.unreadable)
