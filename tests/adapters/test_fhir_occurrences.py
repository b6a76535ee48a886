"""A section that repeats: the group is there again under its link id."""

from __future__ import annotations

import json

from adapters import registry
from canonical.payload import Payload


def _question(link: str, code: str) -> dict:
    return {"linkId": link, "answer": [{"valueCoding": {"code": code}}]}


def _group(link: str, *items: dict) -> dict:
    return {"linkId": link, "item": list(items)} if items else {"linkId": link}


def _read(*items: dict) -> dict[str, str]:
    response = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": list(items)}
    reading = registry.read(Payload(content=json.dumps(response).encode(), name="payload"))
    (assessment,) = reading.assessments
    assert assessment.findings == ()
    derived = {"DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE"}
    return {item: answer.text for item, answer in assessment.answers.items() if item not in derived}


def test_a_group_that_is_there_again_is_the_next_occurrence():
    """Of everything that it holds, at any depth."""
    first, second = _question("CGR_SAFETY", "1"), _question("CGR_SAFETY", "2")
    assert _read(_group("CGR", first), _group("CGR", _group("inner", second))) == {
        "CGR_SAFETY": "1",
        "CGR_SAFETY.2": "2",
    }


def test_other_groups_between_do_not_count_and_empty_ones_do():
    """The place among the groups of the same link id is the number of the occurrence."""
    answered = _read(
        _group("CGR", _question("CGR_SAFETY", "1")),
        _group("LDF", _question("LDF_SLEEP", "0")),
        _group("CGR"),
        _group("CGR", _question("CGR_SAFETY", "3")),
    )
    assert answered == {"CGR_SAFETY": "1", "LDF_SLEEP": "0", "CGR_SAFETY.3": "3"}


def test_the_source_of_an_occurrence_is_its_own_answer():
    """The pointer leads into the second group."""
    items = [_group("CGR", _question("CGR_SAFETY", "1")), _group("CGR", _question("CGR_SAFETY", "2"))]
    response = {"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}
    (assessment,) = registry.read(Payload(content=json.dumps(response).encode(), name="payload")).assessments
    assert assessment.answers["CGR_SAFETY.2"].source.pointer == "/item/1/item/0/answer/0"


def test_a_question_that_is_answered_twice_is_no_occurrence():
    """Only groups repeat: the same question twice beside itself stays a fault."""
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "item": [_question("LDF_SLEEP", "1"), _question("LDF_SLEEP", "2")],
    }
    (assessment,) = registry.read(Payload(content=json.dumps(response).encode(), name="payload")).assessments
    assert [finding.rule for finding in assessment.findings] == ["A010"]
    assert "LDF_SLEEP" not in assessment.answers
