"""A FHIR document written in JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from adapters.faults import DUPLICATE_NAME, NOT_A_PAYLOAD, nth
from adapters.fhir_complaints import Key
from adapters.fhir_release import Release, told
from adapters.fhir_size import too_large
from adapters.fhir_written import Opened
from adapters.json_positions import Lines, places, positions
from adapters.json_text import Flaw, decode
from canonical.assessment import Source
from canonical.finding import Finding
from canonical.payload import Payload


def opened(payload: Payload, release: Release | None) -> Opened | tuple[Finding, ...]:  # noqa: ARG001 - XML needs it
    """Return the decoded document, or why there is none."""
    whole = Source(file=payload.name, pointer="", label="the whole document")
    if reason := too_large(payload.content):
        return (NOT_A_PAYLOAD.found(reason, whole),)
    decoded = decode(payload.content)
    if decoded.flaws:
        return tuple(_flawed(flaw, payload.name) for flaw in decoded.flaws)
    value = decoded.value
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        return (NOT_A_PAYLOAD.found("The file is JSON, but no FHIR resource: it has no resourceType.", whole),)
    return Opened(value=value, told=told(value), form="JSON", key_places=lambda keys: _key_places(payload, keys))


def located(payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:
    """Return each source with the line and column of the value at its pointer."""
    sources = tuple(sources)
    pointers = {source.pointer for source in sources if source.line is None and source.pointer is not None}
    text = _text(payload)
    found = positions(text, pointers) if pointers and text else {}
    return {source: _placed(source, found.get(source.pointer or "")) for source in sources}


def _placed(source: Source, place: tuple[int, int] | None) -> Source:
    if source.line is not None or source.pointer is None or place is None:
        return source
    return replace(source, line=place[0], column=place[1])


def _text(payload: Payload) -> str:
    """Return the payload as text, or nothing where it is none: then there are no places in it to find."""
    try:
        return payload.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return ""


def _key_places(payload: Payload, keys: set[Key]) -> Mapping[Key, tuple[int, int]]:
    """Return line and column of keys that FHIR does not know, by their object's pointer and their position in it."""
    text = payload.content.decode("utf-8-sig")
    lines = Lines(text)
    return {
        (place.pointer, place.ordinal): lines.place(place.offset)
        for place in places(text)
        if (place.pointer, place.ordinal) in keys
    }


def _flawed(flaw: Flaw, file: str) -> Finding:
    """Return the finding for a flaw of the JSON text."""
    key = f", the {nth(flaw.duplicate)} key of its object" if flaw.duplicate else ""
    source = Source(file=file, line=flaw.line, column=flaw.column, label=f"line {flaw.line}, column {flaw.column}{key}")
    fault = DUPLICATE_NAME if flaw.duplicate else NOT_A_PAYLOAD
    return fault.found(flaw.reason, source)
