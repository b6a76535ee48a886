"""A document of which too much is wrong, or which holds too much, is refused as a whole, and soon."""

from __future__ import annotations

import json

import pytest
from fhir_builders import SUBJECT, bundle, item, patient, response

from adapters import fhir_size, registry
from adapters.fhir_conformance import complaints
from adapters.fhir_release import Release
from canonical.payload import Payload


def read(document):
    return registry.read(Payload(content=json.dumps(document).encode(), name="x"), format="fhir")


def entries(*resources):
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


@pytest.mark.parametrize(
    "document",
    [
        bundle(*[patient(birthDate="2026-02-30")] * 1_001),
        bundle(*[patient(zz=1)] * 1_001),
        entries(*[{"resourceType": "Zz"}] * 1_001),
        entries(*[None] * 1_001),
        response(*[{}] * 1_001),
        response(*[1] * 1_001),
    ],
    ids=["impossible days", "unknown keys", "unknown resources", "nulls", "empty items", "numbers"],
)
def test_too_much_that_is_wrong_refuses_the_document(document):
    """Beyond a thousand places nothing is read, and the first of them stand beside the reason."""
    reading = read(document)
    assert reading.assessments == ()
    assert reading.findings[0].rule == "A001"
    assert "1,000 places" in reading.findings[0].message
    assert 1 <= len(reading.findings) <= 21


def test_a_thousand_complaints_are_all_told():
    """Up to the limit every complaint is a finding of its own."""
    reading = read(bundle(*[patient(birthDate="2026-02-30")] * 1_000, response(**SUBJECT)))
    told = [*reading.findings, *(one for assessment in reading.assessments for one in assessment.findings)]
    assert sum(one.rule == "A002" for one in told) == 1_000


def test_too_much_that_is_wrong_in_xml_refuses_the_document():
    """What FHIR does not know is counted while it is read."""
    text = f"<Patient xmlns='http://hl7.org/fhir'>{'<zz/>' * 1_001}</Patient>"
    (finding,) = registry.read(Payload(content=text.encode(), name="x"), format="fhir").findings
    assert "1,000 places" in finding.message


@pytest.mark.parametrize(
    "content",
    [
        b'{"resourceType":"Bundle","x":"' + b"x" * fhir_size.MAX_BYTES + b'"}',
        b'{"resourceType":"Bundle","entry":[' + b"{}," * fhir_size.MAX_VALUES + b"{}]}",
        b'{"resourceType":"QuestionnaireResponse","item":[' + b'{"linkId":"a"},' * 30_000 + b"{}]}",
        b'{"resourceType":"Bundle","entry":[{"resource":{"a":[' + b"0," * 60_000 + b"0]}}]}",
    ],
    ids=["bytes", "values", "a resource", "a resource of a Bundle"],
)
def test_a_document_that_holds_too_much_is_not_judged(content):
    """Limits of bytes and values, of the document and of each resource, are one finding."""
    reading = registry.read(Payload(content=content, name="x"), format="fhir")
    assert [(one.rule, "more than" in one.message or "larger" in one.message) for one in reading.findings] == [
        ("A001", True)
    ]


def test_many_assessments_are_still_one_document():
    """A thousand assessments in one Bundle are read."""
    reading = read(bundle(patient(), *[response(item("LDF_SLEEP", valueInteger=1), **SUBJECT)] * 1_000))
    assert len(reading.assessments) == 1_000
    assert reading.findings == ()


@pytest.mark.parametrize("size", [1, 7, 100])
def test_parts_are_judged_as_the_whole(size, monkeypatch):
    """Judged in parts a Bundle has the complaints that it has as a whole, at the same places."""
    wrong = [patient(birthDate="2026-02-30"), patient(zz=1), patient(gender="?"), patient(name="x"), patient()]
    document = bundle(*[wrong[number % 5] | {"id": f"p{number}"} for number in range(40)]) | {"yy": 1, "total": -1}
    whole = complaints(document, Release.R4)
    monkeypatch.setattr(fhir_size, "_PART", size)
    parted = complaints(document, Release.R4)
    assert len(list(fhir_size.parts(document))) > 2
    assert sorted(map(repr, parted)) == sorted(map(repr, whole))
