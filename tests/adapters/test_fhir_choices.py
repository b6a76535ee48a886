"""Which of several counts, and what the Encounter, Conditions and roles around a response tell."""

from __future__ import annotations

import pytest
from fhir_builders import SUBJECT, bundle, consent, item, patient, response
from fhir_forms import as_r5

from adapters import registry
from canonical.finding import Severity

DAY = {"authored": "2026-03-02", **SUBJECT}


def name(family, use=None, **more):
    return {"family": family, "given": ["x"], **({"use": use} if use else {}), **more}


NAMES = [
    pytest.param([name("a"), name("b", "official")], "a b"[2], [], id="official first"),
    pytest.param([name("a", "official"), name("b", "official")], None, ["A014"], id="two that differ"),
    pytest.param([name("a", "official"), name("a", "official", suffix=["Jr"])], "a", [], id="two that say the same"),
    pytest.param(
        [name("a", "official", period={"end": "2025"}), name("b", "usual")], "b", [], id="the official one is over"
    ),
    pytest.param([name("a", "old"), name("b", "nickname")], "b", [], id="old ones last"),
    pytest.param([name("a", "old")], "a", [], id="an old one alone"),
    pytest.param([name("a"), name("b")], None, ["A014"], id="two of no use"),
    pytest.param([name(f"n{n}") for n in range(60)], None, ["A014"], id="sixty"),
]


@pytest.mark.parametrize(("names", "text", "rules"), NAMES)
def test_name_is_chosen_by_rule_and_never_guessed(names, text, rules, read):
    """In force before over, official before usual before unstated; where that leaves several, none."""
    assessment, findings = read(bundle(patient(name=names), response(**DAY)))
    assert assessment.text("MEMBER_LAST_NAME") == text
    assert [rule for rule, _, _ in findings] == rules


def test_ambiguous_address_only_warns(fhir, findings_of):
    """A ZIP code is not worth stopping an assessment."""
    addresses = [{"use": "home", "postalCode": zip_code} for zip_code in ("01001", "01002")]
    reading = registry.read(fhir(bundle(patient(address=addresses), response(**DAY))))
    (found,) = findings_of(reading)
    assert (found.rule, found.severity, found.items) == ("A014", Severity.WARNING, ("MEMBER_ZIP",))
    assert reading.assessments[0].text("MEMBER_ZIP") is None


def test_own_answer_needs_no_choice(read):
    """Several names are nobody's concern where the response tells the name itself."""
    own = [item("MEMBER_LAST_NAME", valueString="z"), item("MEMBER_FIRST_NAME", valueString="y")]
    _, findings = read(bundle(patient(name=[name("a"), name("b")]), response(*own, **DAY)))
    assert findings == []


def test_too_many_consents_are_none(read):
    """Nobody weighs a hundred Consents of one child: it is a finding, and no consent."""
    assessment, findings = read(bundle(patient(), *[consent(type="permit")] * 100, response(**DAY)))
    assert assessment.text("CONSENT") is None
    assert [(rule, items) for rule, items, _ in findings] == [("A014", ("CONSENT",))]


ICD = "http://hl7.org/fhir/sid/icd-10-cm"
TERMS = "http://terminology.hl7.org/CodeSystem/condition-"


def condition(code, local, *, system=ICD, certain=None, clinical="active", category=None):
    coded = {"certain": ("ver-status", certain), "clinical": ("clinical", clinical), "category": ("category", category)}
    told = {key: {"coding": [{"system": TERMS + name, "code": one}]} for key, (name, one) in coded.items() if one}
    return {
        "resourceType": "Condition",
        "id": local,
        "code": {"coding": [{"system": system, "code": code}]},
        **({"verificationStatus": told["certain"]} if certain else {}),
        **({"clinicalStatus": told["clinical"]} if clinical else {}),
        **({"category": [told["category"]]} if category else {}),
        **SUBJECT,
    }


def encounter(*diagnoses, **more):
    listed = [
        {"condition": {"reference": f"Condition/{one}"}, **({"rank": rank} if rank else {})} for one, rank in diagnoses
    ]
    code = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    return {
        "resourceType": "Encounter",
        "id": "e",
        "status": "in-progress",
        "class": code,
        **({"diagnosis": listed} if listed else {}),
        **more,
    }


