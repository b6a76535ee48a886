"""What the API answers when it does not do what was asked: RFC 9457 problems, all in our own words.

Nothing of a request is ever in one: not its body, path, query or headers, nor the text of somebody else's exception.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Final

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canonical.errors import ConfigurationError, Erased
from service.outbox.outbox import KeyReused
from service.telemetry import fault_of

#: The media type of RFC 9457.
MEDIA_TYPE: Final = "application/problem+json"
_TYPES: Final = "urn:ecas-bridge:problem:"
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One kind of answer that is no success."""

    #: The last part of its type.
    name: str
    status: int
    title: str
    #: What is wrong and how to mend it.
    detail: str
    headers: Mapping[str, str] = field(default_factory=dict)
    #: Members beside those of RFC 9457: ``findings``, ``fields``, ``checks``.
    more: Mapping[str, Any] = field(default_factory=dict)

    def having(self, **more: object) -> Problem:
        """Return the same problem with these members."""
        return replace(self, more={**self.more, **more})

    def content(self) -> bytes:
        """Return its JSON."""
        return orjson.dumps(self.as_data())

    def as_data(self) -> dict[str, Any]:
        """Return it as plain data."""
        own = {"type": f"{_TYPES}{self.name}", "title": self.title, "status": self.status, "detail": self.detail}
        return {**own, **self.more}

    def response(self) -> Response:
        """Return it as an answer."""
        return Response(self.content(), self.status, dict(self.headers), MEDIA_TYPE)


