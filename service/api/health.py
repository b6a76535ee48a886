"""Whether the process lives, and whether it can do its work; anyone may ask, and learns nothing else."""

from __future__ import annotations

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api.problems import Problem, documented
from service.api.shapes import HealthShape, answer
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


@router.get("/readyz", responses={200: answer(HealthShape, "It can take submissions."), **documented(NOT_READY)})
async def readyz(request: Request) -> Response:
    """Tell whether a submission could be written down now: database, schema, master key and room on the disk."""
    checks = await quickly(request.app.state.readiness.checks)
    if all(checks.values()):
        return _ok("ready")
    return NOT_READY.having(checks=checks).response()


def _ok(status: str) -> Response:
    return Response(orjson.dumps({"status": status}), media_type="application/json")
