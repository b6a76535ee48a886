"""The bytes of the sender's file where values stand: the one door to them, for ``ecas why`` and ``ecas fix``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from adapters.written import Written
from canonical.assessment import Source
from canonical.payload import Payload

if TYPE_CHECKING:
    from adapters.agency_mapping import AgencyMapping

__all__ = ["Written", "find"]

_MARKS = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"


def find(
    payload: Payload, format_: str, mapping: AgencyMapping | None, sources: Iterable[Source]
) -> dict[Source, Written]:
    """Return the bytes of each source that is a value of a text format; what stands in a workbook has none.

    Each format is imported when it is met (`adapters/registry.py`).
    """
    sources = tuple(dict.fromkeys(sources))
    is_xml = payload.content[:1024].lstrip(_MARKS).startswith(b"<")
    if format_ == "delimited" and mapping is not None:
        from adapters import delimited_spans  # noqa: PLC0415 - as told above

        return delimited_spans.spans(payload, mapping, sources)
    if format_ == "hl7v2":
        from adapters import hl7_spans  # noqa: PLC0415 - as told above

        return hl7_spans.spans(payload, sources)
    if format_ == "json" or (format_ == "fhir" and not is_xml):
        from adapters import json_spans  # noqa: PLC0415 - as told above

        return json_spans.spans(payload, sources)
    if format_ in ("xml", "fhir"):
        return _in_xml(payload, format_, sources)
    return {}


def _in_xml(payload: Payload, format_: str, sources: tuple[Source, ...]) -> dict[Source, Written]:
    from adapters import fhir_xml_places, registry, xml_spans, xml_text  # noqa: PLC0415 - as told above
    from adapters.fhir_xml import LIMITS  # noqa: PLC0415 - as told above
    from markup.text import DOCUMENT  # noqa: PLC0415 - as told above

    fhir = format_ == "fhir"
    parsed = xml_text.parse(payload.content, LIMITS if fhir else DOCUMENT)
    if isinstance(parsed, tuple):
        return {}
    if fhir:
        return xml_spans.spans(payload, parsed.text, fhir_xml_places.answers(parsed, sources))
    located = registry.locate(payload, format_, sources)
    lines = {source: (to.line, to.column) for source, to in located.items() if to.line and to.column}
    return xml_spans.at_places(payload, parsed.text, lines)
