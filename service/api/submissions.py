"""Submissions: taken under an Idempotency-Key, and shown to the agency that sent them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from canonical.assessment import Source
from canonical.finding import Finding
from canonical.outcome import Attempt
from canonical.payload import Payload
from canonical.stuck import plight
from canonical.submission import NOT_WITH_THE_STATE, State
from service.api.bodies import read_body
from service.api.credentials import Caller, service_of
from service.api.payloads import BODY, REFUSALS, Format, chosen
from service.api.problems import (
    IDEMPOTENCY_KEY_REUSED,
    MEDIA_TYPE,
    NO_IDEMPOTENCY_KEY,
    NO_VALID_KEY,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    UNREADABLE_PAYLOAD,
    WRONG_PARAMETER,
    Refusal,
    documented,
)
from service.api.shapes import (
    AttemptsShape,
    EventsShape,
    PageShape,
    ReceiptsShape,
    ReportShape,
    ShownShape,
    TakenShape,
    answer,
)
from service.deadlines import days_left, due_day
from service.main import Service
from service.outbox.outbox import Entry, Event, Reply
from service.outbox.outbox import Request as Once
from service.reports.json_report import as_data, finding_data
from service.reports.run import Checked, Run

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])

_TAKEN: Final = 202
_ENDPOINT: Final = "submissions"
#: What an Idempotency-Key looks like.
IDEMPOTENCY_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_ID: Final = re.compile(r"sub_[a-z0-9]{1,64}")
_ASKING: Final = documented(NO_VALID_KEY, NOT_FOUND, STORE_UNAVAILABLE)


@router.post(
    "",
    status_code=_TAKEN,
    openapi_extra=BODY,
    responses={
        _TAKEN: answer(TakenShape, "Written down; with “Idempotency-Replayed: true” where it was before."),
        **documented(*REFUSALS, NO_IDEMPOTENCY_KEY, IDEMPOTENCY_KEY_REUSED, UNREADABLE_PAYLOAD),
    },
)
async def submit(
    request: Request,
    caller: Caller,
    format: Format = "auto",
    idempotency_key: Annotated[
        str,
        Header(description="Your own name for this request, 1 to 255 visible ASCII characters: it takes effect once."),
    ] = "",
) -> Response:
    """Write the payload down, with one submission for each of its assessments, and deliver what conforms."""
    if not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise Refusal(NO_IDEMPOTENCY_KEY)
    content = await read_body(request, request.app.state.limits)
    service = service_of(request)
    payload = Payload(content=content, name=f"payload:{service.new_id('pay')}", agency=caller.id)
    once = Once(endpoint=_ENDPOINT, key=idempotency_key, body=f"{format}\x1f{payload.digest}")
    reply = await asyncio.to_thread(_receive, service, payload, chosen(format), once)
    return Response(
        reply.content,
        reply.status,
        {"Idempotency-Replayed": "true"} if reply.replayed else None,
        "application/json" if reply.status == _TAKEN else MEDIA_TYPE,
    )


@router.get(
    "",
    responses={
        200: answer(PageShape, "The agency's own."),
        **documented(NO_VALID_KEY, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def list_submissions(
    request: Request,
    caller: Caller,
    state: Annotated[State | None, Query(description="Only those that stand here.")] = None,
    after: Annotated[
        str | None, Query(description="The “next” of the page before.", pattern=f"^{_ID.pattern}$")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the agency's submissions, newest first."""
    ask = service_of(request).outbox.entries
    entries = await asyncio.to_thread(ask, caller.id, after=after, limit=limit + 1, state=state)
    page, more = entries[:limit], len(entries) > limit
    shown = await asyncio.to_thread(_in_their_lanes, service_of(request), page)
    return json_answer({"submissions": shown, "next": page[-1].id if more else None})


@router.get("/{submission}", responses={200: answer(ShownShape, "As it stands."), **_ASKING})
async def show(request: Request, caller: Caller, submission: str) -> Response:
    """Show one submission."""
    entry = await own(request, caller, submission)
    service = service_of(request)
    (shown,) = await asyncio.to_thread(_in_their_lanes, service, [entry])
    due = entry.deadline if entry.state in NOT_WITH_THE_STATE else None
    left = None if due is None else days_left(due_day(due), service.clock())
    return json_answer({**shown, "days_left": left})


@router.get("/{submission}/events", responses={200: answer(EventsShape, "Oldest first."), **_ASKING})
async def events(request: Request, caller: Caller, submission: str) -> Response:
    """Show the moves of a submission."""
    entry = await own(request, caller, submission)
    moves = await asyncio.to_thread(service_of(request).outbox.events, caller.id, entry.id)
    return json_answer({"events": [_event_data(event) for event in moves]})


