"""R5, and how a document tells its release."""

from __future__ import annotations

import json

import pytest
from fhir_builders import SCOPES, SUBJECT, bundle, consent, coverage, item, patient, response

from adapters import registry
from adapters.fhir_models import elements
from adapters.fhir_release import _ARRAYS_SINCE_R5, _ELEMENTS, Release, told
from adapters.mapping import load_mapping
from canonical.finding import Severity
from canonical.payload import Payload

QUESTIONNAIRE = "https://ecas-bridge.example/fhir/Questionnaire/birth-through-four"


def response_5(*items, **more):
    return response(*items, questionnaire=QUESTIONNAIRE, **more)


def consent_5(status="active", decision="permit", **more):
    return {
        "resourceType": "Consent",
        "status": status,
        "category": [{"coding": [{"system": SCOPES, "code": "patient-privacy"}]}],
        "subject": {"reference": "Patient/p"},
        "date": "2026-03-02",
        **({"decision": decision} if decision else {}),
        **more,
    }


NO_CONSENT = {"category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}]}
DISCLOSURE = {
    "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL"}]}]
}
CONSENTS = [
    pytest.param([consent_5()], "given", [], id="active permit"),
    pytest.param([consent_5(decision="deny")], "refused", [], id="active deny"),
    pytest.param([consent_5("inactive")], "withdrawn", [], id="inactive"),
    pytest.param([consent_5("draft")], None, [], id="a draft says nothing"),
    pytest.param([consent_5("not-done")], None, ["A011"], id="not done is no refusal"),
    pytest.param([consent_5("unknown")], None, ["A011"], id="of unknown status"),
    pytest.param([consent_5(decision="")], None, ["A011"], id="no decision"),
    pytest.param([consent_5(provision=[{"purpose": [{"code": "HRESCH"}]}])], None, ["A011"], id="an exception"),
    pytest.param([consent_5(period={"end": "2026-03-01"})], None, ["A011"], id="ended before"),
    pytest.param([consent_5(period={"end": "2026-03"})], "given", [], id="ends in that month"),
    pytest.param([consent_5(period={"start": "2026-03-02"})], "given", [], id="begins on the day"),
    pytest.param([consent_5(), consent_5(decision="deny")], None, ["A010"], id="two that differ"),
    pytest.param([consent_5(**NO_CONSENT)], None, [], id="a consent about something else"),
    pytest.param([consent_5(**DISCLOSURE)], "given", [], id="about disclosure"),
    pytest.param([consent_5("proposed")], None, ["A002"], id="a status of R4 only"),
    pytest.param([consent_5(decision="maybe")], None, ["A002"], id="a decision that is none"),
    pytest.param([consent_5(modifierExtension=[{"url": "urn:x", "valueCode": "x"}])], None, ["A011"], id="modified"),
]


@pytest.mark.parametrize(("consents", "text", "rules"), CONSENTS)
def test_consent_of_r5_is_read_by_its_decision(consents, text, rules, fhir, findings_of):
    """In R5 the decision stands at the Consent itself, and any provision is an exception to it."""
    reading = registry.read(fhir(bundle(patient(), *consents, response_5(authored="2026-03-02", **SUBJECT))))
    (assessment,) = reading.assessments
    assert reading.dialect == "FHIR R5, JSON"
    assert assessment.text("CONSENT") == text
    assert [found.rule for found in findings_of(reading)] == rules


def coverage_5(*ids, **more):
    held = {"subscriberId": [{"value": one} for one in ids]} if ids else {}
    return {
        "resourceType": "Coverage",
        "status": "active",
        "kind": "insurance",
        "beneficiary": {"reference": "Patient/p"},
        "insurer": {"display": "MassHealth"},
        **held,
        **more,
    }


OURS = {"identifier": [{"system": "urn:ecas-bridge:id:masshealth-member", "value": "1"}]}
COVERAGES = [
    pytest.param([coverage_5("1")], "1", [], id="one"),
    pytest.param([coverage_5("1", "1")], "1", [], id="the same twice"),
    pytest.param([coverage_5("1", "2")], None, ["A010"], id="two that differ"),
    pytest.param([coverage_5("1"), coverage_5("2")], None, ["A010"], id="two Coverages that differ"),
    pytest.param([coverage_5("1"), coverage_5("2", status="cancelled")], "1", [], id="one of them cancelled"),
    pytest.param([coverage_5("1"), coverage_5("2", period={"end": "2020"})], "1", [], id="one of them over"),
    pytest.param([coverage_5("1"), coverage_5("2", insurer={"display": "Acme"})], "1", [], id="one of another insurer"),
    pytest.param([coverage_5(**OURS)], "1", [], id="by an identifier of our system"),
]


@pytest.mark.parametrize(("coverages", "text", "rules"), COVERAGES)
def test_member_id_of_r5_comes_from_the_coverage(coverages, text, rules, fhir, findings_of):
    """In R5 the subscriber's ids are identifiers and the payor is the insurer."""
    reading = registry.read(fhir(bundle(patient(), *coverages, response_5(authored="2026-03-02", **SUBJECT))))
    (assessment,) = reading.assessments
    assert assessment.text("MEMBER_ID") == text
    assert [found.rule for found in findings_of(reading)] == rules


