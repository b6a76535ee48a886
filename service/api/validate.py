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
from service.api.payloads import BODY, REFUSALS, AsSaid
from service.api.problems import documented
from service.api.shapes import ReportShape, answer
from service.api.workbooks import WORKBOOKS_WAIT
from service.edits.proposing import Proposer
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
        **documented(*REFUSALS, TOO_MANY_ASSESSMENTS, WORKBOOKS_WAIT),
    },
)
async def validate(
    request: Request,
    caller: MayJudge,
    *,
    said: AsSaid,
    certification: Annotated[
        bool, Query(description="false leaves certification keys out; the report says so.")
    ] = True,
    edits: Annotated[
        bool,
        Query(description="true puts an “edit” beside each mechanical fault; edits hold values of the payload."),
    ] = False,
) -> Response:
    """Judge the payload as a submission would be judged, and write nothing down."""
    # The edits hold values: they are made for whoever sent these, now, and are kept nowhere.
    content = await read_body(request, request.app.state.limits)
    payload = Payload(content=content, name=_NAME, agency=caller.agency, day=said.day)
    async with request.app.state.workbooks.turn(payload):
        report, count = await asyncio.to_thread(
            _report, service_of(request), payload, said.format, certification=certification, edits=edits
        )
    counted(request, f"assessments={count}")
    return Response(report, media_type="application/json")


def _report(
    service: Service, payload: Payload, format_: str | None, *, certification: bool, edits: bool
) -> tuple[bytes, int]:
    intake = service.intake
    reading, reports = intake.judge(payload, format=format_, certification=certification, at_most=intake.at_most)
    if edits:
        mapping = intake.mappings.named(reading.mapping)
        today = service.clock().date()
        proposer = Proposer(payload=payload, format=reading.format, mapping=mapping, today=today)
        reports = proposer.of_reports(reports, intake.judge_for(payload.agency or "").spec_of)
    judged = zip((assessment.origin for assessment in reading.assessments), reports, strict=True)
    checked = Checked(
        name=payload.name,
        findings=reading.findings,
        assessments=tuple(judged),
        ledger=reading.ledger,
        dialect=reading.dialect,
    )
    return orjson.dumps(as_data(Run(payloads=(checked,)))), len(reports)
