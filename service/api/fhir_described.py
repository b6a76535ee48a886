"""How the OpenAPI document tells of FHIR: any resource of its type, each with an example."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from service import fhir_names
from service.api.fhir_outcome import FHIR_JSON, RULES, of_problem
from service.api.payloads import FHIR_XML_EXAMPLE
from service.api.problems import Problem, documented

_CODING: Final = {"system": RULES, "code": "S004", "display": "Code not in the list"}
_ISSUE: Final = {
    "severity": "error",
    "code": "code-invalid",
    "details": {"coding": [_CODING], "text": "The code is not in the item's list."},
    "diagnostics": "Items: LDF_SLEEP. Export one of the codes 0, 1, 2, 3. See docs/rules/S004.md.",
    "expression": ["QuestionnaireResponse.item[2].answer[0]"],
    "location": ["line 88: item[2].answer[0]"],
}
_OUTCOME: Final = {"resourceType": "OperationOutcome", "issue": [_ISSUE]}
#: One answer to an operation.
OUTCOME: Final = ("OperationOutcome", _OUTCOME)
#: The answer to a Bundle, or to a search.
BUNDLE: Final = (
    "Bundle",
    {
        "resourceType": "Bundle",
        "type": "batch-response",
        "entry": [
            {
                "response": {
                    "status": "202 Accepted",
                    "location": "/v1/submissions/sub_4x7mmvq2r3w5ybkd6t2hpzcnae",
                    "outcome": _OUTCOME,
                }
            }
        ],
    },
)
CAPABILITY: Final = (
    "CapabilityStatement",
    {
        "resourceType": "CapabilityStatement",
        "status": "draft",
        "date": "2026-01-01",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "interaction": [{"code": "batch"}]}],
    },
)
QUESTIONNAIRE: Final = (
    "Questionnaire",
    {
        "resourceType": "Questionnaire",
        "id": "five-through-twenty",
        "url": fhir_names.questionnaire("five-through-twenty"),
        "status": "draft",
        "item": [{"linkId": "LDF_SLEEP", "text": "Sleep", "type": "choice"}],
    },
)
_RESPONSE: Final = {
    "resourceType": "QuestionnaireResponse",
    "status": "completed",
    "item": [
        {"linkId": "INSTRUMENT", "answer": [{"valueCoding": {"code": "five-through-twenty"}}]},
        {"linkId": "LDF_SLEEP", "answer": [{"valueCoding": {"code": "1"}}]},
    ],
}
#: The media type of FHIR's XML, which is taken; answers are JSON.
FHIR_XML: Final = "application/fhir+xml"
#: The body of every route that takes a resource.
FHIR_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "A QuestionnaireResponse, or a Bundle of any type with what it refers to; R4 or R5.",
        "content": {
            FHIR_JSON: {
                "schema": {
                    "type": "object",
                    "required": ["resourceType"],
                    "properties": {"resourceType": {"enum": ["QuestionnaireResponse", "Bundle", "Parameters"]}},
                },
                "example": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _RESPONSE}]},
            },
            FHIR_XML: {"schema": {"type": "string"}, "example": FHIR_XML_EXAMPLE},
        },
    }
}


def told(what: tuple[str, Mapping[str, Any]], description: str) -> dict[str, Any]:
    """Return the OpenAPI response for a resource."""
    kind, example = what
    schema = {
        "type": "object",
        "required": ["resourceType"],
        "properties": {"resourceType": {"const": kind}},
    }
    return {"description": description, "content": {FHIR_JSON: {"schema": schema, "example": example}}}


def took(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """Return these problems as the OpenAPI responses of a route of FHIR: OperationOutcomes, each as an example."""
    responses = documented(*problems)
    for response in responses.values():
        (content,) = response["content"].values()
        examples = {name: {"value": of_problem(one["value"])} for name, one in content["examples"].items()}
        schema = told(OUTCOME, "")["content"][FHIR_JSON]["schema"]
        response["content"] = {FHIR_JSON: {"schema": schema, "examples": examples}}
    return responses
