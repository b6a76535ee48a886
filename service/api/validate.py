"""``POST /v1/validate``: judge a payload and write nothing down."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from canonical.payload import Payload
from service.api.audited import counted
from service.api.bodies import read_body
from service.api.credentials import MayJudge, service_of
from service.api.intake_problems import TOO_MANY_ASSESSMENTS
from service.api.payloads import BODY, REFUSALS, Format, chosen
from service.api.problems import documented
from service.api.shapes import ReportShape, answer
from service.main import Service
from service.reports.json_report import as_data
from service.reports.run import Checked, Run

router = APIRouter(prefix="/v1", tags=["validate"])

#: What sources call a payload that has no id, because it is not written down.
_NAME: Final = "payload"


@router.post(
    "/validate",
    openapi_extra=BODY,
    responses={
        200: answer(ReportShape, "The report, whatever it says."),
        **documented(*REFUSALS, TOO_MANY_ASSESSMENTS),
    },
)
async def validate(
    request: Request,
    caller: MayJudge,
    *,
    format: Format = "auto",
    certification: Annotated[
        bool, Query(description="false leaves certification keys out; the report says so.")
    ] = True,
) -> Response:
    """Judge the payload as a submission would be judged, and write nothing down."""
    content = await read_body(request, request.app.state.limits)
    payload = Payload(content=content, name=_NAME, agency=caller.agency)
    report, count = await asyncio.to_thread(
        _report, service_of(request), payload, chosen(format), certification=certification
    )
    counted(request, f"assessments={count}")
    return Response(report, media_type="application/json")


def _report(service: Service, payload: Payload, format_: str | None, *, certification: bool) -> tuple[bytes, int]:
    intake = service.intake
    reading, reports = intake.judge(payload, format=format_, certification=certification, at_most=intake.at_most)
    judged = zip((assessment.origin for assessment in reading.assessments), reports, strict=True)
    checked = Checked(name=payload.name, findings=reading.findings, assessments=tuple(judged))
    return orjson.dumps(as_data(Run(payloads=(checked,)))), len(reports)
