"""The application: every route, and what stands around all of them."""

from __future__ import annotations

from typing import Final

from fastapi import FastAPI
from fastapi.telemetry import TelemetryConfig

from canonical.version import __version__
from service.api import (
    assessors,
    audit,
    catalogue,
    consents,
    deadlines,
    documents,
    fhir,
    handoffs,
    holds,
    intake_problems,
    lists,
    oauth,
    operations,
    problems,
    replays,
    resolutions,
    submissions,
    validate,
    webhooks,
)
from service.api.access import Access
from service.api.audited import Audited
from service.api.bodies import BodyDeadline, Limits
from service.api.description import describe
from service.api.fhir_outcome import OperationOutcomes
from service.api.running import Running
from service.api.workbooks import Workbooks
from service.audit.failed_logins import FailedLogins
from service.main import Service

#: Every part of the API, in the order of its document.
_PARTS = (
    oauth,
    validate,
    documents,
    lists,  # before the routes with an id in the same place: methods that are not allowed are told by the first
    submissions,
    deadlines,
    holds,
    handoffs,
    resolutions,
    replays,
    consents,
    assessors,
    catalogue,
    audit,
    webhooks,
    fhir,
)
#: Its spans and logs would hold paths, queries and exceptions, which may hold a record, and it would send them wherever
#: the environment says; ours (``service.tracing``) hold names of ours.
_NOT_BY_THE_FRAMEWORK: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
_DESCRIPTION = """
Reads what an agency's EHR exports, judges it, writes it down and delivers it to the state.

Every route under `/v1` needs the agency's API key as `Authorization: Bearer ecas_…`; an agency sees its own submissions
and nothing else. A payload is the body itself, byte for byte: FHIR (R4 or R5, JSON or XML), or with a mapping
of the agency's delimited text, a workbook, JSON, XML or HL7 v2.
Errors are RFC 9457 problems; no error ever repeats what was sent.
"""


def create_app(service: Service, limits: Limits | None = None) -> FastAPI:
    """Return the application over these parts; the limits of bodies are those of the settings unless given."""
    limits = limits or Limits(body_bytes=service.settings.max_body_bytes)
    app = FastAPI(
        title="ecas-bridge",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=None,  # it would be written anew for each who asks (``published``)
        docs_url=None,  # the page would load scripts of strangers
        redoc_url=None,
        redirect_slashes=False,  # a redirect repeats the caller's own address
        separate_input_output_schemas=False,
        telemetry=_NOT_BY_THE_FRAMEWORK,
        generate_unique_id_function=lambda route: f"{route.tags[0]}-{route.name}".replace("_", "-"),
    )
    app.state.service = service
    app.state.limits = limits
    app.state.running = Running()
    app.state.workbooks = Workbooks()
    problems.install(app)
    intake_problems.install(app)
    operations.install(app, service)
    for part in _PARTS:
        app.include_router(part.router)
    # The last one added is the outermost.
    app.add_middleware(BodyDeadline, limits=limits)
    app.add_middleware(Audited, at_once=service.at_once, failed_logins=FailedLogins(service.clock))
    app.add_middleware(problems.LastResort)
    app.add_middleware(OperationOutcomes)
    app.add_middleware(Access, new_id=service.new_id)
    describe(app)
    return app
