"""The memory of what is right FHIR: it may save work, and must never change a verdict."""

from __future__ import annotations

import copy
import json
from pathlib import Path

from adapters.fhir_memory import FhirMemory

SAMPLES = [json.loads(file.read_text()) for file in sorted((Path(__file__).parents[2] / "samples/good").glob("*.json"))]
BUNDLE = SAMPLES[0]


def test_a_second_look_is_at_what_belongs_to_the_child():
    """After one success the coded answers and the agency's own resources are taken out; the child's stay."""
    memory = FhirMemory()
    rest, fresh = memory.unknown(BUNDLE)
    assert rest == BUNDLE
    memory.remember(fresh)
    rest, fresh = memory.unknown(BUNDLE)
    assert fresh == []
    kept = [entry["resource"]["resourceType"] for entry in rest["entry"] if "resource" in entry]
    assert kept == ["Patient", "Coverage", "Consent", "QuestionnaireResponse"]
    assert "valueCoding" not in json.dumps(rest)
    assert "valueString" in json.dumps(rest)


def test_the_document_itself_is_not_touched():
    """What the adapter reads afterwards is what came."""
    before = copy.deepcopy(BUNDLE)
    memory = FhirMemory()
    memory.remember(memory.unknown(BUNDLE)[1])
    memory.unknown(BUNDLE)
    assert before == BUNDLE


def test_only_digests_are_kept():
    """No text of a document is held beyond it."""
    memory = FhirMemory()
    memory.remember(memory.unknown(BUNDLE)[1])
    assert {len(digest) for digest in memory._right} == {16}


def test_the_memory_is_bounded():
    """It forgets all rather than grow."""
    memory = FhirMemory(room=10)
    for document in SAMPLES * 3:
        memory.remember(memory.unknown(document)[1])
        assert len(memory._right) <= 10
