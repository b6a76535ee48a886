from __future__ import annotations

import json
import subprocess
import sys

import pytest
from fhir_builders import SUBJECT, bundle, item, patient, response

from adapters import registry

COMPLAINTS = [
    pytest.param({"status": "done"}, [("A002", "QuestionnaireResponse.status")], id="a status that is none"),
    pytest.param({"status": "in-progress"}, [("A003", "QuestionnaireResponse.status")], id="not finished"),
    pytest.param({"status": "entered-in-error"}, [("A003", "QuestionnaireResponse.status")], id="in error"),
    pytest.param({"status": ["completed"]}, [("A002", "QuestionnaireResponse.status")], id="an array"),
    pytest.param({"secret": 1}, [("A002", "QuestionnaireResponse, its 3rd key")], id="a key that nothing declares"),
    pytest.param({"item": [{"text": "x"}]}, [("A002", "QuestionnaireResponse.item[0]")], id="no link id"),
    pytest.param({"item": "x"}, [("A002", "QuestionnaireResponse.item")], id="items that are none"),
    pytest.param({"contained": [{"resourceType": "Secret"}]}, [("A002", "QuestionnaireResponse.contained[0]")],
                 id="a resource that is none"),
    pytest.param({"meta": {"tag": [{"secret": 1}]}}, [("A002", "QuestionnaireResponse.meta.tag[0], its 1st key")],
                 id="deep inside"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "expected"), COMPLAINTS)
def test_complaint_stands_at_its_element(change, expected, read):
    """Each way of not being FHIR is one finding at its element, in our words; keys that nothing declares are counted."""
    assessment, findings = read({**response(), **change})
    assert [(rule, label) for rule, _, label in findings] == expected
    assert "secret" not in repr(assessment.findings).casefold()


@pytest.mark.parametrize("kind", ["Secret", 5, None, ["Patient"], "Coding", "__class__"])
def test_unknown_resource_type_is_a_finding(kind, fhir, findings_of):
    """An entry whose resourceType is no resource is complained of where it stands, not a crash."""
    found = findings_of(registry.read(fhir(bundle({"resourceType": kind, "id": "x"}, response()))))
    assert [finding.rule for finding in found] == ["A002"]
    assert found[0].sources[0].label.startswith("Bundle.entry[0].resource")


def test_complaint_about_the_child_names_its_item(read):
    """What is wrong with the Patient belongs to the assessment, and the item that it would have told is broken."""
    document = bundle(patient(birthDate="03/02/2015", gender="F"), response(**SUBJECT))
    assessment, findings = read(document)
    assert sorted((rule, items) for rule, items, _ in findings) == [
        ("A002", ("MEMBER_DOB",)),
        ("A002", ("MEMBER_GENDER",)),
    ]
    assert assessment.text("MEMBER_DOB") is None
    assert assessment.text("MEMBER_GENDER") is None
    assert len(assessment.findings) == 2


def test_complaint_about_nobody_concerned_belongs_to_the_payload(fhir):
    """What is wrong with a resource that no assessment reads is said once, of the payload."""
    other = {"resourceType": "Encounter", "bogus": 1}
    reading = registry.read(fhir(bundle(other, response(), response())))
    assert [finding.rule for finding in reading.findings] == ["A002"] * len(reading.findings) != []
    assert [assessment.findings for assessment in reading.assessments] == [(), ()]


def test_every_response_is_an_assessment(fhir):
    """A Bundle with several responses yields them in its order, each with the identity that it does not bring itself."""
    reading = registry.read(fhir(bundle(response(item("A", valueInteger=1)), response(item("A", valueInteger=2)))))
    assert [assessment.text("A") for assessment in reading.assessments] == ["1", "2"]
    assert all(assessment.agency == assessment.text("AGENCY_ID") == "riverbend" for assessment in reading.assessments)


@pytest.mark.parametrize("levels", [60, 97])
def test_objects_written_as_texts_cannot_exhaust_the_stack(levels, read):
    """fhir.resources parses a text in an object's place again, to any depth: that ends in a finding."""

    def nested(leaf):
        for _ in range(levels):
            leaf = {"linkId": "g", "item": [leaf]}
        return json.dumps(leaf)

    _, findings = read(response({"linkId": "g", "item": [nested(nested(nested({"linkId": "x"})))]}))
    assert {rule for rule, _, _ in findings} == {"A002"}


def test_only_the_format_that_is_read_is_imported():
    """Reading delimited text never pays for the import of fhir.resources."""
    program = (
        "import sys; from adapters import registry; from canonical.payload import Payload;"
        "registry.read(Payload(content=b'a,b\\n1,2\\n', name='x'));"
        "sys.exit(any(name.partition('.')[0] in ('fhir', 'pydantic', 'specs', 'lxml') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.timeout(30)  # once it took minutes
def test_a_thousand_unknown_keys_of_one_object_take_no_time(fhir, findings_of):
    """Each is counted at its place, and the work grows with their number, not with its square."""
    found = findings_of(registry.read(fhir({**response(), **{f"k{n}": 1 for n in range(1_000)}})))
    assert len(found) == 1_000
    assert found[-1].sources[0].label == "QuestionnaireResponse, its 1002nd key"
