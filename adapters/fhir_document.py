"""A FHIR document as resources that refer to one another; nothing is ever fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from adapters.fhir_complaints import Complaints
from adapters.fhir_conformance import complaints
from adapters.fhir_element import Element
from canonical.payload import Payload


class Document:
    """The resources of one document: those of its entries, or the one that it is."""

    def __init__(self, payload: Payload, value: dict[str, object]) -> None:
        """Hold a decoded Bundle or QuestionnaireResponse against FHIR R4, and index it."""
        self.file = payload.name
        self.is_bundle = value.get("resourceType") == "Bundle"
        self.root = Element(value=value, pointer="", label="Bundle" if self.is_bundle else "QuestionnaireResponse")
        self.complaints = Complaints(payload, complaints(value))
        self._by_type: dict[str, list[Element]] = {}
        self._by_address: dict[str, list[Element]] = {}
        self._contained: dict[str, dict[str, list[Element]]] = {}
        self._referring: dict[str, dict[str, list[Element]]] = {}
        for resource, full_url in self._resources():
            kind, local = resource.text("resourceType") or "", resource.text("id")
            self._by_type.setdefault(kind, []).append(resource)
            for address in {full_url, f"{kind}/{local}" if local else None} - {None}:
                self._by_address.setdefault(str(address), []).append(resource)

    def of_type(self, resource_type: str) -> Iterable[Element]:
        """Return the resources of one type, in the document's order."""
        return self._by_type.get(resource_type, ())

    def resolve(self, holder: Element, element: Element | None) -> Element | None:
        """Return the resource that a Reference in ``holder`` leads to.

        None where there is no reference, where it leads to nothing here, and where several resources bear its address.
        """
        reference = element.text("reference") if element else None
        if reference is None:
            return None
        if reference.startswith("#"):
            found = self._contained_in(holder).get(reference[1:], [])
        else:
            found = self._by_address.get(reference.partition("/_history/")[0], [])
        return found[0] if len(found) == 1 else None

    def referring(self, resource_type: str, name: str, to: Element) -> Iterable[Element]:
        """Return the resources of one type that refer to this one under that name."""
        if resource_type not in self._referring:
            index = self._referring.setdefault(resource_type, {})
            for resource in self.of_type(resource_type):
                target = self.resolve(resource, resource.member(name))
                if target is not None:
                    index.setdefault(target.pointer, []).append(resource)
        return self._referring[resource_type].get(to.pointer, ())

    def _resources(self) -> Iterator[tuple[Element, str | None]]:
        """Yield each resource and its entry's full URL."""
        if not self.is_bundle:
            yield self.root, None
        for entry in self.root.each("entry") if self.is_bundle else ():
            resource = entry.member("resource")
            if resource is not None and resource.members:
                yield resource, entry.text("fullUrl")

    def _contained_in(self, holder: Element) -> dict[str, list[Element]]:
        """Return what a resource contains, by id."""
        if holder.pointer not in self._contained:
            index = self._contained.setdefault(holder.pointer, {})
            for inner in holder.each("contained"):
                index.setdefault(inner.text("id") or "", []).append(inner)
        return self._contained[holder.pointer]
