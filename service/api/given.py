"""JSON bodies, read strictly and after everything else: what is wrong is told by our own names, never by what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from service.api.bodies import read_body
from service.api.problems import WRONG_PARAMETER, Refusal

_Model = TypeVar("_Model", bound=BaseModel)
#: What every body that we read this way looks like to OpenAPI.
_MEDIA: Final = "application/json"


async def read_given(request: Request, model: type[_Model]) -> _Model:
    """Return the body as this model.

    Raises:
        Refusal: it is not JSON, or not of that shape; with the names of our own members that are wrong.
    """
    content = await read_body(request, request.app.state.limits)
    try:
        return model.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError:
        fields: list[str] = []
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        fields = sorted({_named(fault["loc"], model) for fault in faults})
    raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": name} for name in fields]))


def body_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return what OpenAPI says of the body of a route."""
    schema = model.model_json_schema()
    named = schema.pop("$defs", {})
    return {"requestBody": {"required": True, "content": {_MEDIA: {"schema": _inlined(schema, named)}}}}


def _inlined(node: Any, named: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any part of a JSON schema
    """Return a schema with what it refers to in its place: pydantic's references mean another document."""
    if isinstance(node, list):
        return [_inlined(part, named) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(named[node["$ref"].rpartition("/")[2]], named)
    return {name: _inlined(part, named) for name, part in node.items()}


def _named(place: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """Return our own name for the place; a member that we do not know is not named."""
    known = _members(model)
    return ".".join(str(part) if isinstance(part, int) or part in known else "unknown" for part in place)


def _members(model: type[BaseModel]) -> set[str]:
    definitions = model.model_json_schema().get("$defs", {}).values()
    return {*model.model_fields, *(name for one in definitions for name in one.get("properties", {}))}
