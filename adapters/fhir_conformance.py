"""What is wrong with a FHIR document, in two tiers: a compiled schema of its models, then fhir.resources itself.

Both look at every document; at what fhir.resources found right before it looks once (see ``fhir_memory``). As soon as either
objects the whole document is judged by fhir.resources, so that its complaints are those of a full run, and what only the
schema knows stands beside them (docs/fhir-tiers.md).

The library answers in exceptions whose texts may quote the record. They never leave this file: each error becomes one
of our own sentences at its JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

from adapters import fhir_models
from adapters.faults import nth
from adapters.fhir_memory import FhirMemory
from adapters.fhir_release import Release
from adapters.fhir_schema import Misfit, misfits
from adapters.fhir_size import MOST_COMPLAINTS, parts
from adapters.json_positions import escaped

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_MISSING: Final = frozenset({"missing", "model_field_validation.missing"})
_UNKNOWN: Final = "extra_forbidden"
_OBJECT: Final = "A FHIR object is expected here; something else stands in its place."
#: The beginning of an error's type, as pydantic and fhir_core name them, and our sentence for it.
_SENTENCES: Final = (
    ("list_type", "An array of FHIR elements is expected here, each of them an object or a value, never null."),
    ("model_validation_format", _OBJECT),
    ("json_", _OBJECT),
    ("dict_", _OBJECT),
    ("date_", "This is no FHIR date (YYYY, YYYY-MM or YYYY-MM-DD), or no day of the calendar."),
    ("datetime_", "This is no FHIR dateTime (a date, or a date and time with its offset), or no day of the calendar."),
    ("time_", "This is no FHIR time (hh:mm:ss)."),
    ("int_", "A whole number is expected here."),
    ("decimal_", "A number is expected here."),
    ("bool_", "true or false is expected here, without quotes."),
    ("string_type", "A text in quotes is expected here."),
    ("string_pattern_mismatch", "The text is empty, or not of the form that FHIR asks of this element."),
    ("string_too_long", "The text is longer than FHIR allows for this element."),
    ("greater_than", "The number is smaller than FHIR allows for this element."),
    ("less_than", "The number is larger than FHIR allows for this element."),
)
_CHOICE: Final = "FHIR allows one value here; there are several, or the one that it asks for is not there."
_OTHERWISE: Final = "The value is not of the form that FHIR asks of this element."
_MEMORIES: Final = {release: FhirMemory(release) for release in Release}


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """One way in which a document is not FHIR."""

    #: The element concerned, or the one that should hold it.
    pointer: str
    #: ``Bundle.entry[3].resource.item[2]``; a key that FHIR does not know is named by its position.
    label: str
    #: Our own sentence.
    sentence: str
    #: For a key that FHIR does not know: which of its object's members it is, from 1; otherwise 0.
    ordinal: int = 0


def complaints(document: dict[str, object], release: Release) -> list[Complaint]:
    """Return everything that is wrong with a decoded Bundle or QuestionnaireResponse as FHIR of that release.

    Of more than ``MOST_COMPLAINTS`` only the first: such a document is not read.
    """
    odd = misfits(document, release)
    if not odd:
        memory = _MEMORIES[release]
        if memory.knows(document):
            return []
    if len(odd) > MOST_COMPLAINTS:
        return [_placed(document, one) for one in odd]
    refused = refusals(document, release)
    if not odd and not refused:
        memory.remember(document)
        return []
    told = {ancestor for one in refused if not one.ordinal for ancestor in _lineage(one.pointer)}
    arrays = {one.pointer for one in refused if not one.ordinal}
    beside = [
        _placed(document, one)
        for one in odd
        # What is wrong with one element of an array fhir.resources may say of the array.
        if not (one.path and isinstance(one.path[-1], int) and _pointer(one.path[:-1]) in arrays)
    ]
    return [*refused, *(one for one in beside if one.pointer not in told)]


def refusals(document: dict[str, object], release: Release) -> list[Complaint]:
    """Return what fhir.resources says of a whole document: the full run; of too many complaints only the first."""
    found: list[Complaint] = []
    ordinals: dict[int, dict[str, int]] = {}
    for begin, part in parts(document):
        errors = _errors(part, release)
        if errors is None:
            unjudged = f"The document could not be held against FHIR {release}; an element in it is not what FHIR allows there."
            unknown = list(islice(_unknown_types(document, release), MOST_COMPLAINTS + 1))
            return unknown or [Complaint(pointer="", label=_root(document), sentence=unjudged)]
        found += (
            _complaint(document, _shifted(error["loc"], begin), error["type"], ordinals, release)
            for error in islice(errors, MOST_COMPLAINTS + 1 - len(found))
        )
        if len(found) > MOST_COMPLAINTS:
            break
    return found


def _errors(part: dict[str, object], release: Release) -> list[ErrorDetails] | None:
    """Return the errors of fhir.resources; None where it could not even judge."""
    from pydantic import ValidationError  # noqa: PLC0415 - a quarter of a second that other formats need not pay

    try:
        fhir_models.document_class(release, _root(part)).model_validate(part)
    except ValidationError as refused:
        return refused.errors(include_url=False, include_context=False, include_input=False)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        # What the library raises, raw: KeyError for a resourceType that it does not know, TypeError for one that is no
        # text, RecursionError for objects written as texts, which it parses again to whatever depth they have.
        return None
    return []


def _shifted(loc: tuple[int | str, ...], begin: int) -> tuple[int | str, ...]:
    """Return the place of an error in the whole document, whose part begins with that entry."""
    if begin and loc[:1] == ("entry",) and len(loc) > 1 and isinstance(loc[1], int):
        return ("entry", begin + loc[1], *loc[2:])
    return loc


def _placed(document: dict[str, object], misfit: Misfit) -> Complaint:
    """Return what the schema refuses as a complaint."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in misfit.path)
    return Complaint(pointer=_pointer(misfit.path), label=f"{_root(document)}{steps}", sentence=misfit.sentence)


