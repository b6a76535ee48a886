"""CodeSystem and ValueSet of each code list, and of the three words of a tri-state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from service import fhir_names
from service.exports.fhir_resource import Json, head
from specs.spec import Code, Spec, Type

_ABOUT: Final = "The codes of the list “{name}”. A code counts if it is valid on the assessment date."
_VALIDITY: Final = [
    {"code": "valid-from", "description": "The first day on which the code may be used.", "type": "dateTime"},
    {"code": "valid-to", "description": "The last day on which the code may be used.", "type": "dateTime"},
]


def terminology(spec: Spec) -> Iterator[Json]:
    """Yield both resources of every list."""
    for name, codes in _lists(spec):
        yield _code_system(name, codes, spec)
        yield _value_set(name, codes, spec)


def _lists(spec: Spec) -> Iterator[tuple[str, tuple[Code, ...]]]:
    yield from ((name, tuple(codes.values())) for name, codes in spec.codes.items())
    if any(item.type is Type.TRISTATE for item in spec.items.values()):
        yield (
            fhir_names.TRISTATE,
            tuple(Code(value=code, label=label) for code, label in fhir_names.TRISTATE_CODES.items()),
        )


def _code_system(name: str, codes: tuple[Code, ...], spec: Spec) -> Json:
    """Return the list itself, with the days of validity as properties."""
    return {
        **_head("CodeSystem", fhir_names.code_system(name), name, spec),
        "caseSensitive": True,
        "valueSet": fhir_names.value_set(name),
        "content": "complete",
        "count": len(codes),
        "property": _VALIDITY,
        "concept": [_concept(code) for code in codes],
    }


def _value_set(name: str, codes: Iterable[Code], spec: Spec) -> Json:
    """Return the choice of all codes, enumerated: whoever shows the form needs no terminology server."""
    concepts = [{"code": code.value, "display": code.label} for code in codes]
    include = {"system": fhir_names.code_system(name), "version": spec.version, "concept": concepts}
    return {**_head("ValueSet", fhir_names.value_set(name), name, spec), "compose": {"include": [include]}}


def _head(kind: str, url: str, name: str, spec: Spec) -> Json:
    called = "tri-state" if name == fhir_names.TRISTATE else name.replace("_", " ")
    title = called[:1].upper() + called[1:]
    return head(kind, id=fhir_names.list_id(name), url=url, title=title, about=_ABOUT.format(name=called), spec=spec)


def _concept(code: Code) -> Json:
    days = {"valid-from": code.valid_from, "valid-to": code.valid_to}
    properties = [{"code": name, "valueDateTime": day.isoformat()} for name, day in days.items() if day]
    concept: Json = {"code": code.value, "display": code.label}
    return {**concept, "property": properties} if properties else concept
