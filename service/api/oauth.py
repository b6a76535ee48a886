"""``POST /oauth2/token``: access tokens for vendors' clients (RFC 6749, RFC 7523, SMART Backend Services)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
import structlog
from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from service.api.bodies import read_body
from service.api.credentials import service_of
from service.api.problems import STORE_UNAVAILABLE, Refusal, documented
from service.api.shapes import Shape, answer
from service.credentials.assertion import NotProven
from service.credentials.tokens import AccessToken, Refused, Tokens
from service.telemetry import Ours

router = APIRouter(tags=["tokens"])

#: More than any assertion needs, and read before anybody has proven anything.
_MOST_BYTES: Final = 16_384
_FORM: Final = "application/x-www-form-urlencoded"
_GRANT: Final = "client_credentials"
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FIELDS: Final = frozenset({"grant_type", "client_assertion_type", "client_assertion", "scope", "client_id"})
_MOST_FIELDS: Final = 20
_BAD_REQUEST: Final = 400
_log = structlog.get_logger()


class TokenShape(Shape):
    """An access token, shown once."""

    model_config = ConfigDict(
        extra="forbid",
        title="Token",
        json_schema_extra={
            "example": {
                "access_token": "ecat_3q2-7wAAbY0m1l5zV6r8sT4uXc9dEfGhIjKlMnOpQrS",
                "token_type": "bearer",
                "expires_in": 300,
                "scope": "agency:riverbend judge read submit",
            }
        },
    )

    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds.")
    scope: str = Field(description="The agency that it is for, and what was granted.")


class TokenErrorShape(Shape):
    """Why there is no token, in the words of RFC 6749; which check failed stays in our log."""

    model_config = ConfigDict(extra="forbid", title="TokenError")

    error: Refused


_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_assertion_type", "client_assertion"],
                    "properties": {
                        "grant_type": {"const": _GRANT},
                        "client_assertion_type": {"const": _ASSERTION_TYPE},
                        "client_assertion": {"type": "string", "description": "A JWT, signed with RS384 or ES384."},
                        "scope": {"type": "string", "description": "agency:ID, and permissions; separated by blanks."},
                        "client_id": {"type": "string", "description": "Not needed: the assertion says it."},
                    },
                },
                "example": {
                    "grant_type": _GRANT,
                    "client_assertion_type": _ASSERTION_TYPE,
                    "client_assertion": "eyJhbGciOiJFUzM4NCIsImtpZCI6IjIwMjYtMSIsInR5cCI6IkpXVCJ9.e30.c2ln",
                    "scope": "agency:riverbend submit read",
                },
            }
        },
    }
}


@router.post(
    "/oauth2/token",
    openapi_extra=_BODY,
    responses={
        200: answer(TokenShape, "A token for one agency."),
        _BAD_REQUEST: answer(TokenErrorShape, "No token."),
        408: answer(TokenErrorShape, "The body was too slow."),
        413: answer(TokenErrorShape, "The body is too large."),
        415: answer(TokenErrorShape, "The body is encoded, or no form."),
        **documented(STORE_UNAVAILABLE),
    },
)
async def token(request: Request) -> Response:
    """Give a client that proves itself a token for one of the agencies that it may act for."""
    limits = replace(request.app.state.limits, body_bytes=_MOST_BYTES)
    try:
        content = await read_body(request, limits)
    except Refusal as refusal:
        return _refused(Refused.INVALID_REQUEST, refusal.problem.name, refusal.problem.status)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        return _refused(Refused.INVALID_REQUEST, "no form", 415)
    form = _form(content)
    if form is None or "grant_type" not in form:
        return _refused(Refused.INVALID_REQUEST, "form not readable, or without grant_type")
    if form["grant_type"] != _GRANT:
        return _refused(Refused.UNSUPPORTED_GRANT_TYPE, "another grant type")
    if form.get("client_assertion_type") != _ASSERTION_TYPE or "client_assertion" not in form:
        return _refused(Refused.INVALID_CLIENT, "no assertion")
    return await asyncio.to_thread(_answered, service_of(request).credentials.tokens, form)


def _answered(tokens: Tokens, form: Mapping[str, str]) -> Response:
    try:
        given = tokens.issue(form["client_assertion"], form.get("scope", ""), form.get("client_id"))
    except NotProven as error:
        return _refused(Refused.INVALID_CLIENT, error.fault.value)
    if isinstance(given, Refused):
        return _refused(given, "scope or agency not granted")
    _log.info("token issued", agency=given.agency)
    return _json(_as_data(given))


def _as_data(given: AccessToken) -> dict[str, Any]:
    return {
        "access_token": given.token,
        "token_type": "bearer",
        "expires_in": int(given.lifetime.total_seconds()),
        "scope": given.scope,
    }


def _form(content: bytes) -> dict[str, str] | None:
    """Return the fields of a form; None where it is none, or says one of ours twice."""
    try:
        pairs = parse_qsl(
            content.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError:
        return None
    ours = [(name, value) for name, value in pairs if name in _FIELDS]
    return dict(ours) if len(dict(ours)) == len(ours) else None


def _refused(error: Refused, why: str, status: int = _BAD_REQUEST) -> Response:
    """Answer with the standard's code alone; the log gets our word for what was wrong."""
    _log.warning("no token", kind=error.value, why=Ours(why))
    return _json({"error": error.value}, status)


def _json(data: Mapping[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(data), status, {"Pragma": "no-cache"}, "application/json")
