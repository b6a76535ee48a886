"""Whether the process lives, and whether it can do its work; anyone may ask, and learns nothing else."""

from __future__ import annotations

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from canonical.errors import ConfigurationError, NoSpecInForce
from service.api.credentials import service_of
from service.api.problems import Problem, documented, tell
from service.api.shapes import HealthShape, ReadyShape, answer
from service.quickly import quickly

router = APIRouter(tags=["health"])

NOT_READY = Problem(
    name="not-ready",
    status=503,
    title="Not ready",
    detail="The service cannot take submissions now; see “checks”.",
    headers={"Retry-After": "30"},
)


@router.get("/healthz", responses={200: answer(HealthShape, "The process lives.")})
async def healthz() -> Response:
    """Tell that the process lives and answers."""
    return _ok("ok")


@router.get("/readyz", responses={200: answer(ReadyShape, "It can take submissions."), **documented(NOT_READY)})
async def readyz(request: Request) -> Response:
    """Tell whether a submission could be written down now: database, schema, master key and room on the disk.

    A closed road does not make the service unready: what is taken meanwhile is safe, and a balancer that turned senders
    away would lose what we could keep. Why nothing leaves is told beside it, in one word of ours.
    """
    checks = await quickly(request.app.state.readiness.checks)
    if not all(checks.values()):
        return NOT_READY.having(checks=checks).response()
    reason = await quickly(_standstill, request)
    return _ok("ready", delivering=reason is None, reason=reason)


def _standstill(request: Request) -> str | None:
    """Return in a word why nothing leaves, or None; the road is no reason to fail here."""
    outlook = service_of(request).outlook
    try:
        now = outlook.pulse()
        return outlook.closed_by(now) or ("no_worker" if now.silent_since(outlook.windows()) else None)
    except (ConfigurationError, NoSpecInForce) as error:
        tell(error, request.scope)
        return "configuration"


def _ok(status: str, **more: bool | str | None) -> Response:
    return Response(orjson.dumps({"status": status, **more}), media_type="application/json")
