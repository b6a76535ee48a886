"""The application: every route, and what stands around all of them."""

from __future__ import annotations

from fastapi import FastAPI

from canonical.version import __version__
from service.api import (
    assessors,
    consents,
    deadlines,
    handoffs,
    health,
    holds,
    problems,
    replays,
    resolutions,
    shapes,
    submissions,
    validate,
)
from service.api.access import Access
from service.api.bodies import BodyDeadline, Limits
from service.main import Service

_DESCRIPTION = """
Reads what an agency's EHR exports, judges it, writes it down and delivers it to the state.

Every route under `/v1` needs the agency's API key as `Authorization: Bearer ecas_…`; an agency sees its own submissions
and nothing else. A payload is the body itself, byte for byte: FHIR R4 JSON, or delimited text with a mapping.
Errors are RFC 9457 problems; no answer ever repeats what was sent.
"""


def create_app(service: Service, limits: Limits | None = None) -> FastAPI:
    """Return the application over these parts; the limits of bodies are those of the settings unless given."""
    limits = limits or Limits(body_bytes=service.settings.max_body_bytes)
    app = FastAPI(
        title="ecas-bridge",
        version=__version__,
        description=_DESCRIPTION,
        docs_url=None,  # the page would load scripts of strangers
        redoc_url=None,
        redirect_slashes=False,  # a redirect repeats the caller's own address
        separate_input_output_schemas=False,
    )
    app.state.service = service
    app.state.limits = limits
    problems.install(app)
    for part in (health, validate, submissions, deadlines, holds, handoffs, resolutions, replays, consents, assessors):
        app.include_router(part.router)
    # The last one added is the outermost.
    app.add_middleware(BodyDeadline, limits=limits)
    app.add_middleware(problems.LastResort)
    app.add_middleware(Access, new_id=service.new_id)
    shapes.describe(app)
    return app
