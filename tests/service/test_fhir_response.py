"""A QuestionnaireResponse written from answers reads back to the same answers, and is judged the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.questionnaireresponse import QuestionnaireResponse
from hypothesis import given
from hypothesis import strategies as st

from adapters import registry
from canonical.assessment import Answer, Assessment, Reading, Source, identified
from canonical.payload import Payload
from service.fhir_response import questionnaire_response
from specs.catalog import Catalog
from specs.examples import Example, examples
from specs.spec import Type
from validators.engine import validate

SPEC = Catalog().named("2026.1")
EXAMPLES = [pytest.param(example, id=example.name) for example in examples(SPEC)]
ACCEPTED = [pytest.param(example, id=example.name) for example in examples(SPEC) if not example.rules]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLACE = Source(file="", label="")


def read(answers: Mapping[str, str]) -> Reading:
    return registry.read(Payload(content=questionnaire_response(answers, SPEC), name="payload"))


def read_back(answers: Mapping[str, str]) -> dict[str, str]:
    (assessment,) = read(answers).assessments
    derived = {"DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE"} - set(answers)
    return {item: answer.text for item, answer in assessment.answers.items() if item not in derived}


def judged(assessment: Assessment) -> list[tuple[str, tuple[str, ...]]]:
    report = validate(assessment, SPEC, None, NOW, certification=False)
    return sorted((finding.rule, tuple(sorted(finding.items))) for finding in report.findings)


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_reads_back_to_the_same_answers(example: Example):
    """Conforming or not: what FHIR's type cannot carry stands there as a text."""
    assert read(example.answers).findings == ()
    assert read_back(example.answers) == dict(example.answers)


@pytest.mark.parametrize("example", EXAMPLES)
def test_it_is_judged_as_its_answers_are(example: Example):
    """The same findings about the same items, none of them about reading."""
    answers = {item: Answer(text=text, source=PLACE) for item, text in example.answers.items()}
    (assessment,) = read(example.answers).assessments
    assert judged(assessment) == judged(identified(Assessment(agency=None, answers=answers, origin=PLACE)))


@pytest.mark.parametrize("example", ACCEPTED)
def test_fhir_resources_accepts_it(example: Example):
    """It is valid FHIR R4, whatever our own adapter lets pass."""
    QuestionnaireResponse.model_validate_json(questionnaire_response(example.answers, SPEC))


def test_it_names_the_questionnaire_that_it_answers_with_its_version():
    """The one that ``ecas spec export`` writes, by the address that the adapter reads the instrument from."""
    told = QuestionnaireResponse.model_validate_json(
        questionnaire_response({"INSTRUMENT": "five-through-twenty"}, SPEC)
    )
    assert told.questionnaire == "https://ecas-bridge.example/fhir/Questionnaire/five-through-twenty|2026.1"


def test_no_questionnaire_is_named_for_an_instrument_that_is_none():
    """The adapter would take its name for the answer."""
    assert b'"questionnaire"' not in questionnaire_response({"INSTRUMENT": "no-such-form"}, SPEC)
    assert b'"questionnaire"' not in questionnaire_response({"MEMBER_ID": "100000000001"}, SPEC)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ("ASSESSMENT_DATE", "2026-02-30"),
        ("ASSESSMENT_DATE", "02/03/2026"),
        ("DOCUMENT_VERSION", "one"),
        ("DOCUMENT_VERSION", "007"),
        ("DOCUMENT_VERSION", "99999999999"),
        ("LDF_SLEEP", "4"),
        ("LDF_SLEEP", "much  too much"),
        ("SED_DETERMINATION", "perhaps"),
        ("NO_SUCH_ITEM", "1"),
        ("CGR_SAFETY.9", "1"),
    ],
)
def test_an_answer_that_does_not_fit_its_type_is_still_said(item, text):
    """The judge, not the reader, is to find it."""
    assert read(answers := {"INSTRUMENT": "five-through-twenty", item: text}).findings == ()
    assert read_back(answers) == answers


def test_a_repeating_section_is_a_group_for_each_occurrence():
    """Also behind a gap, and each with its own items."""
    answers = {"CGR_SAFETY": "1", "CGR_COMMENT": "Invented.", "CGR_SAFETY.2": "2", "CGR_COMMENT.4": "Invented too."}
    told = QuestionnaireResponse.model_validate_json(questionnaire_response(answers, SPEC))
    assert [[question.linkId for question in group.item or ()] for group in told.item] == [
        ["CGR_SAFETY", "CGR_COMMENT"],
        ["CGR_SAFETY"],
        [],
        ["CGR_COMMENT"],
    ]
    assert read_back(answers) == answers


_TEXTS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
_VALUES = {
    Type.DATE: st.dates().map(str) | _TEXTS,
    Type.INTEGER: st.integers().map(str) | _TEXTS,
    Type.BOOLEAN: st.sampled_from(["true", "false"]) | _TEXTS,
    Type.DATETIME: st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.isoformat()) | _TEXTS,
}


@given(
    answers=st.lists(st.sampled_from(list(SPEC.occurrences.values())), unique_by=lambda item: item.code).flatmap(
        lambda items: st.fixed_dictionaries({item.code: _VALUES.get(item.type, _TEXTS) for item in items})
    )
)
def test_any_answers_read_back(answers):
    """Whatever the items and the texts, in any of their occurrences."""
    assert read_back(answers) == answers
