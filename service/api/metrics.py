"""``/metrics``: for Prometheus, with a token of its own; where none is set there is no such page."""

from __future__ import annotations

import hmac
from typing import Final

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from service.api.credentials import service_of
from service.api.problems import NO_VALID_KEY, NOT_FOUND, Refusal
from service.metrics.backlog import Backlog
from service.metrics.instruments import REGISTRY
from service.quickly import quickly

router = APIRouter(tags=["metrics"])
_SCHEME: Final = "bearer "


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """Return all figures in Prometheus' text form.

    Loopback is no proof of who asks: a proxy on this host asks for strangers. So the token alone decides.
    """
    token = service_of(request).settings.metrics_token
    if token is None:
        raise Refusal(NOT_FOUND)
    given = request.headers.get("authorization", "")
    shown = given[len(_SCHEME) :].strip() if given.lower().startswith(_SCHEME) else ""
    if not hmac.compare_digest(shown.encode(), token.get_secret_value().encode()):
        raise Refusal(NO_VALID_KEY)
    content = await quickly(_exposed, request.app.state.backlog)
    return Response(content, media_type=CONTENT_TYPE_LATEST)


def _exposed(backlog: Backlog) -> bytes:
    return generate_latest(REGISTRY) + generate_latest(backlog.registry)
