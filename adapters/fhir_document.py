"""A FHIR document as resources that refer to one another; nothing is ever fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters.fhir_complaints import Complaints, KeyPlaces
from adapters.fhir_conformance import Complaint, complaints
from adapters.fhir_element import Element
from adapters.fhir_release import Release

#: A longer address is nobody's, and comparing it again and again is work.
_LONGEST_ADDRESS: Final = 2_000
#: The address of an entry on a server: its base, and the type and id that a relative reference names.
_ON_A_SERVER: Final = re.compile(r"(.*/)[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", re.DOTALL)


class Document:
    """The resources of one document: those of its entries, or the one that it is."""

    def __init__(
        self,
        file: str,
        value: dict[str, object],
        *,
        release: Release = Release.R4,
        of_the_form: Iterable[Complaint] = (),
        key_places: KeyPlaces = lambda _: {},
    ) -> None:
        """Hold a decoded Bundle or QuestionnaireResponse against its release of FHIR, and index it.

        ``of_the_form`` is what was wrong with it before it was decoded.
        """
        self.file = file
        self.release = release
        self.is_bundle = value.get("resourceType") == "Bundle"
        self.root = Element(value=value, pointer="", label="Bundle" if self.is_bundle else "QuestionnaireResponse")
        self.complaints = Complaints(file, [*of_the_form, *complaints(value, release)], key_places)
        self._by_type: dict[str, list[Element]] = {}
        self._by_address: dict[str, list[Element]] = {}
        self._full_urls: dict[str, str] = {}
        #: By the pointer of what stands in no other resource: itself, and, once asked for, what it contains by id.
        self._outer: dict[str, Element] = {}
        self._contained: dict[str, dict[str, list[Element]]] = {}
        #: By type, name and target: what refers to it.
        self._referring: dict[tuple[str, str], dict[str, list[Element]]] = {}
        self._deleted: set[str] = set()
        #: What was chosen among several under a name of a resource, on a day: many responses may ask the same.
        self.chosen: dict[tuple[str, str, str | None], list[Element]] = {}
        for resource, full_url in self._resources():
            kind, local = resource.text("resourceType") or "", resource.text("id")
            self._outer[resource.pointer] = resource
            self._by_type.setdefault(kind, []).append(resource)
            if full_url and len(full_url) <= _LONGEST_ADDRESS:
                self._full_urls[resource.pointer] = full_url
            for address in {full_url, f"{kind}/{local}" if local else None} - {None}:
                self._by_address.setdefault(str(address), []).append(resource)

    def is_deleted(self, resource: Element) -> bool:
        """Return whether the entry of a resource asks to delete it: then it is there, and does not count."""
        return resource.pointer in self._deleted

    def of_type(self, resource_type: str) -> Sequence[Element]:
        """Return the resources of one type, in the document's order."""
        return self._by_type.get(resource_type, ())

    def resolve(self, holder: Element, element: Element | None) -> Element | None:
        """Return the resource that a Reference in ``holder`` leads to.

        None where there is no reference, where it leads to nothing here, and where several resources bear its address. What a
        resource contains is known to it, and to whatever else it contains, and to nobody outside.
        """
        reference = element.text("reference") if element else None
        if reference is None or len(reference) > _LONGEST_ADDRESS:
            return None
        if reference.startswith("#"):
            found = self._inside(holder).get(reference[1:], [])
        else:
            address = reference.partition("/_history/")[0]
            found = self._beside(holder, address) or self._by_address.get(address, [])
        return found[0] if len(found) == 1 else None

    def contained(self, holder: Element, resource_type: str) -> Iterator[Element]:
        """Yield what a resource, or the one that contains it, contains of one type."""
        for found in self._inside(holder).values():
            yield from (one for one in found if one.text("resourceType") == resource_type)

    def referring(self, resource_type: str, name: str, to: Element) -> Sequence[Element]:
        """Return the resources of one type that refer to this one under that name, by whichever way."""
        index = self._referring.get((resource_type, name))
        if index is None:
            index = self._referring[resource_type, name] = {}
            inside = (one for holder in self._outer.values() for one in self.contained(holder, resource_type))
            for resource in (*self.of_type(resource_type), *inside):
                target = self.resolve(resource, resource.member(name))
                if target is not None:
                    index.setdefault(target.pointer, []).append(resource)
        return index.get(to.pointer, ())

    def _resources(self) -> Iterator[tuple[Element, str | None]]:
        """Yield each resource and its entry's full URL."""
        if not self.is_bundle:
            yield self.root, None
        for entry in self.root.each("entry") if self.is_bundle else ():
            resource = entry.member("resource")
            if resource is not None and resource.members:
                request = entry.member("request")
                if request is not None and request.text("method") == "DELETE":
                    self._deleted.add(resource.pointer)
                yield resource, entry.text("fullUrl")

    def _beside(self, holder: Element, reference: str) -> list[Element]:
        """Return what a relative reference means on the server that the holder's own address is on."""
        server = _ON_A_SERVER.fullmatch(self._full_urls.get(_outer(holder.pointer), ""))
        return self._by_address.get(f"{server[1]}{reference}", []) if server else []

    def _inside(self, holder: Element) -> dict[str, list[Element]]:
        """Return by id what a resource contains, or what the one contains that it stands in."""
        pointer = _outer(holder.pointer)
        if pointer not in self._contained:
            index = self._contained.setdefault(pointer, {})
            outer = self._outer.get(pointer)
            for inner in outer.each("contained") if outer else ():
                if inner.members:
                    index.setdefault(inner.text("id") or "", []).append(inner)
        return self._contained[pointer]


def _outer(pointer: str) -> str:
    """Return the pointer of the resource that stands in no other: resources contain others on one level only."""
    return pointer.partition("/contained/")[0]
