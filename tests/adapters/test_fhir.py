from __future__ import annotations

import pytest
from fhir_builders import SUBJECT, V2, bundle, consent, coverage, item, patient, response

from adapters import registry
from canonical.finding import Severity

KINDS = [
    ({"valueCoding": {"system": "urn:x", "code": "2", "display": "words"}}, "2"),
    ({"valueInteger": 3}, "3"),
    ({"valueString": "  two\nlines "}, "two\nlines"),
    ({"valueDate": "2026-03-02"}, "2026-03-02"),
    ({"valueDateTime": "2026-03-02T10:00:00-05:00"}, "2026-03-02T10:00:00-05:00"),
    ({"valueBoolean": True}, "true"),
    ({"valueBoolean": False}, "false"),
    ({"valueString": "x", "extension": [{"url": "urn:x", "valueString": "y"}]}, "x"),
]


@pytest.mark.parametrize(("value", "text"), KINDS)
def test_each_kind_of_answer_has_its_canonical_text(value, text, read):
    """A coding answers by its code, the other kinds by their value, and the source is the answer."""
    assessment, findings = read(response(item("LDF_SLEEP", **value)))
    assert assessment.text("LDF_SLEEP") == text
    assert assessment.answers["LDF_SLEEP"].source.pointer == "/item/0/answer/0"
    assert findings == []


def test_groups_nest_and_answers_hold_items(read):
    """Link ids are found at any depth, below groups and below answers; a group itself answers nothing."""
    deep = {"linkId": "B", "answer": [{"valueInteger": 1, "item": [item("C", valueInteger=2)]}]}
    assessment, findings = read(response({"linkId": "A", "text": "A group", "item": [deep]}))
    assert {code: assessment.text(code) for code in "ABC"} == {"A": None, "B": "1", "C": "2"}
    assert assessment.answers["C"].source.label == "QuestionnaireResponse.item[0].item[0].answer[0].item[0].answer[0]"
    assert findings == []


UNFIT = [
    pytest.param({"valueDecimal": 1.5}, "A011", id="a decimal"),
    pytest.param({"valueQuantity": {"value": 2}}, "A011", id="a quantity"),
    pytest.param({"valueCoding": {"display": "words"}}, "A011", id="a coding without a code"),
    pytest.param({"valueInteger": "2"}, "A002", id="a quoted number, which fhir.resources lets pass"),
    pytest.param({"valueBoolean": "true"}, "A002", id="a quoted boolean, which fhir.resources lets pass"),
    pytest.param({"valueDate": "2026-02-30"}, "A002", id="no day of the calendar"),
    pytest.param({"valueDate": "03/02/2026"}, "A002", id="a date as Americans write it"),
    pytest.param({"valueDateTime": "2026-03-02T10:00:00"}, "A002", id="a time without an offset"),
    pytest.param({"valueInteger": 1, "valueString": "x"}, "A002", id="two values"),
    pytest.param({"valueString": "a\u0001b"}, "A004", id="a control character"),
    pytest.param({"valueFoo": 1}, "A002", id="an element that FHIR does not know"),
]


@pytest.mark.parametrize(("value", "rule"), UNFIT)
def test_unfit_answer_breaks_its_item(value, rule, read):
    """An answer that cannot be taken is one finding that names its item, and the item has no answer."""
    assessment, findings = read(response(item("LDF_SLEEP", **value)))
    assert [(found, items) for found, items, _ in findings] == [(rule, ("LDF_SLEEP",))]
    assert assessment.text("LDF_SLEEP") is None
    assert assessment.unreadable == {"LDF_SLEEP"}


@pytest.mark.parametrize("answers", ['{"valueInteger": 1}', {"valueInteger": 1}, ['{"valueInteger": 1}'], [{}], [None]])
def test_answer_of_another_shape_is_never_passed_over(answers, read):
    """Where an array of objects should be and is not, the item is broken, even where fhir.resources would accept it."""
    assessment, findings = read(response({"linkId": "LDF_SLEEP", "answer": answers}))
    assert assessment.text("LDF_SLEEP") is None
    assert [(rule, items) for rule, items, _ in findings] == [("A002", ("LDF_SLEEP",))]


