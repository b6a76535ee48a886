"""What stands against a document, found by place: the complaints of both tiers, and our own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Final, TypeAlias

from adapters.faults import NOT_FHIR, shown
from adapters.fhir_conformance import Complaint
from adapters.fhir_element import Element
from adapters.fhir_size import MOST_COMPLAINTS
from canonical.assessment import Source
from canonical.finding import Finding

#: A key that FHIR does not know: its object's pointer, and which of the object's members it is, from 1.
Key: TypeAlias = tuple[str, int]
#: Finds line and column of such keys in the text of a document; asked only where there are any.
KeyPlaces: TypeAlias = Callable[[set[Key]], Mapping[Key, tuple[int, int]]]

#: Complaints about one resource that are told to every response around it.
_ENOUGH: Final = 10


class Complaints:
    """The findings about a document, each at its pointer; a sender can provoke thousands, so every question is one look-up."""

    def __init__(self, file: str, complaints: Iterable[Complaint], key_places: KeyPlaces) -> None:
        """Turn what the tiers said into findings."""
        self._file = file
        self._findings: list[Finding] = []
        self._told: set[int] = set()
        self._concerned: set[tuple[str, str]] = set()
        self._chosen: dict[str, tuple[int, ...]] = {}
        #: By pointer: what is complained of there or anywhere below.
        self._at_or_below: dict[str, list[int]] = {}
        complaints = list(islice(complaints, MOST_COMPLAINTS + 1))
        #: Whether there are more than anybody reads: then nothing else of the document is.
        self.too_many = len(complaints) > MOST_COMPLAINTS
        unknown = {(one.pointer, one.ordinal) for one in complaints if one.ordinal}
        keys = key_places(unknown) if unknown else {}
        for one in complaints:
            line, column = keys.get((one.pointer, one.ordinal), (None, None))
            place = Source(file=self._file, line=line, column=column, pointer=one.pointer, label=one.label)
            self._add(one.pointer, NOT_FHIR.found(one.sentence, place))

    @property
    def any(self) -> bool:
        """Whether anything is complained of, so far."""
        return bool(self._findings)

    def misfit(self, element: Element, sentence: str) -> None:
        """Complain about an element ourselves, unless something in it is complained of already."""
        if element.pointer not in self._at_or_below:
            self._add(element.pointer, NOT_FHIR.found(sentence, element.source(self._file)))

    def concern(self, element: Element, item: str) -> bool:
        """Return whether anything in the element is complained of; the complaints then name the item."""
        concerned = self._at_or_below.get(element.pointer, ())
        if (element.pointer, item) in self._concerned:
            return bool(concerned)
        self._concerned.add((element.pointer, item))
        for number in concerned:
            finding = self._findings[number]
            if item not in finding.items:
                self._findings[number] = replace(finding, items=(*finding.items, *shown(item)))
        return bool(concerned)

    def about(self, response: Element, surroundings: Iterable[Element]) -> Iterator[Finding]:
        """Yield what is complained of in a response and in what surrounds it.

        Of a resource that surrounds many responses everything is told once, and to each later one as much as a person reads:
        first what names items.
        """
        numbers = set(self._at_or_below.get(response.pointer, ()))
        for one in surroundings:
            here = self._at_or_below.get(one.pointer, [])
            told = bool(here) and here[0] in self._told
            numbers.update(self._foremost(one.pointer, here) if told and len(here) > _ENOUGH else here)
        self._told |= numbers
        return (self._findings[number] for number in sorted(numbers))

    def _foremost(self, pointer: str, here: Iterable[int]) -> tuple[int, ...]:
        """Return the complaints below a pointer that a person reads, chosen once."""
        if pointer not in self._chosen:
            ranked = sorted(here, key=lambda number: (not self._findings[number].items, number))
            self._chosen[pointer] = tuple(ranked[:_ENOUGH])
        return self._chosen[pointer]

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
