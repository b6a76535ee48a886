"""The formats that we read, and the one door to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from adapters.faults import NOT_A_PAYLOAD
from canonical.assessment import Reading, Source, identified
from canonical.errors import ConfigurationError
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.adapter import Adapter
    from adapters.mapping import AgencyMapping

_FHIR: Final = "fhir"
_DELIMITED: Final = "delimited"
#: The names of the formats, as the command line knows them. An adapter is imported when its format is met: a check of one
#: file need not pay for all of them.
FORMATS: Final = (_FHIR, _DELIMITED)
#: Those whose fields mean nothing without a mapping.
NEED_MAPPING: Final = frozenset({_DELIMITED})
#: What a reading of something in no known format says it is.
UNKNOWN: Final = "unknown"

_BLANKS: Final = b"\xef\xbb\xbf \t\r\n"
_LONGEST_LOOK: Final = 65536
#: How files begin that people send instead, and what to tell them.
_STRANGERS: Final = (
    (b"PK\x03\x04", "The file is a ZIP archive or an Excel workbook, which is not read yet: export it as CSV."),
    (b"\xd0\xcf\x11\xe0", "The file is an old Excel or Word file, which is not read: export it as CSV."),
    (b"%PDF", "The file is a PDF, which holds no data to read: export the assessment as FHIR JSON or CSV."),
    (b"<", "The file is XML or HTML, which is not read yet: export FHIR as JSON."),
    (b"MSH|", "The file is an HL7 v2 message, which is not read yet: export FHIR as JSON, or CSV."),
    (b"\xff\xfe", "The file is text in UTF-16, which is not read: save it as UTF-8."),
    (b"\xfe\xff", "The file is text in UTF-16, which is not read: save it as UTF-8."),
)


def detect(payload: Payload) -> str | None:
    """Return the format that the content looks like, or None; nothing is parsed."""
    start = payload.content[:_LONGEST_LOOK].lstrip(_BLANKS)
    if start[:1] in (b"{", b"["):
        return _FHIR
    if not start or b"\0" in start or any(start.startswith(beginning) for beginning, _ in _STRANGERS):
        return None
    from adapters.delimited import delimiter_of  # noqa: PLC0415 - only whoever reads columns pays for it

    return _DELIMITED if delimiter_of(start.splitlines()[0].decode("latin-1")) else None


def read(payload: Payload, *, format: str | None = None, mapping: AgencyMapping | None = None) -> Reading:
    """Read a payload; each assessment comes with its identity.

    Wrong data becomes findings, whatever the bytes.

    Raises:
        ConfigurationError: where somebody asks for a format that does not exist.
    """
    name = format or detect(payload)
    if name is None:
        finding = NOT_A_PAYLOAD.found(_strange(payload.content), Source(file=payload.name, label="the whole file"))
        return Reading(format=UNKNOWN, findings=(finding,))
    reading = _adapter(name).read(payload, mapping)
    return replace(reading, assessments=tuple(map(identified, reading.assessments)))


def locate(payload: Payload, reading_format: str, sources: Iterable[Source]) -> dict[Source, Source]:
    """Return each source with line and column filled in where the format has them: only when somebody will look."""
    if reading_format == UNKNOWN:
        return {source: source for source in sources}
    return _adapter(reading_format).locate(payload, sources)


def _adapter(name: str) -> Adapter:
    if name == _FHIR:
        from adapters.fhir import Fhir  # noqa: PLC0415 - as in detect

        return Fhir()
    if name == _DELIMITED:
        from adapters.delimited import Delimited  # noqa: PLC0415 - as in detect

        return Delimited()
    raise ConfigurationError(f"There is no format of that name; known are {', '.join(FORMATS)}.")


def _strange(content: bytes) -> str:
    """Return the sentence for content in no format that we read."""
    start = content[:_LONGEST_LOOK].lstrip(_BLANKS)
    if not start:
        return "The file is empty."
    hints = (sentence for beginning, sentence in _STRANGERS if start.startswith(beginning))
    return next(hints, "The file is neither JSON nor text with columns; nothing in it could be recognised.")
