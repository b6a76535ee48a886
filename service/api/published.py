"""``/openapi.json``, written once: writing it takes a hundredth of a second, and anyone may ask as often as they like."""

from __future__ import annotations

import orjson
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter(tags=["openapi"])


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return the description of every route."""
    state = request.app.state
    if not hasattr(state, "description"):
        state.description = orjson.dumps(request.app.openapi())
    return Response(state.description, media_type="application/json")
