"""The memory of what is right FHIR: it may save work, and must never change a verdict."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from fhir_forms import as_r5

from adapters.fhir_memory import FhirMemory
from adapters.fhir_release import Release

SAMPLES = [json.loads(file.read_text()) for file in sorted((Path(__file__).parents[2] / "samples/good").glob("*.json"))]
BUNDLE = SAMPLES[0]


def taught(*documents, release=Release.R4, room=10_000) -> FhirMemory:
    """Return a memory that was shown documents, the first of them twice: at first it only looks on."""
    memory = FhirMemory(release, room=room)
    for document in (documents[0], *documents):
        memory.remember(document)
    return memory


def response_in(document):
    return next(
        entry["resource"] for entry in document["entry"] if entry["resource"]["resourceType"] == "QuestionnaireResponse"
    )


def changed(change):
    document = copy.deepcopy(BUNDLE)
    change(document)
    return document


@pytest.mark.parametrize("release", Release)
def test_what_was_right_is_known_again(release):
    """In either release; before anything was remembered nothing is."""
    document = as_r5(BUNDLE) if release is Release.R5 else BUNDLE
    assert not FhirMemory(release).knows(document)
    assert taught(document, release=release).knows(document)


def test_a_process_that_judges_one_document_looks_nothing_up():
    """To learn takes longer than to judge."""
    memory = FhirMemory(Release.R4)
    memory.remember(BUNDLE)
    assert not memory.knows(BUNDLE)


def test_other_texts_in_known_members_are_known():
    """Another child, other ratings, another comment: nothing of it was seen before."""
    text = json.dumps(BUNDLE).replace("Amaral-Finch", "Somebody-Else").replace('"code": "1"', '"code": "3"')
    assert taught(BUNDLE).knows(json.loads(text.replace("2014-05-02", "2013-04-01")))


WRONG = {
    "a member that FHIR does not know": lambda document: document["entry"][0].update(zz=1),
    "a known member elsewhere": lambda document: response_in(document).update(birthDate="2014-05-02"),
    "a required element gone": lambda document: response_in(document).pop("status"),
    "no day of the calendar": lambda document: document["entry"][0]["resource"].update(birthDate="2014-02-30"),
    "an empty text": lambda document: response_in(document)["item"][0].update(linkId=""),
    "null for a text": lambda document: response_in(document)["item"][0].update(linkId=None),
    "null for an element": lambda document: document["entry"].append(None),
    "null for an array": lambda document: document.update(entry=None),
    "an object for an array": lambda document: document.update(entry=document["entry"][0]),
    "an array for an object": lambda document: document["entry"][0].update(resource=[document["entry"][0]["resource"]]),
    "a text for an object": lambda document: document["entry"][0].update(resource="{}"),
    "an object for a text": lambda document: response_in(document)["item"][0].update(linkId={}),
    "two values": lambda document: response_in(document)["item"][0]["item"][0]["answer"][0].update(valueString="x"),
    "a resource of no type": lambda document: document["entry"][0]["resource"].pop("resourceType"),
    "a resource of a type that is no text": lambda document: document["entry"][0]["resource"].update(resourceType=[]),
    "a resource of any type": lambda document: document["entry"][0]["resource"].update(resourceType="Resource"),
    "a resource of a data type": lambda document: document["entry"][0]["resource"].update(resourceType="HumanName"),
    "an element that names its type": lambda document: response_in(document)["identifier"].update(
        resourceType="Identifier"
    ),
    "a text beside a primitive": lambda document: response_in(document).update(_status={"id": "x"}),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_was_not_found_right_is_not_known(change):
    """Some of it may be right: then fhir.resources says so."""
    memory = taught(BUNDLE)
    assert not memory.knows(changed(change))


def test_the_document_itself_is_not_touched():
    """What the adapter reads afterwards is what came."""
    before = copy.deepcopy(BUNDLE)
    taught(BUNDLE).knows(BUNDLE)
    assert before == BUNDLE


def test_nothing_that_anybody_wrote_is_kept():
    """Types and names of FHIR only."""
    memory = taught(*SAMPLES)
    kept = {name for kind, members in memory._known.right for name in (kind, *members)}
    assert kept <= {"Bundle", *names(SAMPLES), *TYPES}
    assert all(
        isinstance(name, str) and isinstance(place, int)
        for plan in memory._known.right.values()
        for name, place in plan.texts
    )


def names(node) -> set[str]:
    """Return every name of a member."""
    below = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return {*(node if isinstance(node, dict) else ()), *(name for one in below for name in names(one))}


TYPES = {
    "Address", "BundleEntry", "CodeableConcept", "Coding", "Consent", "ConsentProvision", "ContactPoint", "Coverage", "HumanName",
    "Identifier", "Meta", "Organization", "Patient", "Practitioner", "QuestionnaireResponse", "QuestionnaireResponseItem",
    "QuestionnaireResponseItemAnswer", "Reference",
}  # fmt: skip


def test_the_memory_is_bounded():
    """It forgets all rather than grow."""
    memory = taught(*SAMPLES, room=30)
    for document in SAMPLES * 3:
        memory.remember(document)
        assert len(memory._known.right) <= 30
