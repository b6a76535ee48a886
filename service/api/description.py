"""What the OpenAPI document says beyond what the routes say by themselves: the shape of problems, and examples everywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fastapi import FastAPI

from service.api.examples import EXAMPLES
from service.api.shapes import ProblemShape

_METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
_FRAMEWORK: Final = ("HTTPValidationError", "ValidationError")
_FAULT: Final = f"#/components/schemas/{_FRAMEWORK[0]}"
_KEY: Final = "idempotency-key"
#: Where a key is needed: FHIR's own clients know none.
_KEYED: Final = "/v1/"
_IDS: Final = {
    "submission": "sub_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "replay": "rep_hpzcnae4x7mmvq2r3w5ybkd6t2",
    "webhook": "whk_2hpzcnae4x7mmvq2r3w5ybkd6t",
    "assessor": "asr_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "questionnaire": "five-through-twenty",
}


def describe(app: FastAPI) -> None:
    """Add it to the application's document."""
    written = app.openapi

    def openapi() -> dict[str, Any]:
        document = written()
        schemas = document["components"]["schemas"]
        schemas["Problem"] = ProblemShape.model_json_schema()
        for name in _FRAMEWORK:
            schemas.pop(name, None)
        for path, operation in _operations(document):
            _ours_alone(operation)
            for content in _contents(operation):
                _exemplify(content, schemas)
            for parameter in operation.get("parameters", ()):
                _specify(parameter, path)
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way to extend it


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, operations in document["paths"].items():
        yield from ((path, operation) for method, operation in operations.items() if method in _METHODS)


def _contents(operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what is said of each body that is sent or answered."""
    yield from operation.get("requestBody", {}).get("content", {}).values()
    for response in operation["responses"].values():
        yield from response.get("content", {}).values()


def _ours_alone(operation: Mapping[str, Any]) -> None:
    """Forget the answer that the framework would give to a wrong parameter: ours stands in its place."""
    responses = operation["responses"]
    for status in [
        status
        for status, response in responses.items()
        if any(body.get("schema", {}).get("$ref") == _FAULT for body in response.get("content", {}).values())
    ]:
        del responses[status]


def _exemplify(content: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    """Give a body its example, unless it has one."""
    schema = content.get("schema", {})
    named = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    if "example" in content or "examples" in content:
        return
    example = EXAMPLES.get(named.get("title", ""), named.get("example"))
    if example is not None:
        content["example"] = example


def _specify(parameter: dict[str, Any], path: str) -> None:
    if parameter["in"] == "path" and parameter["name"] in _IDS:
        parameter["example"] = _IDS[parameter["name"]]
    if parameter["name"].lower() == _KEY:
        parameter["example"] = "export-2026-03-02-0042"
        if path.startswith(_KEYED):
            parameter["required"] = True
            parameter["schema"] = {"type": "string", "pattern": "^[!-~]{1,255}$", "title": "Idempotency-Key"}
