"""The first tier: a JSON Schema, compiled once, of what fhir.resources' models know and do not enforce.

A number in quotes, a code that is not in a required binding, ``null``, an empty array or object, a Reference to a resource of
the wrong type: fhir.resources lets these pass, or makes of them what was not sent (docs/fhir-tiers.md has the list, tested).
The schema is written from its models by ``adapters.fhir_schema_writer``; this is the one file that imports jsonschema-rs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from adapters.fhir_release import Release
from adapters.fhir_size import MOST_COMPLAINTS, parts

if TYPE_CHECKING:
    import jsonschema_rs

#: What the schema can say, and our sentence for it. A value never comes into a sentence.
_SENTENCES: Final = {
    "enum": "FHIR knows no such code for this element.",
    "maxLength": "The text is longer than FHIR allows for this element.",
    "minItems": "An empty array says nothing; leave the element out.",
    "minProperties": "An empty object says nothing; leave the element out.",
    "minimum": "The number is smaller than FHIR allows for this element.",
    "pattern": "The text is not of the form that FHIR asks of this element.",
}
_TYPES: Final = {
    "array": "An array of FHIR elements is expected here.",
    "boolean": "true or false is expected here, without quotes.",
    "integer": "A whole number is expected here, without quotes.",
    "number": "A number is expected here, without quotes.",
    "object": "A FHIR object is expected here; something else stands in its place.",
    "string": "A text in quotes is expected here.",
}
_TARGET: Final = "This reference leads to a resource of a type that FHIR does not allow here."
_OTHERWISE: Final = "The value is not of the form that FHIR asks of this element."


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place that the schema refuses."""

    #: The steps from the document's root: names and positions.
    path: tuple[str | int, ...]
    #: Our own sentence.
    sentence: str


def schema_file(release: Release) -> Path:
    """Return where the schema of a release is kept."""
    return Path(__file__).parent / "fhir_schemas" / f"{release}.json"


def misfits(document: dict[str, object], release: Release) -> list[Misfit]:
    """Return every place of a decoded document that the schema refuses, once each; of too many only the first."""
    validator = _validator(release)
    if validator.is_valid(document):
        return []
    found: dict[tuple[str | int, ...], Misfit] = {}
    for begin, part in parts(document):
        for error in () if part is not document and validator.is_valid(part) else validator.iter_errors(part):
            path = tuple(error.instance_path)
            if begin and path[:1] == ("entry",) and len(path) > 1:
                path = ("entry", begin + int(path[1]), *path[2:])
            if path not in found:
                found[path] = Misfit(path, _sentence(error))
            if len(found) > MOST_COMPLAINTS:
                return list(found.values())
    return list(found.values())


@cache
def _validator(release: Release) -> jsonschema_rs.Draft7Validator:
    import jsonschema_rs  # noqa: PLC0415 - other formats need not pay

    # RegexOptions is the engine without backtracking: linear in the text, whatever the pattern.
    return jsonschema_rs.Draft7Validator(
        orjson.loads(schema_file(release).read_bytes()), pattern_options=jsonschema_rs.RegexOptions()
    )


def _sentence(error: jsonschema_rs.ValidationError) -> str:
    """Return our sentence for an error; its own message quotes the value."""
    return next(_sentences(error), _OTHERWISE)


def _sentences(error: jsonschema_rs.ValidationError) -> Iterator[str]:
    keyword = str(error.schema_path[-1]) if error.schema_path else ""
    if keyword in _SENTENCES:
        yield _SENTENCES[keyword]
    if keyword == "anyOf" and error.instance_path and error.instance_path[-1] == "reference":
        yield _TARGET
    kind = error.kind
    types = getattr(kind, "types", ()) if keyword == "type" else ()
    yield from (_TYPES[name] for name in types if name in _TYPES)
