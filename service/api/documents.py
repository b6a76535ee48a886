"""The state's document: of a payload that is only looked at, and of a submission as it was or would be sent."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import Iterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from canonical.assessment import Assessment
from canonical.errors import UnfitDocument
from canonical.finding import Conformance, Report
from canonical.outcome import Document
from canonical.payload import Payload
from canonical.submission import State
from gateway_client.envelope import build
from service.api.bodies import read_body
from service.api.credentials import MayJudge, MayReadRecords, service_of
from service.api.intake_problems import NO_DOCUMENT, NOT_REPRODUCIBLE, TOO_MANY_ASSESSMENTS
from service.api.payloads import BODY, REFUSALS, AsSaid
from service.api.problems import NO_VALID_KEY, NOT_FOUND, STORE_UNAVAILABLE, Refusal, documented
from service.api.shapes import ReportShape, Shape, answer
from service.api.submissions import json_answer, own
from service.api.workbooks import WORKBOOKS_WAIT
from service.judging import Judge
from service.main import Service
from service.outbox.outbox import Entry
from service.reports.json_report import as_data
from service.reports.run import Checked, Run
from specs.spec import Spec

router = APIRouter(prefix="/v1")

#: What sources call a payload that has no id, because it is not written down.
_NAME: Final = "payload"
_XML: Final = "application/xml"


class DocumentShape(Shape):
    """One document, as it would go over the wire."""

    model_config = ConfigDict(extra="forbid", title="Document")

    document_id: str
    digest: str = Field(description="SHA-256 of the canonical form, as the receipt echoes it.")
    spec: str = Field(description="The package whose wire it is built for.")
    provisional: bool = Field(description="True where it goes to no peer but a sandbox.")
    content: str = Field(description="The XML.")


class MappedOneShape(Shape):
    """What became of one assessment of the payload."""

    model_config = ConfigDict(extra="forbid", title="MappedOne")

    ordinal: int = Field(description="Which assessment of the payload, from 0.")
    source: str = Field(description="Where it stands in the payload.")
    conformance: Conformance
    document: DocumentShape | None = Field(description="Null where judging stops it, or no document can be built.")


class MappedShape(Shape):
    """The documents of a payload, and what judging says of it."""

    model_config = ConfigDict(extra="forbid", title="Mapped")

    assessments: list[MappedOneShape]
    report: ReportShape


@router.post(
    "/map",
    tags=["validate"],
    openapi_extra=BODY,
    responses={
        200: answer(MappedShape, "Each assessment, with its document where there is one."),
        **documented(*REFUSALS, TOO_MANY_ASSESSMENTS, WORKBOOKS_WAIT),
    },
)
async def map_payload(
    request: Request,
    caller: MayJudge,
    *,
    said: AsSaid,
    certification: Annotated[
        bool, Query(description="false leaves certification keys out; the report says so.")
    ] = True,
    force: Annotated[
        bool, Query(description="Also what judging blocks or holds. Nothing is ever sent from here.")
    ] = False,
) -> Response:
    """Show the state's document of each assessment as it would be sent today, and write nothing down."""
    content = await read_body(request, request.app.state.limits)
    payload = Payload(content=content, name=_NAME, agency=caller.agency, day=said.day)
    async with request.app.state.workbooks.turn(payload):
        mapped = await asyncio.to_thread(
            _mapped, service_of(request), payload, said.format, certification=certification, force=force
        )
    return json_answer(mapped)


