"""What judges and reads: the specification packages, and the agency's mappings; which of them count today."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any, Final

from fastapi import APIRouter
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from canonical.errors import NoSpecInForce
from service.api.credentials import MayRead, service_of
from service.api.problems import MISCONFIGURED, NO_VALID_KEY, STORE_UNAVAILABLE, documented
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer
from service.main import Service
from specs.spec import Status

router = APIRouter(prefix="/v1", tags=["specifications"])

_REFUSALS: Final = documented(NO_VALID_KEY, STORE_UNAVAILABLE, MISCONFIGURED)


class PackageShape(Shape):
    """A specification package that is at hand."""

    model_config = ConfigDict(extra="forbid", title="Package")

    version: str
    title: str
    status: Status
    in_force: date = Field(description="The first day of the assessments that it judges.")
    supersedes: str | None
    judges_today: bool = Field(description="It judges what is assessed today.")
    sends_today: bool = Field(description="Its document and transport are those of today.")


class PackagesShape(Shape):
    """The specification packages at hand, the earliest in force first."""

    model_config = ConfigDict(extra="forbid", title="Packages")

    specs: list[PackageShape]


class MappingShape(Shape):
    """One of the agency's mappings."""

    model_config = ConfigDict(extra="forbid", title="Mapping")

    name: str = Field(description="The file's name.")
    format: str
    effective: date = Field(description="The first day of the payloads that it is for.")
    digest: str
    items: int = Field(description="How many items it says where to find.")
    in_force: bool = Field(
        description="The newest of its format: it reads what comes, unless another one's columns are those of the payload."
    )


class MappingsShape(Shape):
    """The agency's mappings, the newest first."""

    model_config = ConfigDict(extra="forbid", title="Mappings")

    mappings: list[MappingShape]


@router.get("/specs", responses={200: answer(PackagesShape, "Every package, and which one counts."), **_REFUSALS})
async def specs(request: Request, caller: MayRead) -> Response:  # noqa: ARG001 - who asks is all that matters
    """List the specification packages, and say which one judges and which one sends today."""
    return json_answer({"specs": await asyncio.to_thread(_packages, service_of(request))})


@router.get("/mappings", responses={200: answer(MappingsShape, "The agency's own."), **_REFUSALS})
async def mappings(request: Request, caller: MayRead) -> Response:
    """List the agency's mappings, and say which one is in force; FHIR that answers our Questionnaire needs none."""
    return json_answer({"mappings": _mappings(service_of(request), caller.agency)})


def _packages(service: Service) -> list[dict[str, Any]]:
    today = service.clock().date()
    try:
        judges = (service.judge.spec or service.catalog.for_date(today)).version
    except NoSpecInForce:
        judges = None
    sends = service.judge.sending(today).version
    return [
        {
            "version": one.version,
            "title": one.title,
            "status": one.status.value,
            "in_force": one.in_force.isoformat(),
            "supersedes": one.supersedes or None,
            "judges_today": one.version == judges,
            "sends_today": one.version == sends,
        }
        for one in service.catalog.versions()
    ]


def _mappings(service: Service, agency: str) -> list[dict[str, Any]]:
    own = sorted(
        (one for one in service.intake.mappings.all if one.agency == agency),
        key=lambda one: one.effective,
        reverse=True,
    )
    today = service.clock().date()
    newest = {one.format: one.digest for one in reversed(own) if one.effective <= today}
    return [
        {
            "name": one.name,
            "format": one.format,
            "effective": one.effective.isoformat(),
            "digest": one.digest,
            "items": len(one.items),
            "in_force": newest.get(one.format) == one.digest,
        }
        for one in own
    ]
