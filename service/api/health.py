"""Whether the process lives, and whether it can do its work; anyone may ask, and learns nothing else."""

from __future__ import annotations

import asyncio

import orjson
from fastapi import APIRouter
from sqlalchemy import false, update
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response

from canonical.errors import ConfigurationError, NoSpecInForce
from service.api.credentials import service_of
from service.api.problems import Problem, documented, tell
from service.api.shapes import HealthShape, ReadyShape, answer
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import writing

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
    """Tell whether a submission could be written down now: the database takes writes and has this release's schema.

    A closed road does not make the service unready: what is taken meanwhile is safe, and a balancer that turned senders
    away would lose what we could keep. Why nothing leaves is told beside it, in one word of ours.
    """
    checks = await asyncio.to_thread(_check, request)
    if not all(checks.values()):
        return NOT_READY.having(checks=checks).response()
    reason = await asyncio.to_thread(_standstill, request)
    return _ok("ready", delivering=reason is None, reason=reason)


def _check(request: Request) -> dict[str, bool]:
    engine = service_of(request).engine
    try:
        with writing(engine) as connection:
            connection.execute(update(t.agency).where(false()).values(created_at=t.agency.c.created_at))
        return {"database_writable": True, "schema_at_head": migrate.revision(engine) == migrate.head()}
    except SQLAlchemyError as error:
        tell(error, request.scope)
        return {"database_writable": False, "schema_at_head": False}


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
