"""FHIR at ``/fhir``: what an EHR's own FHIR client speaks. Errors are OperationOutcomes with our rule ids and places."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from canonical.assessment import Assessment, Reading
from canonical.finding import Report
from canonical.payload import Payload
from service.api.bodies import read_body
from service.api.credentials import MayJudge, MayRead, MaySubmit, service_of
from service.api.fhir_capability import capability, questionnaire_of, questionnaires
from service.api.fhir_described import BUNDLE, CAPABILITY, FHIR_BODY, FHIR_XML, OUTCOME, QUESTIONNAIRE, told, took
from service.api.fhir_outcome import FHIR_JSON, issues, outcome, said
from service.api.intake_problems import NOT_ACCEPTABLE, TAKING, TOO_MANY_ASSESSMENTS, WRONG_MEDIA_TYPE
from service.api.payloads import REFUSALS, Said
from service.api.problems import (
    MISCONFIGURED,
    NO_IDEMPOTENCY_KEY,
    NO_VALID_KEY,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    UNREADABLE_PAYLOAD,
    WRONG_PARAMETER,
    Refusal,
)
from service.api.submissions import IDEMPOTENCY_KEY, received
from service.credentials.principal import Principal
from service.intake import Answering
from service.main import Service
from service.outbox.outbox import Entry

_ENDPOINT: Final = "fhir"
_FORMAT: Final = "fhir"
_SAID: Final = Said(format=_FORMAT)
_NAME: Final = "payload"
_OK: Final = 200
_ENTRY: Final = re.compile(r"Bundle\.entry\[(\d+)\]")
_ACCEPTED: Final = "202 Accepted"
_READ: Final = frozenset({
    FHIR_JSON, "application/json", "text/json", FHIR_XML, "application/xml", "text/xml", "",
})  # fmt: skip
_WRITTEN: Final = frozenset({FHIR_JSON, "application/json", "application/*", "*/*", ""})


def _fhir_only(request: Request) -> None:
    """Refuse what is no FHIR by its type, or wants another answer than JSON; a request without a body needs no type."""
    wanted = [one.partition(";")[0].strip().lower() for one in request.headers.get("accept", "").split(",")]
    if _WRITTEN.isdisjoint(wanted):
        raise Refusal(NOT_ACCEPTABLE)
    if request.method == "POST" and _media(request) not in _READ:
        raise Refusal(WRONG_MEDIA_TYPE)


def _media(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


router = APIRouter(prefix="/fhir", tags=["fhir"], default_response_class=Response)


@router.get(
    "/metadata", responses={200: told(CAPABILITY, "What can be asked here."), **took(NOT_ACCEPTABLE, MISCONFIGURED)}
)
async def metadata(request: Request) -> Response:
    """Return the CapabilityStatement; anybody may ask."""
    _fhir_only(request)
    return _fhir(capability(service_of(request)))


@router.get(
    "/Questionnaire",
    responses={
        200: told(BUNDLE, "A searchset."),
        **took(NO_VALID_KEY, NOT_ACCEPTABLE, WRONG_PARAMETER, STORE_UNAVAILABLE, MISCONFIGURED),
    },
)
async def search_questionnaires(
    request: Request,
    caller: MayRead,  # noqa: ARG001 - who asks is all that matters
    url: Annotated[
        str | None, Query(max_length=300, description="The address of one, with or without version.")
    ] = None,
) -> Response:
    """Return the Questionnaires of the package of today."""
    _fhir_only(request)
    return _fhir(await asyncio.to_thread(questionnaires, service_of(request), url))


@router.get(
    "/Questionnaire/{questionnaire}",
    responses={
        200: told(QUESTIONNAIRE, "linkId is the item's code."),
        **took(NO_VALID_KEY, NOT_FOUND, NOT_ACCEPTABLE, STORE_UNAVAILABLE, MISCONFIGURED),
    },
)
async def read_questionnaire(request: Request, caller: MayRead, questionnaire: str) -> Response:  # noqa: ARG001 - same
    """Return one Questionnaire of the package of today."""
    _fhir_only(request)
    found = await asyncio.to_thread(questionnaire_of, service_of(request), questionnaire)
    if found is None:
        raise Refusal(NOT_FOUND)
    return _fhir(found)


@router.post(
    "/QuestionnaireResponse/$validate",
    openapi_extra=FHIR_BODY,
    responses={
        200: told(OUTCOME, "What judging found, whatever it says; nothing is written down."),
        **took(*REFUSALS, NOT_ACCEPTABLE, WRONG_MEDIA_TYPE, TOO_MANY_ASSESSMENTS),
    },
)
async def validate(
    request: Request,
    caller: MayJudge,
    *,
    certification: Annotated[bool, Query(description="false leaves certification keys out.")] = True,
) -> Response:
    """Judge a QuestionnaireResponse, a Bundle with what it refers to, or either as “resource” of a Parameters resource."""
    _fhir_only(request)
    content = await read_body(request, request.app.state.limits)
    work = asyncio.to_thread(_validated, service_of(request), caller.agency, content, certification=certification)
    return _fhir(await work)


@router.post(
    "",
    openapi_extra=FHIR_BODY,
    responses={
        200: told(BUNDLE, "A response for each entry; the submissions are those of /v1."),
        **took(*REFUSALS, *TAKING, UNREADABLE_PAYLOAD, NOT_ACCEPTABLE, WRONG_MEDIA_TYPE),
    },
)
async def take_bundle(
    request: Request,
    caller: MaySubmit,
    idempotency_key: Annotated[
        str, Header(description="Your own name for this request; without one the same bytes are taken once.")
    ] = "",
) -> Response:
    """Write a Bundle down, with one submission for each QuestionnaireResponse in it, and deliver what conforms."""
    _fhir_only(request)
    return await _taken(request, caller, idempotency_key)


async def _taken(request: Request, caller: Principal, key: str) -> Response:
    if key and not IDEMPOTENCY_KEY.fullmatch(key):
        raise Refusal(NO_IDEMPOTENCY_KEY)
    reply = await received(request, caller, _ENDPOINT, _SAID, key, answering)
    headers = {"Idempotency-Replayed": "true"} if reply.replayed else None
    return Response(reply.content, reply.status, headers, FHIR_JSON)


def answering(service: Service) -> Answering:  # noqa: ARG001 - as every writer of answers is made
    """Return what writes the answer to a Bundle."""
    return _answered


def _answered(entries: Sequence[Entry], reading: Reading) -> tuple[int, bytes]:
    """Return a response Bundle whose entries are those of the Bundle that came, or an OperationOutcome where nothing was read."""
    if not entries:
        return UNREADABLE_PAYLOAD.status, orjson.dumps(outcome(issues(reading.findings)))
    taken = {_entry_of(assessment): entry for assessment, entry in zip(reading.assessments, entries, strict=True)}
    last = max((number for number in taken if number is not None), default=0)
    told_entries = [_response(taken.get(number)) for number in range(last + 1)]
    if None in taken:  # a QuestionnaireResponse by itself
        told_entries = [_response(taken[None])]
    bundle: dict[str, Any] = {"resourceType": "Bundle", "type": "batch-response", "entry": told_entries}
    if reading.findings:
        bundle["entry"].append({"response": {"status": "200 OK", "outcome": outcome(issues(reading.findings))}})
    return _OK, orjson.dumps(bundle)


def _entry_of(assessment: Assessment) -> int | None:
    """Return the number of the Bundle's entry that an assessment was read from, of JSON and of XML."""
    found = _ENTRY.match(assessment.origin.label)
    return None if found is None else int(found[1])


