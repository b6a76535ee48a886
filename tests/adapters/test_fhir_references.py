"""References of every form lead inside the document, or nowhere."""

from __future__ import annotations

import pytest
from fhir_builders import SUBJECT, bundle, consent, coverage, item, patient, response

from adapters import registry

BASE = "https://ehr.example/fhir/"


def entry(resource, full_url=None, **more):
    return {**({"fullUrl": full_url} if full_url else {}), "resource": resource, **more}


def document(*entries, kind="collection"):
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def boy(**more):
    return patient(gender="male", **more)


def girl(**more):
    return patient(gender="female", **more)


def to(reference):
    return response(subject={"reference": reference})


UUID = "urn:uuid:0c8a2e5e-6f2f-4f7c-9d39-6c6b2f3d8a10"
FORMS = [
    pytest.param(document(entry(girl()), entry(to("Patient/p"))), id="by type and id"),
    pytest.param(document(entry(girl(), UUID), entry(to(UUID))), id="urn:uuid"),
    pytest.param(document(entry(girl(), f"{BASE}Patient/p"), entry(to(f"{BASE}Patient/p"))), id="absolute"),
    pytest.param(document(entry(girl(), f"{BASE}Patient/p"), entry(to(f"{BASE}Patient/p/_history/2"))), id="a version"),
    pytest.param(
        document(
            entry(boy(), "https://other.example/Patient/p"),
            entry(girl(), f"{BASE}Patient/p"),
            entry(to("Patient/p"), f"{BASE}QuestionnaireResponse/1"),
        ),
        id="relative to the server of the response",
    ),
    pytest.param(document(entry(boy()), entry({**to("#p"), "contained": [girl()]})), id="contained, not the entry"),
    pytest.param(document(entry(girl()), entry({**to("Patient/p"), "contained": [boy()]})), id="the entry, not contained"),
    pytest.param(
        document(entry({**response(), "contained": [boy()]}), entry({**to("#p"), "contained": [girl()]})),
        id="contained in this response, not in another",
    ),
    pytest.param(document(entry(girl(), request={"method": "PUT", "url": "Patient/p"}), entry(to("Patient/p")), kind="transaction"),
                 id="of a transaction"),
    pytest.param(document(entry(girl()), entry(to("Patient/p"), search={"mode": "match"}), kind="searchset"), id="of a search"),
]  # fmt: skip


@pytest.mark.parametrize("whole", FORMS)
def test_reference_leads_to_its_resource(whole, read, fhir):
    """Whatever form a reference has, it means one resource of the document."""
    reading = registry.read(fhir(whole))
    assessment = reading.assessments[-1]
    assert assessment.text("MEMBER_GENDER") == "female"


NOWHERE = [
    "#q", "#", "Patient/q", "Patient", "patient/p", "/Patient/p", "../Patient/p", "Patient?identifier=1", "file:///etc/passwd",
    "http://127.0.0.1:1/Patient/p", "//x/Patient/p", "urn:uuid:1", "x" * 100_000, "Patient/p#x", "Patient/../Patient/p", "%50atient/p",
]  # fmt: skip


@pytest.mark.parametrize("reference", NOWHERE, ids=range(len(NOWHERE)))
def test_strange_reference_leads_nowhere(reference, read):
    """A reference to anything else is one finding, and nothing is fetched (the tests' sockets would say so)."""
    assessment, findings = read(document(entry(girl()), entry(to(reference))))
    assert assessment.text("MEMBER_GENDER") is None
    assert [rule for rule, _, _ in findings] == ["A009"]


@pytest.mark.parametrize("whole", [bundle(girl(), response(subject={"identifier": {"value": "1"}})),
                                   response(subject={"identifier": {"value": "1"}})], ids=["Bundle", "alone"])  # fmt: skip
def test_identifier_alone_is_never_looked_up(whole, read):
    """A reference by an identifier only is a finding, in a Bundle and without one."""
    assessment, findings = read(whole)
    assert assessment.text("MEMBER_GENDER") is None
    assert [rule for rule, _, _ in findings] == ["A009"]


def test_every_response_has_its_own_subject(fhir):
    """Several responses in one Bundle tell of the child that each refers to, and of nobody else."""
    children = [patient(id=name, gender=gender) | {"id": name} for name, gender in (("a", "male"), ("b", "female"))]
    consents = [
        {**consent(type=decision), "patient": {"reference": f"Patient/{name}"}}
        for name, decision in (("a", "deny"), ("b", "permit"))
    ]
    responses = [response(subject={"reference": f"Patient/{name}"}) for name in "ab"]
    reading = registry.read(fhir(bundle(*children, *consents, *responses)))
    told = [(one.text("MEMBER_GENDER"), one.text("CONSENT")) for one in reading.assessments]
    assert told == [("male", "refused"), ("female", "given")]


def test_response_may_contain_everything_around_it(read):
    """A response by itself brings the child, its Coverage and its Consent inside."""
    inside = [
        girl(),
        {**consent(type="permit"), "patient": {"reference": "#p"}},
        coverage("1", beneficiary={"reference": "#p"}),
    ]
    assessment, findings = read(response(contained=inside, subject={"reference": "#p"}))
    told = [assessment.text(code) for code in ("MEMBER_GENDER", "MEMBER_ID", "CONSENT")]
    assert told == ["female", "1", "given"]
    assert findings == []


def test_document_tells_whose_it_is_by_its_composition(read):
    """In a document a response without a subject is about the subject of the one Composition."""
    composition = {
        "resourceType": "Composition",
        "status": "final",
        "type": {"text": "x"},
        "date": "2026-03-02",
        "author": [{"display": "x"}],
        "title": "x",
        **SUBJECT,
    }
    assessment, findings = read(document(entry(composition), entry(girl()), entry(response()), kind="document"))
    assert (assessment.text("MEMBER_GENDER"), findings) == ("female", [])


def test_message_is_read_like_any_bundle(read):
    """The MessageHeader of a message is in nobody's way."""
    header = {"resourceType": "MessageHeader", "eventUri": "urn:x", "source": {"endpoint": "urn:y"}}
    assessment, findings = read(document(entry(header), entry(girl()), entry(to("Patient/p")), kind="message"))
    assert (assessment.text("MEMBER_GENDER"), findings) == ("female", [])


def test_response_that_is_to_be_deleted_is_no_assessment(read):
    """A transaction that deletes a response does not submit it."""
    gone = entry(response(item("A", valueInteger=1)), request={"method": "DELETE", "url": "QuestionnaireResponse/1"})
    _, findings = read(document(gone, kind="transaction"))
    assert [rule for rule, _, _ in findings] == ["A003"]


def test_bundle_in_a_bundle_is_said_to_be_unread(fhir, findings_of):
    """Responses inside an inner Bundle are not passed over in silence."""
    reading = registry.read(fhir(bundle(response(), bundle(response()))))
    assert [(one.rule, one.sources[0].label) for one in findings_of(reading)] == [("A003", "Bundle.entry[1].resource")]
