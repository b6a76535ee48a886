"""What each tier of judging FHIR catches: one document for each way of being wrong, and the page that lists them.

``python -m tests.fhir_probes`` writes docs/fhir-tiers.md.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.fhir_conformance import refusals
from adapters.fhir_release import Release
from adapters.fhir_schema import misfits

Json = dict[str, Any]
PAGE = Path(__file__).parents[1] / "docs/fhir-tiers.md"


def response() -> Json:
    answers = [
        {"linkId": "A", "answer": [{"valueInteger": 2}]},
        {"linkId": "B", "answer": [{"valueDate": "2026-03-02"}]},
    ]
    return {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "questionnaire": "urn:q",
        "authored": "2026-03-02T10:00:00-05:00",
        "author": {"reference": "Practitioner/1"},
        "contained": [{"resourceType": "Patient", "id": "p", "gender": "female", "name": [{"given": ["x"]}]}],
        "item": answers,
    }


def _put(*way: str | int, value: Any) -> Callable[[Json], None]:
    def change(document: Json) -> None:
        holder: Any = document
        for step in way[:-1]:
            holder = holder[step]
        if value is GONE:
            del holder[way[-1]]
        else:
            holder[way[-1]] = value

    return change


GONE = object()
_A, _B = ("item", 0, "answer", 0), ("item", 1, "answer", 0)
_CHILD = ("contained", 0)
#: What is wrong, and how it comes into a document that is right.
PROBES: dict[str, Callable[[Json], None]] = {
    "an element that FHIR does not know": _put("zz", value=1),
    "an object where an array belongs": _put("item", value={"linkId": "A"}),
    "an array where an object belongs": _put("author", value=[{"reference": "Practitioner/1"}]),
    "a required element missing": _put("item", 0, "linkId", value=GONE),
    "two values in one choice": _put(*_A, "valueString", value="x"),
    "a resourceType that does not exist": _put(*_CHILD, "resourceType", value="Patientt"),
    "a day that is not in the calendar": _put(*_B, "valueDate", value="2026-02-30"),
    "a date in another order": _put(*_B, "valueDate", value="03/02/2026"),
    "a time without an offset": _put("authored", value="2026-03-02T10:00:00"),
    "a moment where a date belongs": _put(*_B, "valueDate", value="2026-03-02T00:00:00Z"),
    "a number where a date belongs": _put(*_B, "valueDate", value=1_700_000_000),
    "a number where a text belongs": _put("item", 0, "linkId", value=5),
    "an empty text": _put("item", 0, "linkId", value=""),
    "a number in quotes": _put(*_A, "valueInteger", value="2"),
    "a whole number with a fraction of zero": _put(*_A, "valueInteger", value=2.0),
    "a number with a fraction": _put(*_A, "valueInteger", value=2.5),
    "a number larger than 32 bits": _put(*_A, "valueInteger", value=2**31),
    "a boolean in quotes": _put(*_CHILD, "active", value="true"),
    "a number where a boolean belongs": _put(*_CHILD, "active", value=1),
    "a status that is not in its list": _put("status", value="done"),
    "a gender that is not in its list": _put(*_CHILD, "gender", value="F"),
    "a reference to a resource of the wrong type": _put("author", "reference", value="Coverage/1"),
    "a null": _put("author", value=None),
    "a null in an array of objects": _put("item", value=[None]),
    "an empty array": _put(*_CHILD, "name", value=[]),
    "an empty object": _put("author", value={}),
    "an object written as a text": _put("author", value='{"reference": "Practitioner/1"}'),
    "an id of more than 64 characters": _put("id", value="x" * 65),
    "an id with a character that ids have not": _put("id", value="a_b"),
    "a code with two blanks": _put("language", value="en  US"),
    "an address with a blank": _put("questionnaire", value="urn:q q"),
}


def caught(probe: str, release: Release) -> tuple[bool, bool]:
    """Return whether the schema catches it, and whether fhir.resources does."""
    document = copy.deepcopy(response())
    PROBES[probe](document)
    return misfits(document, release) != [], refusals(document, release) != []


def page() -> str:
    """Return the page."""
    said = {probe: [caught(probe, release) for release in Release] for probe in PROBES}
    differ = {probe for probe, (early, late) in said.items() if early != late}
    lines = [_HEAD]
    for title, wanted in _PARTS:
        rows = [probe for probe, (found, _) in said.items() if found == wanted and probe not in differ]
        lines += [f"## {title}", "", *(f"- {row}" for row in rows), ""]
    if differ:
        lines += [
            "## Not the same in both releases",
            "",
            *(f"- {probe}: {_in_words(said[probe])}" for probe in sorted(differ)),
            "",
        ]
    return "\n".join([*lines, _TAIL])


def _in_words(found: list[tuple[bool, bool]]) -> str:
    names = {
        (True, True): "both",
        (True, False): "the schema",
        (False, True): "fhir.resources",
        (False, False): "neither",
    }
    return ", ".join(f"{release} {names[one]}" for release, one in zip(Release, found, strict=True))


_PARTS = (
    ("Only the schema catches", (True, False)),
    ("Only fhir.resources catches", (False, True)),
    ("Both catch", (True, True)),
    ("Neither catches", (False, False)),
)
_HEAD = """# What the two tiers of judging FHIR catch

Every FHIR document, in JSON or XML, R4 or R5, is judged twice before anything of it is read (`adapters/fhir_conformance.py`):

1. by a JSON Schema, compiled once, that is written from what the models of fhir.resources know and do not enforce
   (`adapters/fhir_schema_writer.py`); it knows the resources that we read and every type in them;
2. by fhir.resources itself: its types judge every text of every document, and its models every set of members that an element
   may have, once in the life of a process (`adapters/fhir_memory.py`).

As soon as either objects, fhir.resources judges the whole document anew: its complaints are those of a full run, and what only
the schema knows stands beside them. Fifty thousand mutated documents of each release and form in a campaign, and a thousand of each release and form in every
run of the tests, are held to that (`tests/adapters/test_fhir_tiers.py`). Either tier's complaint is an
[A002](rules/A002.md).

This page is written by `python -m tests.fhir_probes` from documents that are wrong in one way each.
"""
_TAIL = """## What XML adds

A document in XML is judged in its JSON form (`adapters/fhir_xml.py`). What has no place in that form is an A002 of its own: an
element or attribute that FHIR does not know, an element twice that may stand once, text between elements, an element with
neither value nor extension. The order of elements of different names, which FHIR fixes in XML, is not judged.

## What nobody judges here

Invariants (FHIRPath), terminologies beyond required bindings, profiles, slices. Whether a reference leads anywhere is no matter
of form: [A009](rules/A009.md).
"""


if __name__ == "__main__":
    sys.path.insert(0, str(PAGE.parents[1]))
    PAGE.write_text(page(), "utf-8")
