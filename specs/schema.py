"""wire.xsd: what elements a document may hold. It is the one file of specs that needs XML, and loading never comes here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from specs.defects import Defects

if TYPE_CHECKING:
    from lxml.etree import _Element

#: The file.
SCHEMA: Final = "wire.xsd"

_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"
_XS: Final = f"{{{_NAMESPACE}}}"
_COMPOSITORS: Final = (f"{_XS}sequence", f"{_XS}choice", f"{_XS}all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One element that a group of elements may hold."""

    declaration: _Element
    #: True where a group without it is refused.
    required: bool
    #: How often the group may hold it; None for any number of times.
    most: int | None = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """A schema's own declarations."""

    root: _Element
    #: By kind (``element``, ``complexType`` …) and name.
    declared: Mapping[tuple[str, str], _Element]

    @classmethod
    def of(cls, root: _Element) -> Schema:
        """Index the declarations of a schema that compiles."""
        declared = {(str(child.tag), child.get("name", "")): child for child in root.iterchildren(f"{_XS}*")}
        return cls(root=root, declared=declared)

    def named(self, kind: str, name: str) -> _Element | None:
        """Return a declaration by its kind and its local name."""
        return self.declared.get((f"{_XS}{kind}", name))

    def meant(self, kind: str, qualified: str | None) -> _Element | None:
        """Return the declaration that a reference means; None for a built-in type, or no reference at all."""
        prefix, _, name = (qualified or "").rpartition(":")
        built_in = self.root.nsmap.get(prefix or None) == _NAMESPACE
        return None if built_in else self.named(kind, name)

    def group_type(self, element: _Element) -> _Element | None:
        """Return the complex type of an element that holds elements; None where it holds text."""
        inline = element.find(f"{_XS}complexType")
        complex_type = self.meant("complexType", element.get("type")) if inline is None else inline
        if complex_type is None or complex_type.find(f"{_XS}simpleContent") is not None:
            return None
        return complex_type

    def children(self, node: _Element, *, required: bool = True) -> Iterator[tuple[str, Child]]:
        """Yield the elements that a complex type, or a part of one, may hold, in the order of the document."""
        for part in node.iterchildren(f"{_XS}*"):
            needed = required and part.get("minOccurs") != "0"
            if part.tag == f"{_XS}element":
                declaration = self.meant("element", part.get("ref")) if part.get("ref") else part
                if declaration is not None:
                    yield declaration.get("name", ""), Child(declaration=declaration, required=needed, most=_most(part))
            elif part.tag in _COMPOSITORS:
                yield from self.children(part, required=needed and part.tag != f"{_XS}choice")
            elif part.tag == f"{_XS}group":
                group = self.meant("group", part.get("ref"))
                yield from () if group is None else self.children(group, required=needed)
            elif part.tag == f"{_XS}complexContent":
                yield from self.children(part)
            elif part.tag in (f"{_XS}extension", f"{_XS}restriction"):
                base = self.meant("complexType", part.get("base")) if part.tag == f"{_XS}extension" else None
                yield from () if base is None else self.children(base)
                yield from self.children(part)

    def values(self, element: _Element) -> frozenset[str]:
        """Return the values that the element's own simple type enumerates; empty where it enumerates none."""
        simple_type = self._simple_type(element)
        if simple_type is None:
            return frozenset()
        return frozenset(value.get("value", "") for value in simple_type.iterfind(f"{_XS}restriction/{_XS}enumeration"))

    def facets(self, element: _Element) -> dict[str, str]:
        """Return what the schema asks of an element's text, by facet; those of the types that its type restricts too."""
        found: dict[str, list[str]] = {}
        simple_type = self._simple_type(element)
        while simple_type is not None:
            restriction = simple_type.find(f"{_XS}restriction")
            if restriction is None:
                break
            for facet in restriction.iterchildren(f"{_XS}*"):
                found.setdefault(str(facet.tag).removeprefix(_XS), []).append(facet.get("value", ""))
            base = self.meant("simpleType", restriction.get("base"))
            if base is None:
                found["type"] = [(restriction.get("base") or "").rpartition(":")[2]]
            simple_type = base
        return {name: " ".join(values) for name, values in found.items()}

    def _simple_type(self, element: _Element) -> _Element | None:
        inline = element.find(f"{_XS}simpleType")
        return self.meant("simpleType", element.get("type")) if inline is None else inline


def _most(part: _Element) -> int | None:
    """Return the ``maxOccurs`` of an element in its place."""
    text = part.get("maxOccurs", "1")
    return None if text == "unbounded" else int(text)


def read_schema(content: bytes, defects: Defects) -> Schema | None:
    """Return the schema of wire.xsd, or None and its defects."""
    from markup import door  # noqa: PLC0415  most of the cold start, and loading never comes here

    root = door.tree(content)
    compiled = root if isinstance(root, tuple) else door.schema(root)
    if isinstance(compiled, tuple):
        for refusal in compiled:
            defects.add(SCHEMA, refusal.line or 1, refusal.reason)
    if isinstance(root, tuple) or isinstance(compiled, tuple):
        return None
    return Schema.of(root)
