"""The story of an assessment's answers: place, bytes, mapping line, steps, defaults; as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from adapters import spans
from adapters.agency_mapping import ItemMapping
from adapters.mapping_places import TABLES
from adapters.record import Record
from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Report
from gateway_client.projection import consents, project
from service.reports import text
from service.reports.json_report import source_data
from service.reports.printable import printable
from service.stories.absence import Absence
from service.stories.placing import Placing
from specs.spec import Item, Spec

if TYPE_CHECKING:
    from service.cli.checker import Examined

_MASKED: Final = "•••••• (masked)"


class Story:
    """What there is to tell about the answers of one assessment."""

    def __init__(
        self,
        examined: Examined,
        assessment: Assessment,
        report: Report,
        spec: Spec,
        *,
        record: Record | None = None,
        placing: Placing,
    ) -> None:
        """Take what there is to tell.

        Args:
            examined: the payload, read and judged.
            assessment: one of its assessments.
            report: what was found about it.
            spec: the package that judged it.
            record: what a mapping made it of; None where none did.
            placing: where everything stands in the payload, looked up once for all its assessments.
        """
        self._payload = examined.payload
        self._mapping = examined.mapping
        self._assessment = assessment
        self._findings = report.findings
        self._spec = spec
        self._leaving = project(assessment, spec)
        self._places = placing.places
        self._bytes = placing.bytes
        self._absence = Absence(
            assessment=assessment, findings=report.findings, mapping=examined.mapping, record=record
        )

    @property
    def items(self) -> Mapping[str, Item]:
        """What may be asked for, by code."""
        return self._spec.occurrences

    @property
    def version(self) -> str:
        """The version of the dictionary that names them."""
        return self._spec.version

    def tell(self, code: str | None) -> str:
        """Return the story of one item, or of every item that the instrument asks."""
        head = f"{self._place(self._assessment.origin)}\n"
        return head + "".join(f"{line}\n" for item in self._asked(code) for line in self._about(item)) + "\n"

    def as_data(self, code: str | None) -> dict[str, Any]:
        """Return the same as plain data."""
        origin = source_data(self._located(self._assessment.origin))
        return {"assessment": origin, "items": [self._data(item) for item in self._asked(code)]}

    def _asked(self, code: str | None) -> list[Item]:
        return [self.items[code]] if code else [item for item in self.items.values() if self._is_asked(item)]

    def _is_asked(self, item: Item) -> bool:
        """Return whether the instrument asks the item; a second, third … occurrence only where it is there."""
        if not item.belongs_to(self._assessment.text("INSTRUMENT") or ""):
            return False
        return item.occurrence == 1 or item.code in self._assessment.answers or item.code in self._assessment.unreadable

    def _about(self, item: Item) -> Iterator[str]:
        yield f"  {item.code}  {item.label}"
        answer = self._assessment.answers.get(item.code)
        for name, sentence in self._answered(item, answer) if answer else self._absent(item):
            yield f"    {name:<7} {sentence}"

    def _answered(self, item: Item, answer: Answer) -> Iterator[tuple[str, str]]:
        yield "answer", self._shown(item, answer)
        yield "from", self._place(answer.source)
        for source in answer.provenance.also:
            yield "and", self._place(source)
        for source in (answer.source, *answer.provenance.also):
            if source in self._bytes:
                yield "bytes", self._raw(item, self._bytes[source])
        yield from self._by(item, answer)
        for finding in self._findings:
            if item.code in finding.items:
                yield "but", f"{finding.rule} {finding.message}"
        yield "leaves", f"as {item.wire}" if item.code in self._leaving else self._why_home(item)

    def _absent(self, item: Item) -> Iterator[tuple[str, str]]:
        yield "answer", "none"
        yield "because", self._absence.because(item)
        yield from self._by(item, None)
        for finding in self._findings:
            if item.code in finding.items:
                places = " ".join(self._place(source) for source in finding.sources[:1])
                yield "but", f"{finding.rule} {finding.message} {places}".rstrip()
                for source in finding.sources[:1]:
                    if source in self._bytes:
                        yield "bytes", self._raw(item, self._bytes[source])

    def _by(self, item: Item, answer: Answer | None) -> Iterator[tuple[str, str]]:
        """Tell which line of the mapping is meant, and what is done to the text, in its order."""
        mapped = self._mapped(item)
        told = answer.provenance if answer else None
        if mapped is not None and (told is None or told.mapping):
            yield "by", self._told(mapped)
        steps = told.transforms if told else tuple(step.name for step in mapped.transforms) if mapped else ()
        if told is not None and told.default and told.mapping:
            yield "steps", "none: the file says nothing of it, and the mapping's own value stands in"
        elif steps:
            yield "steps", ", then ".join(steps)

    def _shown(self, item: Item, answer: Answer) -> str:
        """Show the answer; a credential or free text stays masked even here."""
        if item.sensitive:
            return _MASKED
        code = self._spec.codes[item.codes].get(answer.text) if item.codes else None
        return (
            f"{printable(answer.text)} ({code.label})" if code and code.label != answer.text else printable(answer.text)
        )

    def _raw(self, item: Item, written: spans.Written) -> str:
        return f"{written.start} to {written.end}  {_MASKED if item.sensitive else self._bytes_of(written)}"

    def _bytes_of(self, written: spans.Written) -> str:
        """Return the bytes as a program would write them down: nothing in them is taken for text."""
        return repr(self._payload.content[written.start : written.end])

    def _why_home(self, item: Item) -> str:
        if not item.wire:
            return "never: it stays home"
        if not item.belongs_to(self._assessment.text("INSTRUMENT") or ""):
            return "never: it belongs to the other instrument"
        if not consents(self._assessment, self._spec):
            return "not: without the member's consent only demographics and SED leave"
        return "not"

    def _mapped(self, item: Item) -> ItemMapping | None:
        return self._mapping.items.get(item.code) if self._mapping else None

    def _told(self, mapped: ItemMapping) -> str:
        """Tell where the mapping looks for the answer."""
        line = f"{self._mapping.name if self._mapping else ''}:{mapped.line}"
        if not mapped.paths:
            return f"{line}: the same value for every assessment"
        numbered = self._mapping is not None and not self._mapping.layout.header
        tables = self._mapping is not None and self._mapping.format in TABLES
        names = {True: "field {}", False: "column {!r}"} if tables else dict.fromkeys((True, False), "path {!r}")
        places = [names[numbered].format(column) for column in mapped.columns]
        places += [f"question {question!r}" for question in mapped.questions]
        return f"{line}: {f' joined by {mapped.join!r} '.join(places)}"

    def _data(self, item: Item) -> dict[str, Any]:
        answer = self._assessment.answers.get(item.code)
        mapped = self._mapped(item)
        told = answer.provenance if answer else None
        sources = (answer.source, *answer.provenance.also) if answer else ()
        steps = told.transforms if told else tuple(step.name for step in mapped.transforms) if mapped else ()
        return {
            "item": item.code,
            "label": item.label,
            "answer": None if answer is None else _MASKED if item.sensitive else answer.text,
            "because": None if answer else self._absence.because(item),
            "sources": [source_data(self._located(source)) for source in sources],
            "bytes": [self._bytes_data(item, self._bytes[one]) for one in sources if one in self._bytes],
            "mapping": {"file": self._mapping.name, "line": mapped.line} if self._mapping and mapped else None,
            "transforms": list(steps),
            "default": told is not None and told.default,
            "findings": [
                {"rule": one.rule, "message": one.message} for one in self._findings if item.code in one.items
            ],
            "leaves": item.wire if item.code in self._leaving else None,
        }

    def _bytes_data(self, item: Item, written: spans.Written) -> dict[str, Any]:
        shown = None if item.sensitive else self._payload.content[written.start : written.end].hex()
        return {"start": written.start, "end": written.end, "hex": shown, "encoding": written.encoding}

    def _located(self, source: Source) -> Source:
        return self._places.get(source, source)

    def _place(self, source: Source) -> str:
        located = self._located(source)
        return f"{text.place(located)}  {printable(located.label)}"