@router.get(
    "/submissions/{submission}/document",
    tags=["submissions"],
    response_class=Response,
    responses={
        200: {
            "description": "The XML. “Ecas-Document: sent” where the receipt echoes this digest, else “would-be-sent”.",
            "content": {
                _XML: {"schema": {"type": "string"}, "example": '<?xml version="1.0" encoding="UTF-8"?>\n<…/>'}
            },
            "headers": {
                "Ecas-Document": {"schema": {"type": "string", "enum": ["sent", "would-be-sent"]}},
                "Ecas-Specification": {"schema": {"type": "string"}},
                "Content-Digest": {"schema": {"type": "string"}},
            },
        },
        **documented(NO_VALID_KEY, NOT_FOUND, NO_DOCUMENT, NOT_REPRODUCIBLE, STORE_UNAVAILABLE),
    },
)
async def document(request: Request, caller: MayReadRecords, submission: str) -> Response:
    """Show the state's document of a submission: as it was sent, or as it would be sent today."""
    entry = await own(request, caller, submission)
    built, sent = await asyncio.to_thread(_document, service_of(request), entry)
    return Response(
        built.content,
        headers={
            "Ecas-Document": "sent" if sent else "would-be-sent",
            "Ecas-Specification": built.spec,
            "Content-Digest": f"sha-256=:{base64.b64encode(_sha256(built)).decode()}:",
            "Content-Disposition": f'attachment; filename="{entry.id}.xml"',
        },
        media_type=_XML,
    )


def _mapped(
    service: Service, payload: Payload, format_: str | None, *, certification: bool, force: bool
) -> dict[str, Any]:
    intake = service.intake
    reading, reports = intake.judge(payload, format=format_, certification=certification, at_most=intake.at_most)
    judge = intake.judge_for(payload.agency or "", certification=certification)
    judged = list(zip(reading.assessments, reports, strict=True))
    told = [
        {
            "ordinal": ordinal,
            "source": assessment.origin.label,
            "conformance": report.conformance.value,
            "document": _as_sent_today(service, judge, assessment, report, force=force),
        }
        for ordinal, (assessment, report) in enumerate(judged)
    ]
    places = tuple((assessment.origin, report) for assessment, report in judged)
    checked = Checked(
        name=payload.name,
        findings=reading.findings,
        assessments=places,
        ledger=reading.ledger,
        dialect=reading.dialect,
    )
    return {"assessments": told, "report": as_data(Run(payloads=(checked,)))}


def _as_sent_today(
    service: Service, judge: Judge, assessment: Assessment, report: Report, *, force: bool
) -> dict[str, Any] | None:
    stopped = report.blocks or bool(report.holds)
    if report.judged_by is None or (stopped and not force):
        return None
    today = service.clock().date()
    try:
        built = build(assessment, judge.spec_for(assessment, today), judge.sending(today))
    except UnfitDocument:
        return None  # the report says why: X003 or X006
    return {
        "document_id": built.document_id,
        "digest": built.digest,
        "spec": built.spec,
        "provisional": built.provisional,
        "content": built.content.decode(),
    }


def _document(service: Service, entry: Entry) -> tuple[Document, bool]:
    """Return the document of a submission, and whether its bytes are those that the state has a receipt for."""
    assessment = service.outbox.assessment(entry.agency, entry.id)
    report = service.outbox.report(entry.agency, entry.id)
    if assessment is None or report is None or report.judged_by is None or entry.state is State.BLOCKED:
        raise Refusal(NO_DOCUMENT)
    echoed = service.outbox.echoed_digest(entry.agency, entry.id)
    built = next(_built(service, assessment, echoed), None)
    if built is None:
        raise Refusal(NO_DOCUMENT if echoed is None else NOT_REPRODUCIBLE)
    return built, echoed is not None


def _built(service: Service, assessment: Assessment, echoed: str | None) -> Iterator[Document]:
    """Yield the document as today's package builds it, then as the others do; only that of the digest, where there is one."""
    today = service.clock().date()
    spec = service.judge.spec_for(assessment, today)
    for sending in _sendings(service, echoed):
        try:
            built = build(assessment, spec, sending)
        except UnfitDocument:
            continue
        if echoed is None or built.digest == echoed:
            yield built


def _sendings(service: Service, echoed: str | None) -> Iterator[Spec]:
    today = service.judge.sending(service.clock().date())
    yield today
    if echoed is not None:
        others = (service.catalog.named(summary.version) for summary in service.catalog.versions())
        yield from (spec for spec in others if spec.digest != today.digest)


def _sha256(built: Document) -> bytes:
    return hashlib.sha256(built.content).digest()
