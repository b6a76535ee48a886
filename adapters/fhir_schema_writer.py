"""Writes the schemas of ``adapters.fhir_schema`` from fhir.resources' own models: ``python -m adapters.fhir_schema_writer``.

The models hold more than they enforce: which codes an element takes, to what a Reference may lead, that a number is no text.
Importing all of them takes a second, so what they say of the resources that we read is written down once for each release of
the library, and a test looks that it is fresh.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, TypeAlias

import orjson

from adapters.fhir_models import ElementShape, elements
from adapters.fhir_release import Release
from adapters.fhir_schema import schema_file

Json: TypeAlias = dict[str, object]

#: The resources that are read, or tell what the others are about. Any other is judged by its class alone.
RESOURCES: Final = (
    "Bundle",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "Encounter",
    "MessageHeader",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Questionnaire",
    "QuestionnaireResponse",
)
_DATE: Final = r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?"
_FULL_DATE: Final = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE: Final = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
#: What the standard asks of a primitive; of the others, that they are a text.
_PRIMITIVES: Final[dict[str, Json]] = {
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "unsignedInt": {"type": "integer", "minimum": 0},
    "positiveInt": {"type": "integer", "minimum": 1},
    "integer64": {"type": ["integer", "string"]},
    "decimal": {"type": "number"},
    "id": {"type": "string", "pattern": "^[A-Za-z0-9.-]+$", "maxLength": 64},
    "code": {"type": "string", "pattern": r"^\S+(\s\S+)*$"},
    "uri": {"type": "string", "pattern": r"^\S*$"},
    "url": {"type": "string", "pattern": r"^\S*$"},
    "canonical": {"type": "string", "pattern": r"^\S*$"},
    "date": {"type": "string", "pattern": f"^{_DATE}$"},
    "dateTime": {"type": "string", "pattern": f"^({_DATE}|{_FULL_DATE}T{_TIME}{_ZONE})$"},
    "instant": {"type": "string", "pattern": f"^{_FULL_DATE}T{_TIME}{_ZONE}$"},
    "time": {"type": "string", "pattern": f"^{_TIME}$"},
}
_TEXT: Final[Json] = {"type": "string"}
#: What a primitive has beside its value: under its name with an underscore before it.
_BESIDE: Final[Json] = {
    "type": "object",
    "minProperties": 1,
    "properties": {
        "id": _TEXT,
        "extension": {"type": "array", "minItems": 1, "items": {"$ref": "#/definitions/Extension"}},
    },
}
#: A reference that names its type: relative, or an address of a server.
_TYPED: Final = r"^(https?://.*/)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]+(/_history/[A-Za-z0-9.-]+)?$"


def schema(release: Release) -> Json:
    """Return the JSON Schema of a document of that release, in the words of draft-07."""
    definitions: dict[str, Json] = {
        name: _PRIMITIVES.get(name, _TEXT) for name in sorted(_primitives(release, _reached(release)))
    }
    definitions |= {name: _object(release, name) for name in _reached(release)}
    definitions |= {"_": _BESIDE, "_untyped": {"not": {"pattern": _TYPED}}, "Resource": _resource()}
    definitions |= _targets(release)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$ref": "#/definitions/Resource",
        "definitions": definitions,
    }


def written(release: Release) -> bytes:
    """Return the file of a release: one definition a line, so that a change of the library shows as what it is."""
    whole = schema(release)
    definitions = whole.pop("definitions")
    assert isinstance(definitions, dict)
    lines = (f"{orjson.dumps(name).decode()}:{orjson.dumps(one).decode()}" for name, one in definitions.items())
    head = orjson.dumps(whole).decode().removesuffix("}")
    return (head + ',"definitions":{\n' + ",\n".join(lines) + "\n}}\n").encode()


def _reached(release: Release) -> list[str]:
    """Return the types of our resources and of everything in them, sorted."""
    reached: set[str] = set()
    level = set(RESOURCES)
    while level:
        reached |= level
        inner = {shape.type for name in level for shape in elements(release, name).values() if not shape.primitive}
        level = inner - reached - {"Resource"}
    return sorted(reached)


def _targets(release: Release) -> dict[str, Json]:
    """Return what a reference must be that leads to certain types: compiled once, however many elements ask it."""
    shapes = (shape for name in _reached(release) for shape in elements(release, name).values())
    return {
        _leading_to(targets): {
            "properties": {"reference": {"anyOf": [{"$ref": "#/definitions/_untyped"}, {"pattern": _typed(targets)}]}}
        }
        for targets in sorted({shape.targets for shape in shapes if shape.targets})
    }


def _leading_to(targets: tuple[str, ...]) -> str:
    return f"_to_{'_'.join(targets)}"


def _typed(targets: tuple[str, ...]) -> str:
    return rf"(^|/)({'|'.join(targets)})/[A-Za-z0-9.-]+(/_history/[^/]+)?$"


def _primitives(release: Release, names: list[str]) -> set[str]:
    return {shape.type for name in names for shape in elements(release, name).values() if shape.primitive}


def _resource() -> Json:
    """Return the schema of any resource: that of its type where it is one of ours."""
    ours = [
        {
            "if": {"properties": {"resourceType": {"const": name}}, "required": ["resourceType"]},
            "then": {"$ref": f"#/definitions/{name}"},
        }
        for name in RESOURCES
    ]
    return {"type": "object", "allOf": ours}


def _object(release: Release, name: str) -> Json:
    properties: dict[str, object] = {}
    for element, shape in elements(release, name).items():
        properties[element] = _element(shape)
        if shape.primitive:
            properties[f"_{element}"] = _beside(shape)
    return {"type": "object", "minProperties": 1, "properties": properties}


def _element(shape: ElementShape) -> Json:
    one: Json = {"$ref": f"#/definitions/{shape.type}"}
    if shape.codes:
        one = {"type": "string", "enum": list(shape.codes)}
    if shape.targets:
        one = {"allOf": [one, {"$ref": f"#/definitions/{_leading_to(shape.targets)}"}]}
    if not shape.many:
        return one
    if shape.primitive:
        # Where one of several has no value but something beside it, null keeps its place.
        one = {"anyOf": [{"type": "null"}, one]}
    return {"type": "array", "minItems": 1, "items": one}


def _beside(shape: ElementShape) -> Json:
    one: Json = {"$ref": "#/definitions/_"}
    return {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "null"}, one]}} if shape.many else one


if __name__ == "__main__":
    for each in Release:
        Path(schema_file(each)).write_bytes(written(each))
