"""The agency's webhooks: for its administrators. Nothing here connects to an endpoint; workers do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from service.api.credentials import MayAdminister, service_of
from service.api.given import body_of, read_given
from service.api.intake_problems import UNKNOWN_CURSOR
from service.api.payloads import REFUSALS
from service.api.problems import (
    NO_VALID_KEY,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    WRONG_PARAMETER,
    Problem,
    Refusal,
    documented,
)
from service.api.shapes import answer
from service.api.submissions import json_answer
from service.api.webhook_shapes import (
    GivenRotation,
    GivenSwitch,
    GivenWebhook,
    WebhookMessagesShape,
    WebhookSecretShape,
    WebhookShape,
    WebhooksShape,
    WebhookTestShape,
    endpoint_data,
    message_data,
)
from service.webhooks.address import UnfitAddress
from service.webhooks.endpoint import Endpoint
from service.webhooks.endpoints import Endpoints, IsOff, TooMany

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

_CREATED: Final = 201
_NO_CONTENT: Final = 204
_Found = TypeVar("_Found")
UNFIT_ADDRESS: Final = Problem(
    name="unfit-address",
    status=422,
    title="Not an address for webhooks",
    detail="Webhooks go to https addresses of the public internet, on port 443 or 8443, without user, password or "
    "fragment. An endpoint in a network of your own needs the operator's word.",
)
TOO_MANY_WEBHOOKS: Final = Problem(
    name="too-many-webhooks",
    status=409,
    title="Too many webhooks",
    detail="The agency has as many as it may have. Remove one that is not needed any more.",
)
WEBHOOK_OFF: Final = Problem(
    name="webhook-off",
    status=409,
    title="It is switched off",
    detail="Nothing is sent there; “off_cause” says why. Mend it, and switch it on with POST /v1/webhooks/{webhook}/on.",
)
_USUAL: Final = (NO_VALID_KEY, STORE_UNAVAILABLE, WRONG_PARAMETER)


@router.post(
    "",
    status_code=_CREATED,
    openapi_extra=body_of(GivenWebhook),
    responses={
        _CREATED: answer(WebhookSecretShape, "It is told from now on."),
        **documented(*REFUSALS, UNFIT_ADDRESS, TOO_MANY_WEBHOOKS),
    },
)
async def add_webhook(request: Request, caller: MayAdminister) -> Response:
    """Register an endpoint for changes of state; the secret that signs its messages is shown this once."""
    given = await read_given(request, GivenWebhook)
    add = service_of(request).webhooks.add
    try:
        made = await asyncio.to_thread(
            add, caller.agency, given.url.get_secret_value(), given.states, actor=caller.actor
        )
    except UnfitAddress:
        raise Refusal(UNFIT_ADDRESS) from None
    except TooMany:
        raise Refusal(TOO_MANY_WEBHOOKS) from None
    content = orjson.dumps({"id": made.id, "secret": made.secret})
    return Response(content, _CREATED, media_type="application/json")


@router.get(
    "",
    responses={200: answer(WebhooksShape, "The agency's own."), **documented(NO_VALID_KEY, STORE_UNAVAILABLE)},
)
async def list_webhooks(request: Request, caller: MayAdminister) -> Response:
    """List the agency's endpoints and how they do."""
    held = await asyncio.to_thread(service_of(request).webhooks.all, caller.agency)
    return json_answer({"webhooks": [endpoint_data(one) for one in held]})


@router.get("/{webhook}", responses={200: answer(WebhookShape, "The endpoint."), **documented(*_USUAL, NOT_FOUND)})
async def show_webhook(request: Request, caller: MayAdminister, webhook: str) -> Response:
    """Show one endpoint, and why it is switched off where it is."""
    return json_answer(endpoint_data(await _own(request, caller.agency, webhook)))


@router.delete(
    "/{webhook}",
    status_code=_NO_CONTENT,
    responses={_NO_CONTENT: {"description": "It is told nothing more."}, **documented(*_USUAL, NOT_FOUND)},
)
async def remove_webhook(request: Request, caller: MayAdminister, webhook: str) -> Response:
    """Remove an endpoint with its secrets; what waits for it is not sent."""
    await _own(request, caller.agency, webhook)
    await _done(service_of(request).webhooks.remove, caller.agency, webhook, actor=caller.actor)
    return Response(status_code=_NO_CONTENT)