TWO = (condition("F90.0", "a"), condition("F43.10", "b"))
DIAGNOSES = [
    pytest.param([TWO[0]], ["F90.0"], [], id="one"),
    pytest.param(TWO, ["F90.0", "F43.10"], ["A014"], id="two that nothing ranks"),
    pytest.param([*TWO, encounter(("a", 2), ("b", 1))], ["F43.10", "F90.0"], [], id="ranked"),
    pytest.param([*TWO, encounter(("b", None))], ["F43.10"], [], id="only what the Encounter lists"),
    pytest.param([*TWO, encounter(("a", 1), ("b", 1))], [], ["A014"], id="of one rank"),
    pytest.param([condition("F90.0", "a", certain="refuted")], [], [], id="refuted"),
    pytest.param([condition("F90.0", "a", certain="provisional")], [], [], id="provisional"),
    pytest.param([condition("F90.0", "a", certain="confirmed")], ["F90.0"], [], id="confirmed"),
    pytest.param([condition("F90.0", "a", clinical="resolved")], [], [], id="resolved"),
    pytest.param([condition("F90.0", "a", category="problem-list-item")], [], [], id="of the problem list"),
    pytest.param([condition("F90.0", "a", category="encounter-diagnosis")], ["F90.0"], [], id="of an encounter"),
    pytest.param([condition("1234", "a", system="http://snomed.info/sct")], [], ["A004"], id="in another system"),
]


@pytest.mark.parametrize("later", [False, True], ids=["R4", "R5"])
@pytest.mark.parametrize(("resources", "codes", "rules"), DIAGNOSES)
def test_diagnoses_come_from_conditions(resources, codes, rules, later, request, read):
    """Code by code in the order of their rank; in R5 that is their place in the list."""
    at = (
        {"encounter": {"reference": "Encounter/e"}}
        if any(one["resourceType"] == "Encounter" for one in resources)
        else {}
    )
    document = bundle(patient(), *resources, response(**DAY, **at))
    if later:
        document = as_r5(document)
        if request.node.callspec.id.startswith(("ranked", "of one rank")):
            codes, rules = ["F90.0", "F43.10"], []
    assessment, findings = read(document)
    assert [assessment.text(code) for code in ("DX_CODE", "DX_CODE.2")] == [*codes, None, None][:2]
    assert [rule for rule, _, _ in findings] == rules


def test_own_diagnosis_leaves_conditions_alone(read):
    """Where the response tells a diagnosis, Conditions add none."""
    assessment, findings = read(bundle(patient(), *TWO, response(item("DX_CODE", valueString="F32.9"), **DAY)))
    assert [assessment.text(code) for code in ("DX_CODE", "DX_CODE.2")] == ["F32.9", None]
    assert findings == []


@pytest.mark.parametrize("later", [False, True], ids=["R4", "R5"])
def test_encounter_tells_service_and_agency(later, read):
    """The service is a code of our list, and the service's provider the agency where the child has none."""
    service = {"coding": [{"system": "https://ecas-bridge.example/fhir/CodeSystem/service", "code": "ICC"}]}
    agency = {
        "resourceType": "Organization",
        "id": "o",
        "identifier": [{"system": "urn:ecas-bridge:id:agency", "value": "inv"}],
    }
    visit = encounter(serviceType=service, serviceProvider={"reference": "Organization/o"})
    document = bundle(patient(), agency, visit, response(encounter={"reference": "Encounter/e"}, **DAY))
    assessment, findings = read(as_r5(document) if later else document)
    assert [assessment.text(code) for code in ("SERVICE", "AGENCY_ID")] == ["ICC", "inv"]
    assert findings == []


KEY = {"system": "urn:ecas-bridge:id:assessor-key", "value": "K-1"}
PERSON = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Ames", "given": ["Beau"]}]}
ROLE = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/d"}}
ASSESSORS = [
    pytest.param([{**PERSON, "identifier": [KEY]}], {"author": {"reference": "Practitioner/d"}}, "K-1", [], id="author"),
    pytest.param([{**PERSON, "identifier": [KEY]}], {"source": {"reference": "Practitioner/d"}}, "K-1", [], id="source"),
    pytest.param([PERSON, {**ROLE, "identifier": [KEY]}], {"author": {"reference": "PractitionerRole/r"}}, "K-1", [], id="role"),
    pytest.param([{**PERSON, "identifier": [{**KEY, "value": "K-2"}]}, {**ROLE, "identifier": [KEY]}],
                 {"author": {"reference": "PractitionerRole/r"}}, None, ["A010"], id="two keys"),
    pytest.param([patient()], {"source": {"reference": "Patient/p"}}, None, [], id="the child answered"),
    pytest.param([patient()], {"author": {"reference": "Patient/p"}}, None, ["A009"], id="the child as author"),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "who", "key", "rules"), ASSESSORS)
def test_assessor_is_author_or_source(resources, who, key, rules, read):
    """The key may stand at the person or at the role; two that differ are a conflict."""
    assessment, findings = read(bundle(*resources, response(**who)))
    assert assessment.text("ASSESSOR_KEY") == key
    assert [rule for rule, _, _ in findings] == rules