def _pointer(path: tuple[str | int, ...]) -> str:
    return "".join(f"/{escaped(str(step))}" for step in path)


def _lineage(pointer: str) -> Iterator[str]:
    """Yield a pointer and each one above it."""
    while pointer:
        yield pointer
        pointer = pointer.rpartition("/")[0]
    yield pointer


def _complaint(
    document: dict[str, object],
    loc: tuple[int | str, ...],
    kind: str,
    ordinals: dict[int, dict[str, int]],
    release: Release,
) -> Complaint:
    """Translate one error; its path is followed only as far as the document goes along with it.

    ``ordinals`` remembers the places of each object's members: one object may have thousands that FHIR does not know.
    """
    pointer, label = "", _root(document)
    rest = list(loc)
    reached: object = document
    while rest:
        step = rest[0]
        if isinstance(reached, dict) and step in reached and not (kind == _UNKNOWN and len(rest) == 1):
            reached, pointer, label = reached[step], f"{pointer}/{escaped(str(step))}", f"{label}.{step}"
        elif isinstance(reached, list) and isinstance(step, int) and step < len(reached):
            reached, pointer, label = reached[step], f"{pointer}/{step}", f"{label}[{step}]"
        else:
            break
        rest.pop(0)
    if kind == _UNKNOWN and isinstance(reached, dict) and rest:
        if id(reached) not in ordinals:
            ordinals[id(reached)] = {name: n for n, name in enumerate(reached, 1)}
        ordinal = ordinals[id(reached)][str(rest[0])]
        sentence = f"FHIR {release} knows no element of this name here."
        return Complaint(pointer=pointer, label=f"{label}, its {nth(ordinal)} key", sentence=sentence, ordinal=ordinal)
    if kind in _MISSING and len(rest) == 1:
        return Complaint(
            pointer=pointer, label=label, sentence=f"FHIR {release} requires the element “{rest[0]}” here."
        )
    return Complaint(pointer=pointer, label=label, sentence=_sentence(kind, reached))


def _sentence(kind: str, reached: object) -> str:
    """Return our sentence for a type of error at a value."""
    for beginning, sentence in _SENTENCES:
        if kind.startswith(beginning):
            return sentence
    return _CHOICE if isinstance(reached, dict) else _OTHERWISE


def _unknown_types(document: dict[str, object], release: Release) -> Iterator[Complaint]:
    """Yield every place whose resourceType fhir.resources cannot look up."""
    level: list[tuple[str, str, object]] = [("", _root(document), document)]
    while level:
        below: list[tuple[str, str, object]] = []
        for pointer, label, value in level:
            if isinstance(value, list):
                below += [(f"{pointer}/{n}", f"{label}[{n}]", inner) for n, inner in enumerate(value)]
            elif isinstance(value, dict):
                below += [
                    (f"{pointer}/{k}", f"{label}.{k}", value[k])
                    for k in ("entry", "resource", "contained")
                    if k in value
                ]
                kind = value.get("resourceType", "")
                if "resourceType" in value and not (isinstance(kind, str) and fhir_models.model(release, kind)):
                    sentence = f"The resourceType is missing, or names no resource of FHIR {release}."
                    yield Complaint(pointer=pointer, label=label, sentence=sentence)
        level = below


def _root(document: dict[str, object]) -> str:
    return "Bundle" if document.get("resourceType") == "Bundle" else "QuestionnaireResponse"
