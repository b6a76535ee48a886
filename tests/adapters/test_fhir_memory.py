"""The memory of what is right FHIR: it may save work, and must never change a verdict."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from pydantic import ValidationError

from adapters.fhir_conformance import complaints
from adapters.fhir_memory import FhirMemory

SAMPLES = [json.loads(file.read_text()) for file in sorted((Path(__file__).parents[2] / "samples/good").glob("*.json"))]
BUNDLE = SAMPLES[0]
#: What a mutation puts in the place of a value, or beside it.
STRANGE = [
    None,
    "",
    [],
    {},
    7,
    True,
    "x" * 300,
    {"code": 2},
    [None],
    {"valueCoding": {"code": "1"}},
    "2026-02-30",
    "\u00e9",
]


def places(node, path=()):
    """Yield the path of every value of a document."""
    yield path
    for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from places(child, (*path, key))


def mutated(document, dice: random.Random):
    """Return a copy with one value replaced, taken away, doubled, or given a strange neighbour."""
    copied = copy.deepcopy(document)
    *way, last = dice.choice([place for place in places(copied) if place])
    holder = copied
    for step in way:
        holder = holder[step]
    what = dice.randrange(4)
    if what == 0:
        holder[last] = copy.deepcopy(dice.choice(STRANGE))
    elif what == 1:
        del holder[last]
    elif isinstance(holder, list):
        holder.append(copy.deepcopy(holder[last]) if what == 2 else copy.deepcopy(dice.choice(STRANGE)))
    else:
        holder[dice.choice(["extension", "item", "answer", "zz", "text", "valueString"])] = copy.deepcopy(
            dice.choice(STRANGE)
        )
    return copied


def fully_right(document) -> bool:
    """Ask fhir.resources about the whole document, without any memory."""
    judge = Bundle if document.get("resourceType") == "Bundle" else QuestionnaireResponse
    try:
        judge.model_validate(document)
    except (ValidationError, KeyError, TypeError, ValueError, AttributeError, RecursionError):
        return False
    return True


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


@pytest.mark.parametrize("seed", range(10))
def test_the_verdict_is_that_of_a_full_run(seed):
    """A thousand mutated documents: with a warm memory each is right exactly when fhir.resources says so of the whole."""
    dice = random.Random(seed)
    verdicts = []
    for _ in range(100):
        document = mutated(dice.choice(SAMPLES), dice)
        right = fully_right(document)
        assert (complaints(document) == []) == right
        verdicts.append(right)
    assert 10 < sum(verdicts) < 90
