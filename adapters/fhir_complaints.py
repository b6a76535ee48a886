"""What stands against a document, found by place: fhir.resources' complaints, and our own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from adapters.faults import NOT_FHIR, shown
from adapters.fhir_conformance import Complaint
from adapters.fhir_element import Element
from adapters.json_positions import Lines, places
from canonical.assessment import Source
from canonical.finding import Finding
from canonical.payload import Payload


class Complaints:
    """The findings about a document, each at its pointer; a sender can provoke thousands, so every question is one look-up."""

    def __init__(self, payload: Payload, complaints: Iterable[Complaint]) -> None:
        """Turn what fhir.resources said into findings."""
        self._file = payload.name
        self._findings: list[Finding] = []
        self._told: set[int] = set()
        #: By pointer: what is complained of there or anywhere below.
        self._at_or_below: dict[str, list[int]] = {}
        complaints = list(complaints)
        keys = _key_places(payload, {(one.pointer, one.ordinal) for one in complaints if one.ordinal})
        for one in complaints:
            line, column = keys.get((one.pointer, one.ordinal), (None, None))
            place = Source(file=self._file, line=line, column=column, pointer=one.pointer, label=one.label)
            self._add(one.pointer, NOT_FHIR.found(one.sentence, place))

    def misfit(self, element: Element, sentence: str) -> None:
        """Complain about an element ourselves, unless something in it is complained of already."""
        if element.pointer not in self._at_or_below:
            self._add(element.pointer, NOT_FHIR.found(sentence, element.source(self._file)))

    def concern(self, element: Element, item: str) -> bool:
        """Return whether anything in the element is complained of; the complaints then name the item."""
        concerned = self._at_or_below.get(element.pointer, ())
        for number in concerned:
            finding = self._findings[number]
            if item not in finding.items:
                self._findings[number] = replace(finding, items=(*finding.items, *shown(item)))
        return bool(concerned)

    def about(self, resources: Iterable[Element]) -> Iterator[Finding]:
        """Yield what is complained of in these resources."""
        numbers = {number for one in resources for number in self._at_or_below.get(one.pointer, ())}
        self._told |= numbers
        return (self._findings[number] for number in sorted(numbers))

    def others(self) -> Iterator[Finding]:
        """Yield what nobody has asked about."""
        return (finding for number, finding in enumerate(self._findings) if number not in self._told)

    def _add(self, pointer: str, finding: Finding) -> None:
        """Note a finding under its pointer and every one above it."""
        self._findings.append(finding)
        while True:
            self._at_or_below.setdefault(pointer, []).append(len(self._findings) - 1)
            if not pointer:
                return
            pointer = pointer.rpartition("/")[0]


def _key_places(payload: Payload, keys: set[tuple[str, int]]) -> dict[tuple[str, int], tuple[int, int]]:
    """Return line and column of keys that FHIR does not know, by their object's pointer and their position in it."""
    if not keys:
        return {}
    text = payload.content.decode("utf-8-sig")
    lines = Lines(text)
    return {
        (place.pointer, place.ordinal): lines.place(place.offset)
        for place in places(text)
        if (place.pointer, place.ordinal) in keys
    }