def test_of_several_identifiers_ours_names_the_document(read):
    """In R5 a response has identifiers; the one of our system is the document's, and among others none is guessed."""
    other = {"system": "urn:x", "value": "x"}
    ours = {"system": "urn:ecas-bridge:id:document", "value": "doc"}
    assessment, findings = read(response_5(identifier=[other, ours]))
    assert (assessment.text("DOCUMENT_ID"), findings) == ("doc", [])
    assessment, findings = read(response_5(identifier=[other, {**other, "value": "y"}]))
    assert [(rule, items) for rule, items, _ in findings] == [("A014", ("DOCUMENT_ID",))]


R4, R5 = Release.R4, Release.R5
PROFILED = "http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse|5.0.0"
SIGNS = [
    pytest.param(response(), R4, False, id="nothing"),
    pytest.param(response(identifier={"value": "x"}), R4, False, id="one identifier"),
    pytest.param(response(identifier=[{"value": "x"}]), R5, False, id="identifiers"),
    pytest.param(bundle(consent()), R4, False, id="Consent of R4"),
    pytest.param(bundle(consent_5()), R5, False, id="Consent of R5"),
    pytest.param(bundle(coverage("1")), R4, False, id="Coverage of R4"),
    pytest.param(bundle(coverage_5("1")), R5, False, id="Coverage of R5"),
    pytest.param(response(contained=[coverage_5("1")]), R5, False, id="contained"),
    pytest.param(response(meta={"profile": [PROFILED]}), R5, False, id="by its profile"),
    pytest.param(response(meta={"profile": ["http://hl7.org/fhir/5.0/StructureDefinition/x"]}), R5, False, id="in it"),
    pytest.param(response(meta={"profile": ["http://hl7.org/fhir/R4/x"]}), R4, False, id="R4 in it"),
    pytest.param(response(meta={"profile": ["https://x.example/p|5.0.0"]}), R4, False, id="somebody's own version"),
    pytest.param(response(fhirVersion="5.0.0"), R5, False, id="by its version"),
    pytest.param(response(meta={"profile": [PROFILED]}, identifier={"value": "x"}), R5, False, id="words win"),
    pytest.param(bundle(consent(), coverage_5("1")), R4, True, id="of both, more of R4"),
    pytest.param(bundle(consent_5(), coverage_5("1"), response(identifier={"value": "x"})), R5, True, id="more of R5"),
]


@pytest.mark.parametrize(("document", "release", "doubt"), SIGNS)
def test_release_is_known_by_words_then_by_shape(document, release, doubt):
    """What a document says wins over its shape; contradicting signs are a doubt."""
    signs = told(document)
    assert (signs.release, signs.doubt is not None) == (release, doubt)


def test_signs_are_those_of_the_models():
    """An element that is a sign of one release is in its models, and not in the other's, or has another form there."""
    for kind, signs in _ELEMENTS.items():
        for name, release in signs.items():
            other = R4 if release is R5 else R5
            assert name in elements(release, kind), (kind, name)
            assert name not in elements(other, kind), (kind, name)
    for kind, names in _ARRAYS_SINCE_R5.items():
        for name in names:
            assert (elements(R4, kind)[name].many, elements(R5, kind)[name].many) == (False, True), (kind, name)


def test_doubt_is_a_finding_that_a_mapping_ends(fhir, findings_of, tmp_path):
    """Signs of both releases are a warning with a place for each; whoever knows better says so in a mapping."""
    document = fhir(bundle(patient(), consent_5(), coverage("1"), response_5(item("Q", valueInteger=1), **SUBJECT)))
    found = findings_of(registry.read(document))
    doubt = next(one for one in found if one.rule == "A013")
    assert doubt.severity is Severity.WARNING
    assert [source.label for source in doubt.sources] == [
        "Bundle.entry[1].resource.date",
        "Bundle.entry[2].resource.payor",
    ]
    file = tmp_path / "m.toml"
    for release in Release:
        file.write_text(
            f'agency = "a"\nformat = "fhir"\neffective = 2026-01-01\nrelease = "{release}"\n[items]\nLDF_SLEEP = {{ from = "Q" }}\n'
        )
        reading = registry.read(document, mapping=load_mapping(file))
        assert reading.dialect == f"FHIR {release}, JSON"
        assert "A013" not in [one.rule for one in findings_of(reading)]


def test_no_shape_makes_finding_the_release_raise():
    """Anything may stand where a sign is looked for."""
    for strange in (None, 1, "x", [], {}, [None], [[]], {"profile": 1}, {"profile": [1, None]}):
        for key in ("meta", "entry", "contained", "fhirVersion", "resourceType"):
            told({"resourceType": "Bundle", key: strange})
            content = json.dumps({"resourceType": "Bundle", "type": "collection", key: strange}).encode()
            assert registry.read(Payload(content=content, name="x")).findings