def test_item_answered_twice_has_no_answer(read):
    """Two items of one link id, or one item with two answers: the finding shows both places, and neither counts."""
    apart = response(item("A", valueInteger=1), item("A", valueInteger=1), item("A", valueInteger=2))
    together = response({"linkId": "A", "answer": [{"valueInteger": 1}, {"valueInteger": 2}]})
    for document in (apart, together):
        assessment, findings = read(document)
        assert assessment.text("A") is None
        assert [(rule, items) for rule, items, _ in findings] == [("A010", ("A",))]
        assert len(assessment.findings[0].sources) == 2


def test_link_id_that_is_no_item_is_kept_and_never_repeated(read):
    """Only the dictionary knows items: the answer stays, but a finding does not repeat what may be anybody's name."""
    assessment, findings = read(response(item("Jane Q. Public", valueDecimal=1.5), item("free text", valueInteger=1)))
    assert assessment.text("free text") == "1"
    assert findings == [("A011", (), "QuestionnaireResponse.item[0].answer[0]")]
    assert "Jane" not in repr(assessment.findings)


def test_response_tells_document_instrument_and_date(read):
    """Identifier, questionnaire and authored become DOCUMENT_ID, INSTRUMENT and ASSESSMENT_DATE."""
    told = {
        "identifier": {"value": "doc-7"},
        "questionnaire": "https://x.example/fhir/Questionnaire/birth-through-four|2026.1",
        "authored": "2026-03-02T23:30:00-05:00",
    }
    assessment, findings = read(response(**told))
    texts = [assessment.text(code) for code in ("DOCUMENT_ID", "INSTRUMENT", "ASSESSMENT_DATE")]
    assert texts == ["doc-7", "birth-through-four", "2026-03-02"]
    assert findings == []


def test_own_answer_wins_over_the_surroundings(read):
    """A link id's answer stands before what the resources around it tell."""
    document = bundle(
        patient(gender="male", birthDate="2015-01-01"),
        response(item("MEMBER_DOB", valueDate="2015-01-02"), authored="2026-03-02", **SUBJECT),
    )
    assessment, _ = read(document)
    assert assessment.text("MEMBER_DOB") == "2015-01-02"
    assert assessment.text("MEMBER_GENDER") == "male"


@pytest.mark.parametrize("code", ["MEMBER_DOB", "MEMBER_ID"])
def test_broken_own_answer_is_not_papered_over(code, read):
    """Where the item's own answer cannot be read, nothing else takes its place."""
    person = patient(birthDate="2015-01-01", identifier=[identifier("1", code="MA")])
    assessment, findings = read(bundle(person, response(item(code, valueDecimal=1.5), **SUBJECT)))
    assert assessment.text(code) is None
    assert [(rule, items) for rule, items, _ in findings] == [("A011", (code,))]