def _response(entry: Entry | None) -> dict[str, Any]:
    if entry is None:
        return {"response": {"status": "200 OK"}}  # read for what refers to it
    found = said(entry.report) if entry.report is not None else []
    state = {
        "severity": "information",
        "code": "informational",
        "details": {"text": f"The submission is {entry.state}."},
    }
    return {
        "response": {
            "status": _ACCEPTED,
            "location": f"/v1/submissions/{entry.id}",
            "outcome": outcome([*found, state]),
        }
    }


def _validated(service: Service, agency: str, content: bytes, *, certification: bool) -> dict[str, Any]:
    content, place = _unwrapped(content)
    payload = Payload(content=content, name=_NAME, agency=agency)
    intake = service.intake
    reading, reports = intake.judge(payload, format=_FORMAT, certification=certification, at_most=intake.at_most)
    found = issues(reading.findings, place)
    for report in reports:
        found += said(report, place)
    return outcome(found or said(Report(findings=(), judged_by=None)))


def _unwrapped(content: bytes) -> tuple[bytes, str]:
    """Return the resource that is to be judged, and what stands before its places where it came in a Parameters resource."""
    try:
        whole = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content, ""  # the adapter says what is wrong, and where
    if not isinstance(whole, dict) or whole.get("resourceType") != "Parameters":
        return content, ""
    given = whole.get("parameter")
    for number, one in enumerate(given if isinstance(given, list) else ()):
        if isinstance(one, dict) and one.get("name") == "resource" and isinstance(one.get("resource"), dict):
            return orjson.dumps(one["resource"]), f"Parameters.parameter[{number}].resource"
    return content, ""


def _fhir(resource: dict[str, Any]) -> Response:
    return Response(orjson.dumps(resource), media_type=FHIR_JSON)