NO_VALID_KEY: Final = Problem(
    name="no-valid-key",
    status=401,
    title="No valid API key",
    detail="Send the agency's API key in the header “Authorization: Bearer ecas_…”. "
    "If it stopped working, it was rotated or revoked: ask the operator for a new one.",
    headers={"WWW-Authenticate": 'Bearer realm="ecas-bridge"'},
)
ROLE_NEEDED: Final = Problem(
    name="role-needed",
    status=403,
    title="Not with this role",
    detail="This credential may not do that in its agency: “needs” names the permission and “roles” who has it. "
    "Use the credential of somebody whose role it is, or ask your administrator.",
)
NOT_FOUND: Final = Problem(
    name="not-found",
    status=404,
    title="Not found",
    detail="There is nothing here for this API key. /openapi.json lists what can be asked.",
)
ERASED: Final = Problem(
    name="erased",
    status=410,
    title="Erased",
    detail="This record was erased, by age or on a person's word, and nobody can read it again. What stays of it is what "
    "GET /v1/submissions/{id} shows.",
)
METHOD_NOT_ALLOWED: Final = Problem(
    name="method-not-allowed",
    status=405,
    title="Method not allowed",
    detail="This address does not take that method. /openapi.json lists what can be asked.",
)
BODY_TOO_SLOW: Final = Problem(
    name="body-too-slow",
    status=408,
    title="Body too slow",
    detail="The body did not arrive in time and nothing of it was kept. Send it again, with the same Idempotency-Key.",
)
BODY_TOO_LARGE: Final = Problem(
    name="body-too-large",
    status=413,
    title="Body too large",
    detail="The body is larger than this service takes. Send its assessments in several payloads.",
)
ENCODED_BODY: Final = Problem(
    name="encoded-body",
    status=415,
    title="Encoded body",
    detail="The service takes bodies only as they are: send it without Content-Encoding.",
    headers={"Accept-Encoding": "identity"},
)
MULTIPART_BODY: Final = Problem(
    name="multipart-body",
    status=415,
    title="Multipart body",
    detail="Send the payload itself as the body, not as a form: curl --data-binary @FILE does.",
)
NO_IDEMPOTENCY_KEY: Final = Problem(
    name="no-idempotency-key",
    status=400,
    title="No Idempotency-Key",
    detail="Send a header Idempotency-Key with 1 to 255 visible ASCII characters, your own name for this request: "
    "sent again with the same key, a payload is taken once.",
)
IDEMPOTENCY_KEY_REUSED: Final = Problem(
    name="idempotency-key-reused",
    status=422,
    title="Idempotency-Key used before",
    detail="This Idempotency-Key came before with another payload or another format. Give this request a key of its own.",
)
WRONG_PARAMETER: Final = Problem(
    name="wrong-parameter",
    status=422,
    title="Wrong parameter",
    detail="A parameter does not have the form that /openapi.json describes; see “fields”.",
)
KEY_ON_ROSTER: Final = Problem(
    name="key-on-roster",
    status=409,
    title="Key on the roster already",
    detail="Your roster holds this certification key already: PATCH the assessor who has it. A key belongs to one person.",
)
NOT_RELEASABLE: Final = Problem(
    name="not-releasable",
    status=409,
    title="A person's word does not cure it",
    detail="It does not wait, or it waits for what only the roster, the record or a package can cure; see “holds”.",
)
NOT_HOLDABLE: Final = Problem(
    name="not-holdable",
    status=409,
    title="It cannot wait any more",
    detail="Only what has not left can be made to wait; see its “state”.",
)
NOT_HANDED_OFF: Final = Problem(
    name="not-handed-off",
    status=409,
    title="Nobody enters it by hand",
    detail="Only what was handed off is entered in the Virtual Gateway, and closed by whoever entered it; see its “state”.",
)
NOT_CANCELLABLE: Final = Problem(
    name="not-cancellable",
    status=409,
    title="It cannot be given up",
    detail="Only what waits here can be: void what the state has or may have, resolve what is stuck; see its “state”.",
)
NOT_RESOLVABLE: Final = Problem(
    name="not-resolvable",
    status=409,
    title="It is left as it is",
    detail="What was decided does not fit how it stands; “left” says why, and docs/guides/stuck-and-held-work.md what to do.",
)
NOTHING_TO_MEND: Final = Problem(
    name="nothing-to-mend",
    status=409,
    title="The state does not have it",
    detail="There is nothing to correct or to void: it was refused, replaced or given up. Send the record again instead.",
)
NOT_ONE_ASSESSMENT: Final = Problem(
    name="not-one-assessment",
    status=422,
    title="Not exactly one assessment",
    detail="A correction is a payload with one assessment, which takes the place of the other; nothing was taken.",
)
MOVED_MEANWHILE: Final = Problem(
    name="moved-meanwhile",
    status=409,
    title="It moved meanwhile",
    detail="The submission moved while this was being done, and nothing was changed. Ask again.",
)
NOT_STEERABLE: Final = Problem(
    name="not-steerable",
    status=409,
    title="The replay does not stand there",
    detail="A running replay can be paused, a paused one resumed, both cancelled; see its “state”.",
)
UNREADABLE_PAYLOAD: Final = Problem(
    name="unreadable-payload",
    status=422,
    title="No assessment could be read",
    detail="The payload was written down, but holds nothing to deliver; “findings” says what is wrong, where, and how to mend it.",
)
REQUEST_REFUSED: Final = Problem(
    name="request-refused",
    status=400,
    title="Request refused",
    detail="The request could not be understood.",
)
UNEXPECTED: Final = Problem(
    name="unexpected",
    status=500,
    title="Our own fault",
    detail="Something in ecas-bridge went wrong. Send the request again with the same Idempotency-Key; "
    "if it goes on, give the operator the Correlation-Id of this answer.",
)
STORE_UNAVAILABLE: Final = Problem(
    name="store-unavailable",
    status=503,
    title="Nothing can be written down now",
    detail="The database does not answer, so nothing was taken. Send the request again later, "
    "with the same Idempotency-Key.",
    headers={"Retry-After": "30"},
)
DISK_FULL: Final = Problem(
    name="disk-full",
    status=507,
    title="No room on the disk",
    detail="The service's disk is nearly full, so nothing new is taken in; what it has is safe and goes on to the state. "
    "Send the request again later, with the same Idempotency-Key.",
    headers={"Retry-After": "300"},
)
HEADERS_TOO_MANY: Final = Problem(
    name="headers-too-many",
    status=431,
    title="Too many headers",
    detail="The request has more than 100 headers. Send those that the service reads, and no others.",
)
MISCONFIGURED: Final = Problem(
    name="misconfigured",
    status=503,
    title="The service is not configured right",
    detail="Nothing was taken. Its operator must mend it: “ecas doctor” says what is wrong. "
    "Send the request again later, with the same Idempotency-Key.",
    headers={"Retry-After": "300"},
)