def test_official_name_and_home_address_are_chosen(read):
    """Of several names and addresses the official and the home one are read."""
    person = patient(
        name=[{"use": "nickname", "given": ["Bo"]}, {"use": "official", "family": "Ames", "given": ["Beau", "C."]}],
        address=[{"use": "old", "postalCode": "01001"}, {"use": "home", "postalCode": "01002"}],
    )
    assessment, _ = read(bundle(person, response(**SUBJECT)))
    told = [assessment.text(code) for code in ("MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "MEMBER_ZIP")]
    assert told == ["Ames", "Beau", "01002"]


def identifier(value, *, code=None, system="urn:x", **more):
    kind = {"type": {"coding": [{"system": V2, "code": code}]}} if code else {}
    return {"system": system, "value": value, **kind, **more}


MEMBER = "urn:ecas-bridge:id:masshealth-member"
IDENTITIES = [
    pytest.param([identifier("1", code="MA")], [], "1", [], id="by type"),
    pytest.param([identifier("1", system=MEMBER), identifier("2", code="MA")], [], "1", [], id="our system first"),
    pytest.param([identifier("2", code="MA", use="old"), identifier("1", code="MA")], [], "1", [], id="old ones not"),
    pytest.param([], [coverage("1")], "1", [], id="from the Coverage"),
    pytest.param([identifier("1", code="MA")], [coverage("1")], "1", [], id="both agree"),
    pytest.param([identifier("1", code="MA")], [coverage("2")], None, ["A010"], id="both differ"),
    pytest.param([identifier("1", code="MA")], [coverage("2", "Acme Health")], "1", [], id="another payor"),
    pytest.param([identifier("1", code="MA")], [coverage("2", status="cancelled")], "1", [], id="a cancelled Coverage"),
    pytest.param([identifier("9", code="MR")], [], None, [], id="a local id is not one"),
]


@pytest.mark.parametrize(("identifiers", "coverages", "text", "rules"), IDENTITIES)
def test_masshealth_id_is_never_guessed(identifiers, coverages, text, rules, read):
    """The MassHealth id comes from Patient and Coverage; where these differ, from neither, and a finding says so."""
    assessment, findings = read(
        bundle(patient(**({"identifier": identifiers} if identifiers else {})), *coverages, response(**SUBJECT))
    )
    assert assessment.text("MEMBER_ID") == text
    assert [rule for rule, _, _ in findings] == rules


def test_own_member_id_that_differs_is_a_conflict_too(read):
    """An answer that names another child than the Patient does is not quietly preferred."""
    person = patient(identifier=[identifier("1", code="MA")])
    assessment, findings = read(bundle(person, response(item("MEMBER_ID", valueString="2"), **SUBJECT)))
    assert assessment.text("MEMBER_ID") is None
    assert [(rule, items) for rule, items, _ in findings] == [("A010", ("MEMBER_ID",))]


CONSENTS = [
    pytest.param([consent(type="permit")], "given", [], id="active permit"),
    pytest.param([consent(type="deny")], "refused", [], id="active deny"),
    pytest.param([consent("rejected")], "refused", [], id="rejected"),
    pytest.param([consent("inactive", type="permit")], "withdrawn", [], id="inactive"),
    pytest.param([consent("draft", type="permit")], None, [], id="a draft says nothing"),
    pytest.param([consent("entered-in-error", type="permit")], None, [], id="an error says nothing"),
    pytest.param([], None, [], id="none"),
    pytest.param([consent()], None, ["A011"], id="no provision"),
    pytest.param([consent(type="permit", provision=[{"type": "deny"}])], None, ["A011"], id="an exception inside"),
    pytest.param([consent(type="permit", period={"end": "2026-03-01"})], None, ["A011"], id="ended before"),
    pytest.param([consent(type="permit", period={"end": "2026-03-02"})], "given", [], id="ends on the day"),
    pytest.param([consent(type="permit", period={"start": "2026-03-03"})], None, ["A011"], id="begins later"),
    pytest.param([consent(type="permit", period={"start": "2026-03-02"})], "given", [], id="begins on the day"),
    pytest.param([consent(type="permit", dataPeriod={"end": "2010"})], None, ["A011"], id="for older data"),
    pytest.param([consent(type="permit", action=[{"text": "collect"}])], None, ["A011"], id="for another action"),
    pytest.param([consent(type="permit", purpose=[{"code": "HRESCH"}])], None, ["A011"], id="for another purpose"),
    pytest.param([consent(type="permit"), consent(type="permit")], "given", [], id="two that agree"),
    pytest.param([consent(type="permit"), consent("inactive")], None, ["A010"], id="two that differ"),
    pytest.param([consent("approved", type="permit")], None, ["A002"], id="a status that FHIR does not know"),
    pytest.param([{**consent(type="permit"), "scope": {"text": "treatment"}}], None, [], id="another scope"),
    pytest.param([{**consent(type="permit"), "patient": {"reference": "Patient/q"}}], None, [], id="another child's"),
]


@pytest.mark.parametrize(("consents", "text", "rules"), CONSENTS)
def test_consent_is_read_only_where_it_is_plain(consents, text, rules, read):
    """Only a plain permit in force becomes given; whatever is less than plain leaves the consent open."""
    assessment, findings = read(bundle(patient(), *consents, response(authored="2026-03-02", **SUBJECT)))
    assert assessment.text("CONSENT") == text
    assert [rule for rule, _, _ in findings] == rules


def test_own_consent_never_hides_a_withdrawal(read):
    """An answer that says given beside a Consent that says withdrawn is a conflict, and no consent."""
    document = bundle(patient(), consent("inactive"), response(item("CONSENT", valueString="given"), **SUBJECT))
    assessment, findings = read(document)
    assert assessment.text("CONSENT") is None
    assert [rule for rule, _, _ in findings] == ["A010"]


def test_author_may_be_a_role(read):
    """The assessor is found through a PractitionerRole, and named LAST, FIRST."""
    key = {"system": "urn:ecas-bridge:id:assessor-key", "value": "K-1"}
    document = bundle(
        {"resourceType": "Practitioner", "identifier": [key], "name": [{"family": "Ames", "given": ["Beau"]}]},
        {"resourceType": "PractitionerRole", "practitioner": {"reference": "urn:uuid:0"}},
        response(author={"reference": "urn:uuid:1"}),
    )
    assessment, findings = read(document)
    assert (assessment.text("ASSESSOR_NAME"), assessment.text("ASSESSOR_KEY")) == ("Ames, Beau", "K-1")
    assert findings == []


def test_roles_that_refer_to_one_another_end_somewhere(read):
    """A PractitionerRole whose practitioner is a PractitionerRole leads nowhere, once."""
    role = {"resourceType": "PractitionerRole", "practitioner": {"reference": "urn:uuid:0"}}
    _, findings = read(bundle(role, response(author={"reference": "urn:uuid:0"})))
    assert [(rule, label) for rule, _, label in findings] == [("A009", "Bundle.entry[0].resource.practitioner")]


@pytest.mark.parametrize(("element", "item"), [("authored", "ASSESSMENT_DATE"), ("birthDate", "MEMBER_DOB")])
def test_number_in_the_place_of_a_date_is_found(element, item, read):
    """fhir.resources takes a number for a moment; here it is a complaint, and the item has no answer."""
    moment = {element: 1_700_000_000}
    person = patient(**moment) if element == "birthDate" else patient()
    own = moment if element == "authored" else {}
    assessment, findings = read(bundle(person, response(**own, **SUBJECT)))
    assert [(rule, items) for rule, items, _ in findings] == [("A002", (item,))]
    assert assessment.text(item) is None


@pytest.mark.timeout(30)  # once it took minutes
def test_a_thousand_complaints_take_no_time(fhir, findings_of):
    """The work grows with the document, not with the square of what is wrong in it."""
    items = [{"linkId": f"I_{n}", "bogus": 1, "answer": [{"valueDate": "x"}]} for n in range(500)]
    found = findings_of(registry.read(fhir(response(*items))))
    assert len(found) == 1_000


def test_contained_patient_is_found(read):
    """A bare response may contain its Patient."""
    document = response(contained=[patient(gender="female")], subject={"reference": "#p"})
    assessment, findings = read(document)
    assert assessment.text("MEMBER_GENDER") == "female"
    assert findings == []


DANGLING = [
    pytest.param([], {"subject": {"reference": "Patient/q"}}, Severity.ERROR, id="nobody"),
    pytest.param([patient(), patient()], SUBJECT, Severity.ERROR, id="two of that name"),
    pytest.param([{"resourceType": "Organization", "id": "p", "name": "x"}], {"subject": {"reference": "urn:uuid:0"}},
                 Severity.ERROR, id="no Patient"),
    pytest.param([], {"subject": {"reference": "https://ehr.example/Patient/1"}}, Severity.ERROR, id="on the web"),
    pytest.param([patient(managingOrganization={"reference": "Organization/o"})], SUBJECT, Severity.WARNING,
                 id="an Organization, which tells nothing required"),
]  # fmt: skip


@pytest.mark.parametrize(("resources", "reference", "severity"), DANGLING)
def test_reference_that_leads_nowhere_is_found(resources, reference, severity, fhir, findings_of):
    """A reference to nothing, or to more than one thing, is a finding; nothing is ever fetched."""
    found = findings_of(registry.read(fhir(bundle(*resources, response(**reference)))))
    assert [(finding.rule, finding.severity) for finding in found] == [("A009", severity)]


def test_bare_response_may_refer_to_what_is_elsewhere(read):
    """By itself a QuestionnaireResponse has no Bundle to look in: its references are nobody's fault."""
    _, findings = read(response(**SUBJECT))
    assert findings == []
