from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

_METHODS = {"get", "post", "put", "patch", "delete"}
#: Open to anybody; the token's own request is its credential.
_OPEN = {"/healthz", "/readyz", "/metrics", "/fhir/metadata", "/oauth2/token"}


@pytest.fixture(scope="module")
def document(api):
    return api.ask("GET", "/openapi.json").data


def _operations(document):
    return [
        (path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in _METHODS
    ]


def _bodies(operation):
    """Return every body that is sent or answered: where, media type, what is said of it."""
    yield from (("sent", media, body) for media, body in operation.get("requestBody", {}).get("content", {}).items())
    for status, response in operation["responses"].items():
        yield from ((status, media, body) for media, body in response.get("content", {}).items())


def _examples(body):
    return [body["example"]] if "example" in body else [one["value"] for one in body.get("examples", {}).values()]


def test_every_body_has_an_example(document):
    """Whatever is sent or answered, on every route, is shown by an example."""
    bare = [
        f"{method} {path} {where} {media}"
        for path, method, operation in _operations(document)
        for where, media, body in _bodies(operation)
        if not _examples(body)
    ]
    assert bare == []


def test_every_example_has_its_shape(document):
    """Each example validates against the schema beside it, problems too."""
    wrong = []
    for path, method, operation in _operations(document):
        for where, media, body in _bodies(operation):
            schema = {**body["schema"], "components": document["components"]}
            for example in _examples(body):
                wrong += [
                    f"{method} {path} {where} {media}: {error.message[:200]}"
                    for error in Draft202012Validator(schema).iter_errors(example)
                ]
    assert wrong == []


def test_each_problem_is_told_under_its_status(document):
    """An example of a problem names the status that it is told under, and its own type."""
    for _, _, operation in _operations(document):
        for status, response in operation["responses"].items():
            for name, one in (
                response.get("content", {}).get("application/problem+json", {}).get("examples", {}).items()
            ):
                assert (one["value"]["status"], one["value"]["type"]) == (
                    int(status),
                    f"urn:ecas-bridge:problem:{name}",
                )


def test_operations_have_names_of_their_own(document):
    """Generated clients can be made of it: every operation has an id, a sentence, and no two share one."""
    names = [operation["operationId"] for _, _, operation in _operations(document)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert all(operation["description"] for _, _, operation in _operations(document))


def test_every_route_says_whose_it_is(document):
    """What is not open to anybody asks for a credential, and tells the problem of having none."""
    for path, method, operation in _operations(document):
        assert bool(operation.get("security")) is (path not in _OPEN), f"{method} {path}"
        assert ("401" in operation["responses"]) is (path not in _OPEN), f"{method} {path}"


@pytest.mark.parametrize(
    "route",
    [
        "POST /v1/validate", "POST /v1/map", "POST /v1/submissions", "GET /v1/submissions",
        "GET /v1/submissions/{submission}", "GET /v1/submissions/{submission}/events",
        "GET /v1/submissions/{submission}/document", "GET /v1/submissions/{submission}/report",
        "GET /v1/submissions/{submission}/receipts", "POST /v1/submissions/{submission}/hold",
        "POST /v1/submissions/{submission}/release", "POST /v1/submissions/{submission}/cancel",
        "POST /v1/submissions/{submission}/void", "POST /v1/submissions/{submission}/replay",
        "POST /v1/replays", "GET /v1/specs", "GET /v1/assessors", "POST /v1/certification-keys/check",
        "GET /v1/mappings", "GET /v1/consents", "POST /v1/consents", "GET /fhir/metadata",
        "GET /fhir/Questionnaire", "POST /fhir/QuestionnaireResponse/$validate", "POST /fhir",
    ],
)  # fmt: skip
def test_the_routes_of_the_design_are_there(document, route):
    """Each route that design.md section 8 and the issue name is described."""
    method, path = route.split()
    assert method.lower() in document["paths"][path]


def test_a_wrong_example_is_found(document):
    """The check of examples finds one that lacks a member."""
    schema = {"$ref": "#/components/schemas/SubmissionShape", "components": document["components"]}
    assert list(Draft202012Validator(schema).iter_errors({"id": "sub_1"}))
