"""Answers found by link id, by code, or by a mapping."""

from __future__ import annotations

import pytest
from fhir_builders import bundle, item, response
from fhir_forms import as_xml

from adapters import registry
from adapters.mapping import load_mapping
from canonical.ledger import Fate
from canonical.payload import Payload

OURS = "urn:ecas-bridge:item"
LOINC = "http://loinc.org"


def question(link, **more):
    return {"linkId": link, "type": "choice", **more}


def questionnaire(*items, **more):
    return {"resourceType": "Questionnaire", "id": "q", "status": "active", "item": list(items), **more}


def coded(link, code, system=OURS, **more):
    return question(link, code=[{"system": LOINC, "code": "1-8"}, {"system": system, "code": code}], **more)


def contained(*items, **more):
    return {"contained": [questionnaire(*items)], "questionnaire": "#q", **more}


SLEEP = item("17", valueInteger=2)
CODED = [
    pytest.param(response(SLEEP, **contained(coded("17", "LDF_SLEEP"))), id="a contained Questionnaire"),
    pytest.param(response(SLEEP, **contained(question("g", item=[coded("17", "LDF_SLEEP")]))), id="inside a group"),
    pytest.param(response(SLEEP, **contained(question("17", definition=f"{OURS}#LDF_SLEEP"))), id="by its definition"),
    pytest.param(response({**SLEEP, "definition": f"{OURS}#LDF_SLEEP"}), id="by the answer's definition"),
    pytest.param(bundle(questionnaire(coded("17", "LDF_SLEEP"), url="http://x/q", version="2"),
                        response(SLEEP, questionnaire="http://x/q|2")), id="a Questionnaire of the Bundle"),
    pytest.param(response({"linkId": "g", "item": [SLEEP]}, **contained(coded("17", "LDF_SLEEP"))), id="answered in a group"),
]  # fmt: skip


@pytest.mark.parametrize("document", CODED)
def test_answer_is_found_by_the_code_of_its_question(document, read):
    """A Questionnaire that came along, or a definition, says which item a link id means."""
    assessment, findings = read(document)
    assert assessment.text("LDF_SLEEP") == "2"
    assert assessment.text("17") is None
    assert findings == []


NOT_CODED = [
    pytest.param(response(SLEEP, **contained(coded("17", "LDF_SLEEP", system="urn:x"))), id="another system"),
    pytest.param(response(SLEEP, **contained(coded("18", "LDF_SLEEP"))), id="another link id"),
    pytest.param(bundle(questionnaire(coded("17", "LDF_SLEEP"), url="http://x/q", version="1"),
                        response(SLEEP, questionnaire="http://x/q|2")), id="another version"),
    pytest.param(bundle(questionnaire(coded("17", "LDF_SLEEP")), response(SLEEP, questionnaire="#q")), id="not contained"),
    pytest.param(response({**SLEEP, "definition": "http://x/StructureDefinition/y#LDF_SLEEP"}), id="somebody's definition"),
]  # fmt: skip


@pytest.mark.parametrize("document", NOT_CODED)
def test_other_codes_mean_nothing(document, read):
    """A code of another system, question or version names no item: the link id stays what it is."""
    assessment, _ = read(document)
    assert assessment.text("17") == "2"


def test_codes_that_contradict_are_a_finding(read):
    """A question that says it is two items answers neither."""
    two = question("17", code=[{"system": OURS, "code": "LDF_SLEEP"}, {"system": OURS, "code": "LDF_SOCIAL"}])
    assessment, findings = read(response(SLEEP, **contained(two)))
    assert assessment.text("LDF_SLEEP") is None
    assert [(rule, items) for rule, items, _ in findings] == [("A014", ("LDF_SLEEP",)), ("A014", ("LDF_SOCIAL",))]


