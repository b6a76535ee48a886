"""JSON, XML and HL7 v2 of any shape, read with the agency's mapping: whatever its path names is one assessment each."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import ClassVar, Final, Protocol

from adapters import hl7_record, hl7_text
from adapters.declared import Declared, declared, shown
from adapters.faults import NO_ASSESSMENT, NOT_A_PAYLOAD
from adapters.hl7_remarks import remarks
from adapters.json_record import read_json
from adapters.mapped import MappedReader
from adapters.mapping import AgencyMapping
from adapters.parsed import Parsed, Whole
from adapters.record import Field, Record
from adapters.stream import Stream
from adapters.told import refused, remarked
from canonical.assessment import Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload
from canonical.refusal import Refused


class _Document(Protocol):
    """What a parser gives."""

    def records(self, at: str = "") -> Iterator[Record]: ...

    def all(self) -> Iterator[Field]: ...

    def locate(self, sources: Iterable[Source]) -> dict[Source, Source]: ...


class Documents:
    """Reads documents of one format; what they have in common."""

    format: ClassVar[str]
    #: How people call the format.
    called: ClassVar[str]

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return all assessments at once."""
        return self.stream(payload, mapping).gathered()

    def stream(self, payload: Payload, mapping: AgencyMapping | None) -> Stream:
        """Return the assessments one by one."""
        whole = Source(file=payload.name, label="the whole file")
        if mapping is None:
            message = f"The file is {self.called}; it can be read only with a mapping of the agency; none describes it and was in force on its day."
            return Stream(Reading(format=self.format, findings=(NOT_A_PAYLOAD.found(message, whole),)))
        begun = Reading(format=self.format, mapping=mapping.identity)
        document = self._parsed(payload, declared(mapping))
        if isinstance(document, tuple):
            return Stream(replace(begun, findings=refused(document, payload.name)))
        begun = replace(begun, findings=tuple(self._odd(document)))
        shared = self._is_shared(mapping)
        reader = MappedReader(mapping, payload.agency, shared=shared)
        return Stream(begun, _records(document, mapping.records or "", whole, shared=shared), reader, held=document)

    def describes(self, mapping: AgencyMapping, payload: Payload) -> bool:
        """Return whether the first record holds anything that the mapping names."""
        document = self._parsed(payload, declared(mapping))
        if isinstance(document, tuple):
            return False
        first = next(document.records(mapping.records or ""), None)
        return first is not None and any(
            first.fields(path) for mapped in mapping.items.values() for path in mapped.paths
        )

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
        """Return the sources with line and column, where they have none yet."""
        sources = tuple(sources)
        lost = [source for source in sources if source.line is None and source.label.startswith("/")]
        document = self._parsed(payload, shown(source.label for source in lost)) if lost else ()
        found = {} if isinstance(document, tuple) else document.locate(lost)
        return {source: found.get(source, source) for source in sources}

    def _is_shared(self, mapping: AgencyMapping) -> bool:  # noqa: ARG002 - not so simple for most
        """Return whether a field can be in several records, or in none."""
        return True

    @abstractmethod
    def _parsed(self, payload: Payload, names: Declared) -> _Document | Refused:
        """Return the document, or why it was refused."""

    def _odd(self, document: _Document) -> Iterator[Finding]:  # noqa: ARG002 - most formats have nothing odd
        """Yield what is odd about a document that was read."""
        yield from ()


class JsonDocuments(Documents):
    """Reads JSON."""

    format = "json"
    called = "JSON, but no FHIR resource: it has no resourceType"

    def _parsed(self, payload: Payload, names: Declared) -> _Document | Refused:
        return read_json(payload.content, payload.name, names)


class XmlDocuments(Documents):
    """Reads XML."""

    format = "xml"
    called = "XML, but no FHIR resource"

    def _parsed(self, payload: Payload, names: Declared) -> _Document | Refused:
        from adapters.xml_record import read_xml  # noqa: PLC0415 - brings lxml, which JSON need not pay for

        return read_xml(payload.content, payload.name, names)

    def _is_shared(self, mapping: AgencyMapping) -> bool:
        return bool(mapping.records)  # without it the root is the one record, and holds all there is


class Hl7Documents(Documents):
    """Reads HL7 v2: a message is one assessment, or with ``records = "OBR"`` each group that begins with that segment."""

    format = "hl7v2"
    called = "an HL7 v2 message"

    def _parsed(self, payload: Payload, names: Declared) -> _Document | Refused:  # noqa: ARG002 - its names are the standard's
        file = hl7_text.split(payload.content, payload.name)
        return file if isinstance(file, tuple) else _Messages(file, payload.name)

    def _is_shared(self, mapping: AgencyMapping) -> bool:
        return bool(mapping.records)  # without it a message is a record with all that it holds

    def _odd(self, document: _Document) -> Iterator[Finding]:
        if isinstance(document, _Messages):
            yield from document.odd()


JSON: Final = JsonDocuments()
XML: Final = XmlDocuments()
HL7V2: Final = Hl7Documents()


class _Messages:
    """The messages of one file as a document."""

    def __init__(self, file: hl7_text.Hl7File, name: str) -> None:
        self._file = file
        self._name = name

    def records(self, at: str = "") -> Iterator[Record]:
        yield from hl7_record.records(self._file, by_order=bool(at))

    def all(self) -> Iterator[Field]:
        for record in hl7_record.records(self._file):
            yield from record.all()

    def locate(self, sources: Iterable[Source]) -> dict[Source, Source]:
        return {source: source for source in sources}

    def odd(self) -> Iterator[Finding]:
        yield from refused(self._file.refusals, self._name)
        yield from remarked(self._file.remarks)
        for message in self._file.messages:
            yield from remarked(remarks(message))


def _records(document: _Document, at: str, whole: Source, *, shared: bool) -> Iterator[Parsed]:
    """Yield the records of a document, and what stands around them where anything can."""
    none = True
    for record in document.records(at):
        none = False
        yield record
    if none:
        message = "Nothing in the file stands where the mapping says that its assessments do."
        yield NO_ASSESSMENT.found(message, whole)
    if shared:
        yield Whole(fields=document.all())