@router.post(
    "/{webhook}/rotate",
    openapi_extra=body_of(GivenRotation),
    responses={200: answer(WebhookSecretShape, "It signs from now on."), **documented(*REFUSALS, NOT_FOUND)},
)
async def rotate_webhook(request: Request, caller: MayAdminister, webhook: str) -> Response:
    """Give an endpoint a new secret, shown this once; for the overlap each message has two signatures."""
    await _own(request, caller.agency, webhook)
    given = await read_given(request, GivenRotation)
    overlap = timedelta(hours=given.overlap_hours)
    rotate = service_of(request).webhooks.rotate
    made = await _done(rotate, caller.agency, webhook, overlap, actor=caller.actor)
    return json_answer({"id": made.id, "secret": made.secret})


@router.post(
    "/{webhook}/on",
    openapi_extra=body_of(GivenSwitch),
    responses={200: answer(WebhookShape, "It is told again."), **documented(*REFUSALS, NOT_FOUND)},
)
async def switch_webhook_on(request: Request, caller: MayAdminister, webhook: str) -> Response:
    """Switch an endpoint on again that was switched off, and send what was given up where that is wanted."""
    await _own(request, caller.agency, webhook)
    given = await read_given(request, GivenSwitch)
    switch = service_of(request).webhooks.switch_on
    await _done(switch, caller.agency, webhook, resend=given.resend, actor=caller.actor)
    return json_answer(endpoint_data(await _own(request, caller.agency, webhook)))


@router.post(
    "/{webhook}/test",
    responses={200: answer(WebhookTestShape, "It is written down."), **documented(*_USUAL, NOT_FOUND, WEBHOOK_OFF)},
)
async def test_webhook(request: Request, caller: MayAdminister, webhook: str) -> Response:
    """Let a worker send a message that says that it is a test; what came of it stands among the endpoint's messages."""
    await _own(request, caller.agency, webhook)
    try:
        message = await _done(service_of(request).webhooks.test, caller.agency, webhook, actor=caller.actor)
    except IsOff:
        raise Refusal(WEBHOOK_OFF) from None
    return json_answer({"message": message})


@router.get(
    "/{webhook}/messages",
    responses={
        200: answer(WebhookMessagesShape, "Of the last 30 days."),
        **documented(*_USUAL, NOT_FOUND, UNKNOWN_CURSOR),
    },
)
async def list_messages(
    request: Request,
    caller: MayAdminister,
    webhook: str,
    outcome: Annotated[Literal["waiting", "delivered", "dead"] | None, Query(description="Only those.")] = None,
    after: Annotated[
        str | None, Query(description="The “next” of the page before.", pattern=r"^msg_[a-z0-9]{1,64}$")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List what an endpoint was told, newest first, and what it answered."""
    await _own(request, caller.agency, webhook)
    ask = service_of(request).webhooks.messages
    found = await asyncio.to_thread(ask, caller.agency, webhook, after=after, limit=limit + 1, outcome=outcome)
    if found is None:
        raise Refusal(UNKNOWN_CURSOR)
    page = found[:limit]
    following = page[-1].id if len(found) > limit else None
    return json_answer({"messages": [message_data(one) for one in page], "next": following})


async def _own(request: Request, agency: str, id_: str) -> Endpoint:
    held: Endpoints = service_of(request).webhooks
    found = await asyncio.to_thread(held.find, agency, id_) if _is_id(id_) else None
    if found is None:
        raise Refusal(NOT_FOUND)
    return found


async def _done(work: Callable[..., _Found | None], *given: Any, **named: Any) -> _Found:  # noqa: ANN401 - passed on
    """Return what was done, unless the endpoint is gone meanwhile."""
    done = await asyncio.to_thread(work, *given, **named)
    if not done:
        raise Refusal(NOT_FOUND)
    return done


def _is_id(text: str) -> bool:
    return text.isascii() and text.startswith("whk_") and text[4:].isalnum()