#: Ours for what the framework refuses by itself.
_BY_STATUS: Final = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}


class Refusal(Exception):
    """Raised anywhere below a route to answer with a problem."""

    def __init__(self, problem: Problem) -> None:
        """Carry the problem, and no text of its own."""
        super().__init__(problem.name)
        self.problem = problem


def install(app: FastAPI) -> None:
    """Replace every handler of the framework that would answer in its words, or with the caller's."""
    handlers: Mapping[type[Exception], Any] = {
        Refusal: _refused,
        HTTPException: _refused_by_framework,
        RequestValidationError: _wrong_parameter,
        KeyReused: _key_reused,
        Erased: _erased,
        OperationalError: _store_unavailable,
        ConfigurationError: _misconfigured,
        ClientDisconnect: _gone,
    }
    for error, handler in handlers.items():
        app.add_exception_handler(error, handler)


def documented(*problems: Problem) -> dict[int | str, dict[str, Any]]:
    """Return these problems as the OpenAPI responses of a route, each as an example."""
    responses: dict[int | str, dict[str, Any]] = {}
    # Whoever needs a credential needs its role too.
    for problem in (*problems, *([ROLE_NEEDED] if NO_VALID_KEY in problems else [])):
        schema = {"$ref": "#/components/schemas/Problem"}
        response = responses.setdefault(
            problem.status,
            {
                "description": HTTPStatus(problem.status).phrase,
                "content": {MEDIA_TYPE: {"schema": schema, "examples": {}}},
            },
        )
        response["content"][MEDIA_TYPE]["examples"][problem.name] = {"value": problem.as_data()}
    return responses


class LastResort:
    """Answers 500 where nothing else caught an error, and tells the log its type and place, never its text."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand around the application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; a started answer that breaks is cut short by the server."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the server would log the text, which may hold a record
            tell(error, scope)
            if not started:
                await UNEXPECTED.response()(scope, receive, send)


def tell(error: BaseException, scope: Scope) -> None:
    """Log an error of ours: its type, and the place in our code; its text and its locals may hold a record."""
    _log.error("request failed", **fault_of(error), request=scope.get("request_id"))


def _refused(_: Request, refusal: Refusal) -> Response:
    return refusal.problem.response()


def _refused_by_framework(request: Request, error: HTTPException) -> Response:
    problem = _BY_STATUS.get(error.status_code) or replace(REQUEST_REFUSED, status=error.status_code)
    return replace(problem, headers=_allowed(request) if problem is METHOD_NOT_ALLOWED else {}).response()


def _allowed(request: Request) -> dict[str, str]:
    """Return the methods of the address, all of them: the framework knows only those of the first route it met."""
    operations = request.app.openapi()["paths"].get(request.scope["route"].path, {"get": None})
    return {"Allow": ", ".join(sorted(method.upper() for method in operations))}


def _wrong_parameter(_: Request, error: RequestValidationError) -> Response:
    """Name the parameters; places are ours, since only declared parameters are looked at."""
    faults: Sequence[Mapping[str, Any]] = error.errors()
    places = [fault["loc"][:2] for fault in faults]
    return WRONG_PARAMETER.having(fields=[{"in": place, "name": name} for place, name in places]).response()


def _key_reused(_: Request, __: KeyReused) -> Response:
    return IDEMPOTENCY_KEY_REUSED.response()


def _erased(_: Request, __: Erased) -> Response:
    return ERASED.response()


def _store_unavailable(request: Request, error: OperationalError) -> Response:
    tell(error, request.scope)
    return STORE_UNAVAILABLE.response()


def _misconfigured(request: Request, error: ConfigurationError) -> Response:
    tell(error, request.scope)
    return MISCONFIGURED.response()


def _gone(_: Request, __: ClientDisconnect) -> Response:
    return REQUEST_REFUSED.response()  # nobody is left to read it
