"""What fhir.resources has already found right, so that it need not look at the same thing a thousand times.

Whether an element is right depends on three things only: which members it has, whether each text among them is of its type, and
whether each element in it is right. So what is remembered of a document that fhir.resources found right is, of each element, its
type and the names of its members, and nothing that anybody wrote. Of a later document every text is held against the type that
fhir.resources has for it; the models themselves are asked as soon as an element has members that were not seen together before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final, TypeAlias

from adapters import fhir_models
from adapters.fhir_release import Release

#: How many sets of members are kept; beyond it all are forgotten, which costs time and nothing else.
_ROOM: Final = 10_000
#: The type of what names its type itself.
_ANY_RESOURCE: Final = "Resource"
_NO_TYPE: Final = ""
_NAMES_ITS_TYPE: Final = "resourceType"
_NO_ELEMENT: Final = ("",)
_LISTS: Final = frozenset({list})

#: The names of an element's members, in their order.
_Members: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Plan:
    """How an element with certain members is gone through."""

    #: Its texts, numbers, truths, and arrays of them: the member, and which of the judges it is for.
    texts: tuple[tuple[str, int], ...]
    #: Its elements: the member, their type, and whether they stand in an array.
    elements: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is remembered at one moment; it is replaced and never changed, for many threads look at it."""

    #: By the type of an element and the names of its members.
    right: Mapping[tuple[str, _Members], _Plan]
    #: What judges texts, each by what fhir.resources says of them.
    judges: Mapping[object, fhir_models.Judge]


class FhirMemory:
    """Knows again what was found right before."""

    def __init__(self, release: Release, *, room: int = _ROOM) -> None:
        """Begin with nothing."""
        self._release = release
        self._room = room
        self._known = _Known({}, {})
        self._begun = False

    def knows(self, document: dict[str, object]) -> bool:
        """Return whether a document is certainly right: False means that fhir.resources must be asked.

        It is on the way of every document, so elements of one type are gone through together.
        """
        known = self._known
        texts: list[list[object]] = [[] for _ in known.judges]
        rest: dict[str, list[object]] = {_type_of(document): [document]}
        while rest:
            kind, values = rest.popitem()
            if kind == _ANY_RESOURCE:
                for value in values:
                    rest.setdefault(_type_of(value), []).append(value)
                continue
            for members, alike in _by_members(values).items():
                plan = known.right.get((kind, members))
                if plan is None:
                    return False
                for name, place in plan.texts:
                    texts[place] += [value[name] for value in alike]
                for name, inner, many in plan.elements:
                    found = [value[name] for value in alike]
                    if many and not _LISTS.issuperset(map(type, found)):
                        return False
                    below = rest.setdefault(inner, [])
                    below += chain.from_iterable(found) if many else found  # type: ignore[arg-type]  # they are lists
        return all(judge(found) for judge, found in zip(known.judges.values(), texts, strict=True) if found)

    def remember(self, document: dict[str, object]) -> None:
        """Remember a document that fhir.resources found right.

        Of the first one nothing: to look the members up takes longer than to judge it, and most processes of the command line
        judge one document.
        """
        if not self._begun:
            self._begun = True
            return
        known, judges = self._known, dict(self._known.judges)
        fresh: dict[tuple[str, _Members], _Plan] = {}
        for kind, value in self._elements(document):
            seen = (kind, tuple(value))
            if seen not in known.right and seen not in fresh and (plan := self._plan(kind, value, judges)) is not None:
                fresh[seen] = plan
        kept = known.right if len(known.right) + len(fresh) <= self._room else {}
        if fresh and len(fresh) <= self._room:
            self._known = _Known({**kept, **fresh}, judges)

    def _elements(self, document: dict[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield every element of a right document, with its type."""
        rest: list[tuple[object, str]] = [(document, _type_of(document))]
        while rest:
            value, kind = rest.pop()
            if not isinstance(value, dict) or not kind:
                continue
            yield kind, value
            shapes = fhir_models.elements(self._release, kind)
            for name, below in value.items():
                if name in shapes and not shapes[name].primitive:
                    inner = shapes[name].type
                    every = below if isinstance(below, list) else [below]
                    rest += [(one, _type_of(one) if inner == _ANY_RESOURCE else inner) for one in every]

    def _plan(self, kind: str, value: dict[str, object], judges: dict[object, fhir_models.Judge]) -> _Plan | None:
        """Return how to go through such an element; None where more counts than the names of its members."""
        texts: list[tuple[str, int]] = []
        elements: list[tuple[str, str, bool]] = []
        shapes = fhir_models.elements(self._release, kind)
        for name in value:
            shape = shapes.get(name)
            if shape is not None and not shape.primitive:
                elements.append((name, shape.type, shape.many))
            elif shape is not None:
                said = fhir_models.primitive(self._release, kind, name)
                if said not in judges:
                    judges[said] = fhir_models.judge(said)
                texts.append((name, list(judges).index(said)))
            elif name != _NAMES_ITS_TYPE or not fhir_models.is_resource(self._release, kind):
                return None  # what stands beside a primitive may stand for it
        return _Plan(texts=tuple(texts), elements=tuple(elements))


def _type_of(resource: object) -> str:
    """Return the type that a resource names itself; none where it names none of its own."""
    kind = resource.get(_NAMES_ITS_TYPE) if isinstance(resource, dict) else None
    return kind if isinstance(kind, str) and kind != _ANY_RESOURCE else _NO_TYPE


def _by_members(values: Iterable[object]) -> dict[_Members, list[dict[str, object]]]:
    """Return elements by the names of their members; what is no element has a name that no element has."""
    found: dict[_Members, list[dict[str, object]]] = {}
    for value in values:
        if type(value) is not dict:
            return {_NO_ELEMENT: []}
        members = tuple(value)
        if members in found:
            found[members].append(value)
        else:
            found[members] = [value]
    return found
