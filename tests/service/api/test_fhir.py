from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from fhir.resources.R4B.operationoutcome import OperationOutcome
from fhir.resources.R4B.questionnaire import Questionnaire

from service.sample_files import SAMPLES

CANARY = "canary-19fe"
FHIR = "application/fhir+json"


def _post(caller, path, content, media=FHIR, **headers):
    return caller.ask("POST", path, content, content_type=media, **headers)


def _outcome(answer, status):
    """Return the issues of an answer, which is an OperationOutcome by fhir.resources' own word."""
    assert (answer.status, answer.headers["content-type"]) == (status, FHIR), answer.body
    return OperationOutcome.model_validate_json(answer.body).issue


def _bundle(*responses, **members):
    entries = [{"resource": json.loads(one)} for one in responses]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries, **members}).encode()


def test_anybody_learns_what_it_can_do(api):
    """The CapabilityStatement is one, and names what is here."""
    answer = api.ask("GET", "/fhir/metadata")
    assert (answer.status, answer.headers["content-type"]) == (200, FHIR)
    statement = CapabilityStatement.model_validate_json(answer.body)
    assert statement.fhirVersion == "4.0.1"
    assert [resource.type for resource in statement.rest[0].resource] == ["Questionnaire", "QuestionnaireResponse"]


def test_the_questionnaires_are_those_of_the_package(caller):
    """A search finds them all or the one of an address, and each can be read by its id."""
    found = Bundle.model_validate_json(caller.ask("GET", "/fhir/Questionnaire").body)
    assert [entry.resource.id for entry in found.entry] == ["birth-through-four", "five-through-twenty"]
    url = found.entry[1].resource.url
    (one,) = Bundle.model_validate_json(caller.ask("GET", f"/fhir/Questionnaire?url={url}").body).entry
    read = Questionnaire.model_validate_json(caller.ask("GET", f"/fhir/Questionnaire/{one.resource.id}").body)
    assert read == one.resource
    assert "entry" not in caller.ask("GET", "/fhir/Questionnaire?url=urn:none").data


def test_validate_says_what_and_where(caller, response):
    """$validate answers 200 with our rule id, FHIR's own word, the place and its line, and writes nothing down."""
    issue, said = _outcome(_post(caller, "/fhir/QuestionnaireResponse/$validate", response(LDF_SLEEP="4")), 200)
    coding = issue.details.coding[0]
    assert (issue.severity, issue.code, coding.code) == ("error", "code-invalid", "S004")
    assert coding.system.endswith("/CodeSystem/ecas-rule")
    (expression,) = issue.expression
    assert expression.startswith("QuestionnaireResponse.item[")
    assert issue.location[0].startswith("line 1: ")
    assert "LDF_SLEEP" in issue.diagnostics
    assert said.details.text == "It does not conform to the provisional 2026.1."
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []


def test_what_conforms_is_said_too(caller, response):
    """An OperationOutcome has an issue even where nothing was found."""
    (said,) = _outcome(_post(caller, "/fhir/QuestionnaireResponse/$validate", response()), 200)
    assert (said.severity, said.details.text) == ("information", "It conforms to the provisional 2026.1.")


def test_parameters_are_unwrapped(caller, response):
    """FHIR's own way to hand a resource to an operation works, and places begin where the sender's do."""
    inner = json.loads(response(LDF_SLEEP="4"))
    wrapped = {"resourceType": "Parameters", "parameter": [{"name": "mode"}, {"name": "resource", "resource": inner}]}
    issue, _ = _outcome(_post(caller, "/fhir/QuestionnaireResponse/$validate", json.dumps(wrapped).encode()), 200)
    assert issue.expression[0].startswith("Parameters.parameter[1].resource.item[")


def test_the_place_in_a_bundle_can_be_followed(caller):
    """The expression of each issue leads to something in the sender's own Bundle."""
    for file in sorted((SAMPLES / "bad").glob("*.json")):
        content = file.read_bytes()
        for issue in _outcome(_post(caller, "/fhir/QuestionnaireResponse/$validate", content), 200):
            for expression in issue.expression or ():
                assert _followed(json.loads(content), expression), expression


