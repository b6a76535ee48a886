"""The formats that we read, and the one door to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.adapter import Streaming
from adapters.faults import NOT_A_PAYLOAD
from canonical.assessment import Reading, Source, identified
from canonical.errors import ConfigurationError
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.adapter import Adapter
    from adapters.loss import Witness
    from adapters.mapping import AgencyMapping
    from adapters.record import Record
    from adapters.stream import Stream

_FHIR: Final = "fhir"
_DELIMITED: Final = "delimited"
_WORKBOOK: Final = "workbook"
_JSON: Final = "json"
_XML: Final = "xml"
_HL7: Final = "hl7v2"
#: The names of the formats, as the command line knows them. An adapter is imported when its format is met: a check of one
#: file need not pay for all of them.
FORMATS: Final = (_FHIR, _DELIMITED, _WORKBOOK, _JSON, _XML, _HL7)
#: Those whose fields mean nothing without a mapping.
NEED_MAPPING: Final = frozenset(FORMATS) - {_FHIR}
#: What a reading of something in no known format says it is.
UNKNOWN: Final = "unknown"

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_LONGEST_LOOK: Final = 65536
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_OLE: Final = b"\xd0\xcf\x11\xe0"
#: The parts that only a workbook has among files of Office.
_PARTS: Final = re.compile(rb"xl/|\[Content_Types\]\.xml")
_HTML: Final = re.compile(rb"<(?:!doctype\s+html|html)\b", re.IGNORECASE)
_HL7_HEAD: Final = re.compile(rb"(?:MSH|FHS|BHS)[!-/:-@\[-`{-~]{3}")
_ROOT: Final = re.compile(rb"<[A-Za-z_][^>]*")
_FHIR_NAMESPACE: Final = re.compile(rb"=\s*[\"']http://hl7\.org/fhir[\"']")
#: How files begin that people send instead, and what to tell them.
_STRANGERS: Final = (
    (b"PK\x03\x04", "The file is a ZIP archive, which is not read: unpack it."),
    (b"%PDF", "The file is a PDF, which holds no data to read: export the assessment as FHIR or CSV."),
    (b"<", "The file is HTML, which holds no data to read: export the assessment as FHIR or CSV."),
)


def detect(payload: Payload) -> str | None:
    """Return the format that the content looks like, or None; nothing is parsed."""
    start = payload.content[:_LONGEST_LOOK].lstrip(_BLANKS)
    if start.startswith(_UTF_16) or b"\0" in start[:2]:
        return _DELIMITED if _is_wide_text(payload.content[:_LONGEST_LOOK]) else None
    if found := _marked(payload.content, start):
        return found
    if not start or b"\0" in start or any(start.startswith(beginning) for beginning, _ in _STRANGERS):
        return None
    from adapters.dialect import delimiter_of  # noqa: PLC0415 - only whoever reads columns pays for it

    return _DELIMITED if delimiter_of(start.splitlines()[0].decode("latin-1")) else None


def read(payload: Payload, *, format: str | None = None, mapping: AgencyMapping | None = None) -> Reading:
    """Read a payload; each assessment comes with its identity.

    Wrong data becomes findings, whatever the bytes.

    Raises:
        ConfigurationError: where somebody asks for a format that does not exist.
    """
    name = format or _meant(payload, mapping)
    if refusal := _refusal(payload, name, mapping):
        return refusal
    reading = _adapter(name or UNKNOWN).read(payload, mapping)
    return replace(reading, assessments=tuple(map(identified, reading.assessments)))


def read_each(payload: Payload, *, format: str | None = None, mapping: AgencyMapping | None = None) -> Stream:
    """Read a payload one assessment at a time: as ``read``, in bounded memory where the format allows it.

    Raises:
        ConfigurationError: where somebody asks for a format that does not exist.
    """
    from adapters.stream import Stream  # noqa: PLC0415 - as in detect

    name = format or _meant(payload, mapping)
    if refusal := _refusal(payload, name, mapping):
        return Stream(refusal)
    adapter = _adapter(name or UNKNOWN)
    if isinstance(adapter, Streaming):
        return adapter.stream(payload, mapping)
    return Stream(adapter.read(payload, mapping))


def witnessed(payload: Payload, witness: Witness, *, mapping: AgencyMapping) -> Reading:
    """Read a payload while somebody looks on who is told every field and its fate; what was read is not kept."""
    name = _meant(payload, mapping)
    if mapping.format == _FHIR and name == _FHIR:
        from adapters.fhir import Fhir  # noqa: PLC0415 - as in detect

        return Fhir(witness).read(payload, mapping)
    stream = read_each(payload, mapping=mapping)
    stream.watch(witness)
    for _ in stream:
        pass
    return stream.reading()


def records(payload: Payload, *, format: str, mapping: AgencyMapping) -> Iterator[Record]:
    """Yield the records of a payload that is read by mapping, one for each assessment; of FHIR there are none.

    Raises:
        ConfigurationError: where somebody asks for a format that does not exist.
    """
    adapter = _adapter(format)
    if isinstance(adapter, Streaming):
        yield from adapter.stream(payload, mapping).records()


def describes(mapping: AgencyMapping, payload: Payload) -> bool:
    """Return whether a payload looks like those that a mapping was written for."""
    adapter = _adapter(mapping.format)
    if isinstance(adapter, Streaming):
        return adapter.describes(mapping, payload)
    return bool(adapter.read(payload, mapping).assessments)


def locate(payload: Payload, reading_format: str, sources: Iterable[Source]) -> dict[Source, Source]:
    """Return each source with line and column filled in where the format has them: only when somebody will look."""
    if reading_format == UNKNOWN:
        return {source: source for source in sources}
    return _adapter(reading_format).locate(payload, sources)


def _adapter(name: str) -> Adapter:
    if name == _FHIR:
        from adapters.fhir import Fhir  # noqa: PLC0415 - as in detect

        return Fhir()
    if name == _WORKBOOK:
        from adapters.workbooks import Workbooks  # noqa: PLC0415 - as in detect

        return Workbooks()
    if name in (_JSON, _XML, _HL7):
        from adapters import documents  # noqa: PLC0415 - as in detect

        return {_JSON: documents.JSON, _XML: documents.XML, _HL7: documents.HL7V2}[name]
    if name == _DELIMITED:
        from adapters.delimited import Delimited  # noqa: PLC0415 - as in detect

        return Delimited()
    raise ConfigurationError(f"There is no format of that name; known are {', '.join(FORMATS)}.")


def _meant(payload: Payload, mapping: AgencyMapping | None) -> str | None:
    """Return the format that the content looks like; a mapping of JSON or XML reads FHIR too, if it is given."""
    found = detect(payload)
    return mapping.format if found == _FHIR and mapping and mapping.format in (_JSON, _XML) else found


def _refusal(payload: Payload, name: str | None, mapping: AgencyMapping | None) -> Reading | None:
    """Return the reading of a payload that no adapter is asked for."""
    whole = Source(file=payload.name, label="the whole file")
    if name is None:
        return Reading(format=UNKNOWN, findings=(NOT_A_PAYLOAD.found(_strange(payload.content), whole),))
    if name in NEED_MAPPING and mapping is not None and mapping.format != name:
        message = (
            f"The mapping {mapping.name} is for the format “{mapping.format}”, and the file is of the format “{name}”."
        )
        return Reading(format=name, findings=(NOT_A_PAYLOAD.found(message, whole),))
    return None


def _marked(content: bytes, start: bytes) -> str | None:
    """Return the format whose mark the content begins with."""
    if start[:1] in (b"{", b"["):
        return _FHIR if b'"resourceType"' in content else _JSON
    if start.startswith(b"<"):
        return _FHIR if _is_fhir_xml(start) else None if _HTML.match(start) else _XML
    if _HL7_HEAD.match(start):
        return _HL7
    workbook = start.startswith(_OLE) or (start.startswith(b"PK\x03\x04") and _PARTS.search(start) is not None)
    return _WORKBOOK if workbook else None


def _is_wide_text(start: bytes) -> bool:
    """Return whether the content begins as text with columns in UTF-16."""
    from adapters.dialect import delimiter_of, encodings  # noqa: PLC0415 - as in detect

    found = next(encodings(start, None), None)
    if found is None:
        return False
    lines = start[len(found.mark) :].decode(found.name, "ignore").splitlines()
    return delimiter_of(next(filter(str.strip, lines), "")) is not None


def _is_fhir_xml(start: bytes) -> bool:
    """Return whether the first element of an XML text is in FHIR's namespace."""
    root = _ROOT.search(start) if start.startswith(b"<") else None
    return root is not None and _FHIR_NAMESPACE.search(root[0]) is not None


def _strange(content: bytes) -> str:
    """Return the sentence for content in no format that we read."""
    start = content[:_LONGEST_LOOK].lstrip(_BLANKS)
    if not start:
        return "The file is empty."
    hints = (sentence for beginning, sentence in _STRANGERS if start.startswith(beginning))
    return next(hints, "The file is in none of the formats that are read; nothing in it could be recognised.")