def test_question_that_repeats_answers_each_occurrence(read):
    """Several answers are the occurrences of an item only where its question says that it repeats."""
    answers = {"linkId": "DX_CODE", "answer": [{"valueString": "F90.0"}, {"valueString": "F43.10"}]}
    assessment, findings = read(response(answers, **contained(question("DX_CODE", repeats=True))))
    assert [assessment.text(code) for code in ("DX_CODE", "DX_CODE.2")] == ["F90.0", "F43.10"]
    assert findings == []
    assessment, findings = read(response(answers, **contained(question("DX_CODE"))))
    assert [rule for rule, _, _ in findings] == ["A010"]


DECIMALS = [(2, "2"), (2.0, "2"), (-3.0, "-3"), (2.5, None)]


@pytest.mark.parametrize(("value", "text"), DECIMALS)
def test_whole_decimal_is_a_number(value, text, read):
    """An EHR that writes every number as a decimal is understood as long as it is whole."""
    assessment, findings = read(response(item("LDF_SLEEP", valueDecimal=value)))
    assert assessment.text("LDF_SLEEP") == text
    assert [rule for rule, _, _ in findings] == ([] if text else ["A011"])


MAPPING = f"""
agency = "riverbend"
format = "fhir"
effective = 2026-01-01
[items]
LDF_SLEEP = {{ from = "{LOINC}|1-8", codes = "word" }}
LDF_SOCIAL = {{ from = "q2", codes = "word" }}
MEMBER_DOB = {{ from = "born", date = "%m/%d/%Y" }}
LDF_FAMILY = {{ from = "q9[2]" }}
EBN_ANXIETY = {{ from = "q5" }}
[codes.word]
"Watchful" = "1"
"LA-2" = "2"
"""


@pytest.fixture
def mapping(tmp_path):
    file = tmp_path / "ehr.toml"
    file.write_text(MAPPING)
    return load_mapping(file)


@pytest.mark.parametrize("write", [lambda payload: payload, None], ids=["JSON", "XML"])
def test_answers_are_found_by_mapping(write, mapping, fhir, findings_of):
    """A mapping names link ids and codes of questions, translates answers, and its ledger balances."""
    document = response(
        item("17", valueCoding={"system": "urn:x", "code": "LA-2"}),
        item("q2", valueCoding={"display": "Watchful"}),
        {
            "linkId": "g",
            "item": [item("born", valueString="03/02/2015"), item("q9", valueInteger=1), item("q9", valueInteger=3)],
        },
        item("q5", valueInteger="2"),
        item("free", valueString="left over"),
        authored="2026-03-02",
        **contained(coded("17", "STRANGER", system="urn:x")),
    )
    payload = fhir(document) if write else Payload(content=as_xml(document), name="x", agency="riverbend")
    reading = registry.read(payload, mapping=mapping)
    (assessment,) = reading.assessments
    told = {
        code: assessment.text(code)
        for code in ("LDF_SLEEP", "LDF_SOCIAL", "MEMBER_DOB", "LDF_FAMILY", "ASSESSMENT_DATE")
    }
    assert told == {
        "LDF_SLEEP": "2",
        "LDF_SOCIAL": "1",
        "MEMBER_DOB": "2015-03-02",
        "LDF_FAMILY": "3",
        "ASSESSMENT_DATE": "2026-03-02",
    }
    assert assessment.answers["LDF_SLEEP"].provenance.transforms == ("codes word",)
    assert reading.ledger.balances
    if write:
        assert [(one.rule, one.items) for one in findings_of(reading)] == [("A002", ("EBN_ANXIETY",))]
        assert assessment.text("EBN_ANXIETY") is None
        assert reading.ledger.counts[Fate.UNMAPPED] == 2  # the first of q9, and what is left over


def test_mapping_of_another_format_is_not_asked(caredesk, fhir):
    """A mapping for columns has no part in FHIR."""
    reading = registry.read(fhir(response(item("LDF_SLEEP", valueInteger=1))), mapping=caredesk)
    assert reading.assessments[0].text("LDF_SLEEP") == "1"
    assert (reading.mapping, reading.ledger) == (None, None)