def test_a_bundle_becomes_submissions(caller, response):
    """Each entry is answered in its place: a submission with what was found, or nothing to say."""
    good, bad = response(DOCUMENT_ID="one"), response(DOCUMENT_ID="two", LDF_SLEEP="4")
    answer = _post(caller, "/fhir", _bundle(json.dumps({"resourceType": "Basic", "code": {}}).encode(), good, bad))
    assert (answer.status, answer.headers["content-type"]) == (200, FHIR)
    other, first, second = (entry.response for entry in Bundle.model_validate_json(answer.body).entry[:3])
    assert (other.status, first.status, second.status) == ("200 OK", "202 Accepted", "202 Accepted")
    states = {one["document_id"]: (one["id"], one["state"]) for one in _listed(caller)}
    assert first.location == f"/v1/submissions/{states['one'][0]}"
    assert (states["one"][1], states["two"][1]) == ("ready", "blocked")
    outcome = OperationOutcome.model_validate(second.outcome)
    assert outcome.issue[0].details.coding[0].code == "S004"


@pytest.mark.parametrize("type_", ["transaction", "batch", "collection", "message", "document"])
def test_bundles_of_any_type_are_taken(caller, response, type_):
    """What the sender calls its Bundle does not decide whether it is read."""
    assert _post(caller, "/fhir", _bundle(response(DOCUMENT_ID=type_), type=type_)).status == 200
    assert [one["document_id"] for one in _listed(caller)] == [type_]


def test_the_same_bundle_is_taken_once(caller, response):
    """Without a key of the caller's the bytes are the key, and with one the answer is that of then."""
    for headers in ({}, {"idempotency_key": "monday"}):
        first, again = (_post(caller, "/fhir", _bundle(response()), **headers) for _ in range(2))
        assert again.body == first.body
        assert again.headers["idempotency-replayed"] == "true"
    assert len(_listed(caller)) == 1


def test_a_bundle_with_nothing_in_it_is_refused(caller):
    """What holds no assessment is an OperationOutcome with the adapter's rule."""
    issues = _outcome(_post(caller, "/fhir", _bundle()), 422)
    assert {issue.details.coding[0].code for issue in issues} == {"A003", "A002"}  # an empty array is no FHIR either


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "name"),
    [
        ("POST", "/fhir", {"content_type": "application/xhtml+xml"}, 415, "wrong-media-type"),
        ("POST", "/fhir/QuestionnaireResponse/$validate", {"content_type": "text/plain"}, 415, "wrong-media-type"),
        ("GET", "/fhir/metadata", {"accept": "application/fhir+xml"}, 406, "not-acceptable"),
        ("POST", "/fhir", {"content_type": FHIR, "content_encoding": "gzip"}, 415, "encoded-body"),
        ("POST", "/fhir", {"content_type": FHIR, "idempotency_key": "a b"}, 400, "no-idempotency-key"),
        ("GET", f"/fhir/Questionnaire/{CANARY}", {}, 404, "not-found"),
        ("GET", f"/fhir/{CANARY}", {}, 404, "not-found"),
        ("DELETE", "/fhir/metadata", {}, 405, "method-not-allowed"),
        ("GET", f"/fhir/Questionnaire?url={'x' * 400}", {}, 422, "wrong-parameter"),
    ],
)
def test_refusals_are_operation_outcomes(caller, method, path, headers, status, name):
    """Below /fhir every refusal is an OperationOutcome that names our problem, and repeats nothing."""
    answer = caller.ask(method, path, CANARY.encode() if method == "POST" else None, **headers)
    (issue,) = _outcome(answer, status)
    assert issue.details.coding[0].code == name
    assert CANARY not in answer.whole


def test_without_a_credential_it_is_an_outcome_too(api):
    """Whoever is not known gets FHIR's word for it, before the body is read."""
    answer = api.ask("POST", "/fhir", b"{}", {"Content-Type": FHIR})
    (issue,) = _outcome(answer, 401)
    assert issue.code == "login"
    assert answer.headers["www-authenticate"].startswith("Bearer")


def _listed(caller):
    return caller.ask("GET", "/v1/submissions").data["submissions"]


def _followed(resource, expression):
    """Return whether the steps of an expression lead through the resource, to something or to where it is missing."""
    node = resource
    *steps, last = expression.replace("[", ".").replace("]", "").split(".")[1:] or [""]
    for step in steps:
        node = node[int(step)] if isinstance(node, list) else node.get(step)
        if node is None:
            return False
    return isinstance(node, dict | list) or last == ""