@router.get("/{submission}/attempts", responses={200: answer(AttemptsShape, "Oldest first."), **_ASKING})
async def attempts(request: Request, caller: Caller, submission: str) -> Response:
    """Show each send and question, each poll that taught something, and what came of it."""
    entry = await own(request, caller, submission)
    made = await asyncio.to_thread(service_of(request).outbox.attempts, caller.id, entry.id)
    return json_answer({"attempts": [_attempt_data(attempt) for attempt in made]})


@router.get("/{submission}/report", responses={200: answer(ReportShape, "With the state's own reasons."), **_ASKING})
async def report(request: Request, caller: Caller, submission: str) -> Response:
    """Show what our judging found, and what the state refused it for."""
    entry = await own(request, caller, submission)
    judged = await asyncio.to_thread(service_of(request).outbox.report, caller.id, entry.id)
    if judged is None:
        raise Refusal(NOT_FOUND)
    origin = Source(file=f"payload:{entry.payload}", label=f"assessment {entry.ordinal + 1}")
    checked = Checked(name=origin.file, assessments=((origin, judged),))
    return json_answer(as_data(Run(payloads=(checked,))))


@router.get("/{submission}/receipts", responses={200: answer(ReceiptsShape, "Oldest first."), **_ASKING})
async def receipts(request: Request, caller: Caller, submission: str) -> Response:
    """Show what the state answered, whole."""
    entry = await own(request, caller, submission)
    contents = await asyncio.to_thread(service_of(request).outbox.receipts, caller.id, entry.id)
    return json_answer({"receipts": [content.decode("utf-8", "replace") for content in contents]})


def _in_their_lanes(service: Service, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return submissions as plain data, each with the one that it waits behind."""
    behind = service.outbox.behind([entry.id for entry in entries])
    return [entry_data(entry, behind.get(entry.id)) for entry in entries]


def entry_data(entry: Entry, behind: str | None = None) -> dict[str, Any]:
    """Return a submission as plain data."""
    needs = plight(entry.state, entry.cause, entry.holds)
    return {
        "id": entry.id,
        "agency": entry.agency,
        "document_id": entry.document_id,
        "state": entry.state.value,
        "attempts": entry.attempts,
        "verdict": None if entry.verdict is None else entry.verdict.value,
        "receipt": entry.receipt,
        "holds": [cause.value for cause in entry.holds],
        "escalated_at": None if entry.escalated_at is None else _moment(entry.escalated_at),
        "cause": None if entry.cause is None else entry.cause.value,
        "owner": None if needs is None else needs.owner,
        "words": None if needs is None else needs.words,
        "mend": None if needs is None else needs.mend,
        "since": None if entry.since is None else _moment(entry.since),
        "waits_behind": behind,
        "deadline": None if entry.deadline is None else due_day(entry.deadline).isoformat(),
        "corrects": entry.corrects,
        "payload": entry.payload,
        "ordinal": entry.ordinal,
        "received_at": _moment(entry.received_at),
        "updated_at": _moment(entry.updated_at),
    }


def _receive(service: Service, payload: Payload, format_: str | None, once: Once) -> Reply:
    """Answer again what was answered before; judge and write down what is new."""
    earlier = service.outbox.answered(payload.agency or "", once)
    return earlier or service.intake.receive(payload, format=format_, request=once, answer=taken)


def taken(entries: Sequence[Entry], findings: Sequence[Finding]) -> tuple[int, bytes]:
    """Return what a request is answered that brought these."""
    found = [finding_data(finding) for finding in findings]
    if not entries:
        return UNREADABLE_PAYLOAD.status, UNREADABLE_PAYLOAD.having(findings=found).content()
    return _TAKEN, orjson.dumps({"submissions": [entry_data(entry) for entry in entries], "findings": found})


async def own(request: Request, caller: Caller, submission: str) -> Entry:
    """Return the submission, where it is the caller's own; anybody else's is not there.

    Raises:
        Refusal: it is not.
    """
    entry = None
    if _ID.fullmatch(submission):
        entry = await asyncio.to_thread(service_of(request).outbox.entry, caller.id, submission)
    if entry is None:
        raise Refusal(NOT_FOUND)
    return entry


def _event_data(event: Event) -> dict[str, str | None]:
    return {
        "at": _moment(event.at),
        "was": None if event.was is None else event.was.value,
        "became": event.became.value,
        "actor": event.actor,
        "why": event.why,
        "note": event.note or None,
    }


def _attempt_data(attempt: Attempt) -> dict[str, str | int | None]:
    return {
        "kind": attempt.kind,
        "number": attempt.number,
        "started_at": _moment(attempt.started_at),
        "ended_at": None if attempt.ended_at is None else _moment(attempt.ended_at),
        "outcome": attempt.outcome,
        "why": attempt.why or None,
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def json_answer(data: dict[str, Any]) -> Response:
    """Return an answer of plain data."""
    return Response(orjson.dumps(data), media_type="application/json")
