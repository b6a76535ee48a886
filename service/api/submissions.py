"""Submissions: taken under an Idempotency-Key, and shown to the agency that sent them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import orjson
from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from canonical.assessment import Assessment, Reading, Source
from canonical.outcome import Attempt
from canonical.payload import Payload
from canonical.stuck import plight
from canonical.submission import NOT_WITH_THE_STATE
from service.api.bodies import read_body
from service.api.credentials import MayRead, MaySubmit, service_of
from service.api.intake_problems import TAKING
from service.api.payloads import BODY, REFUSALS, AsSaid, Said
from service.api.problems import (
    MEDIA_TYPE,
    NO_IDEMPOTENCY_KEY,
    NO_VALID_KEY,
    NOT_FOUND,
    STORE_UNAVAILABLE,
    UNREADABLE_PAYLOAD,
    Refusal,
    documented,
)
from service.api.room import see_disk
from service.api.shapes import (
    AttemptsShape,
    EventsShape,
    ReceiptsShape,
    ReportShape,
    ShownShape,
    TakenShape,
    answer,
)
from service.api.workbooks import WORKBOOKS_WAIT
from service.credentials.principal import Principal
from service.crowding import Full
from service.deadlines import days_left, due_day
from service.intake import Answering
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
#: What the id of a submission looks like.
ID: Final = re.compile(r"sub_[a-z0-9]{1,64}")
_ASKING: Final = documented(NO_VALID_KEY, NOT_FOUND, STORE_UNAVAILABLE)


@router.post(
    "",
    status_code=_TAKEN,
    openapi_extra=BODY,
    responses={
        _TAKEN: answer(TakenShape, "Written down; with “Idempotency-Replayed: true” where it was before."),
        **documented(*REFUSALS, *TAKING, UNREADABLE_PAYLOAD, WORKBOOKS_WAIT),
    },
)
async def submit(
    request: Request,
    caller: MaySubmit,
    said: AsSaid,
    idempotency_key: Annotated[
        str,
        Header(description="Your own name for this request, 1 to 255 visible ASCII characters: it takes effect once."),
    ] = "",
) -> Response:
    """Write the payload down, with one submission for each of its assessments, and deliver what conforms."""
    if not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise Refusal(NO_IDEMPOTENCY_KEY)
    return replied(await received(request, caller, _ENDPOINT, said, idempotency_key, answering))


@router.get("/{submission}", responses={200: answer(ShownShape, "As it stands."), **_ASKING})
async def show(request: Request, caller: MayRead, submission: str) -> Response:
    """Show one submission, with its place in the queue."""
    entry = await own(request, caller, submission)
    service = service_of(request)
    shown = await asyncio.to_thread(_in_the_queue, service, entry)
    due = entry.deadline if entry.state in NOT_WITH_THE_STATE else None
    left = None if due is None else days_left(due_day(due), service.clock())
    return json_answer({**shown, "days_left": left})


@router.get("/{submission}/events", responses={200: answer(EventsShape, "Oldest first."), **_ASKING})
async def events(request: Request, caller: MayRead, submission: str) -> Response:
    """Show the moves of a submission."""
    entry = await own(request, caller, submission)
    moves = await asyncio.to_thread(service_of(request).outbox.events, caller.agency, entry.id)
    return json_answer({"events": [_event_data(event) for event in moves]})


@router.get("/{submission}/attempts", responses={200: answer(AttemptsShape, "Oldest first."), **_ASKING})
async def attempts(request: Request, caller: MayRead, submission: str) -> Response:
    """Show each send and question, each poll that taught something, and what came of it."""
    entry = await own(request, caller, submission)
    made = await asyncio.to_thread(service_of(request).outbox.attempts, caller.agency, entry.id)
    return json_answer({"attempts": [_attempt_data(attempt) for attempt in made]})


@router.get("/{submission}/report", responses={200: answer(ReportShape, "With the state's own reasons."), **_ASKING})
async def report(request: Request, caller: MayRead, submission: str) -> Response:
    """Show what our judging found, and what the state refused it for."""
    entry = await own(request, caller, submission)
    judged = await asyncio.to_thread(service_of(request).outbox.report, caller.agency, entry.id)
    if judged is None:
        raise Refusal(NOT_FOUND)
    origin = Source(file=f"payload:{entry.payload}", label=f"assessment {entry.ordinal + 1}")
    checked = Checked(name=origin.file, assessments=((origin, judged),))
    return json_answer(as_data(Run(payloads=(checked,))))


@router.get("/{submission}/receipts", responses={200: answer(ReceiptsShape, "Oldest first."), **_ASKING})
async def receipts(request: Request, caller: MayRead, submission: str) -> Response:
    """Show what the state answered, whole."""
    entry = await own(request, caller, submission)
    contents = await asyncio.to_thread(service_of(request).outbox.receipts, caller.agency, entry.id)
    return json_answer({"receipts": [content.decode("utf-8", "replace") for content in contents]})


async def received(
    request: Request,
    caller: Principal,
    endpoint: str,
    said: Said,
    key: str,
    writer: Callable[[Service], Answering],
) -> Reply:
    """Take the payload that is the body, once for each key; without a key the same bytes are taken once.

    The body is read only where there is room for what it may bring.

    Raises:
        Refusal: the same request is still under way, or too many workbooks are.
        Full: there is no room.
    """
    await see_disk(request)
    service = service_of(request)
    await _see_room(service, caller.agency, endpoint, key)
    content = await read_body(request, request.app.state.limits)
    payload = Payload(content=content, name=f"payload:{service.new_id('pay')}", agency=caller.agency, day=said.day)
    once = Once(endpoint=endpoint, key=key or payload.digest, body=said.of(payload))
    state = request.app.state
    async with state.running.alone(caller.agency, endpoint, once.key), state.workbooks.turn(payload):
        return await asyncio.to_thread(_receive, service, payload, said.format, once, writer)


def replied(reply: Reply) -> Response:
    """Return the answer to a request that takes effect once."""
    return Response(
        reply.content,
        reply.status,
        {"Idempotency-Replayed": "true"} if reply.replayed else None,
        "application/json" if reply.status == _TAKEN else MEDIA_TYPE,
    )


async def _see_room(service: Service, agency: str, endpoint: str, key: str) -> None:
    """Refuse a body that there is no room for; whoever asks again what was answered before needs none."""
    try:
        if service.crowding.fresh:  # a hop to a thread costs more than to look at two numbers
            service.crowding.check(agency)
        else:
            await asyncio.to_thread(service.crowding.check, agency)
    except Full:
        if not await asyncio.to_thread(service.outbox.asked_before, agency, endpoint, key):
            raise


def in_their_lanes(service: Service, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return submissions as plain data, each with the one that it waits behind."""
    behind = service.outbox.behind([entry.id for entry in entries])
    return [entry_data(entry, behind.get(entry.id)) for entry in entries]


def _in_the_queue(service: Service, entry: Entry) -> dict[str, Any]:
    ahead = service.outbox.before_in_lane(entry.agency, [entry.id]).get(entry.id, 0)
    due_at = service.outbox.due_at(entry.agency, entry.id)
    (shown,) = in_their_lanes(service, [entry])
    return {**shown, "queue": service.expecting.of(entry, service.expecting.road(), ahead, due_at)}


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
        "programme": entry.programme,
        "queue": None,
        "payload": entry.payload,
        "ordinal": entry.ordinal,
        "received_at": _moment(entry.received_at),
        "updated_at": _moment(entry.updated_at),
    }


def _receive(
    service: Service, payload: Payload, format_: str | None, once: Once, writer: Callable[[Service], Answering]
) -> Reply:
    """Answer again what was answered before; judge and write down what is new."""
    earlier = service.outbox.answered(payload.agency or "", once)
    return earlier or service.intake.receive(payload, format=format_, request=once, answer=writer(service))


def answering(service: Service) -> Answering:
    """Return what writes the answer to a payload; how the road stands is looked at before anything is written down."""
    road = service.expecting.road()

    def answered(entries: Sequence[Entry], reading: Reading) -> tuple[int, bytes]:
        found = [finding_data(finding) for finding in reading.findings]
        if not entries:
            return UNREADABLE_PAYLOAD.status, UNREADABLE_PAYLOAD.having(findings=found).content()
        told = [{**entry_data(entry), "queue": service.expecting.of(entry, road, entry.ahead)} for entry in entries]
        outcomes = list(map(_outcome, reading.assessments, entries))
        return _TAKEN, orjson.dumps({"submissions": told, "outcomes": outcomes, "findings": found})

    return answered


def _outcome(assessment: Assessment, entry: Entry) -> dict[str, Any]:
    """Return what became of one assessment of a payload, with all that was found of it."""
    report = entry.report
    return {
        "submission": entry.id,
        "source": assessment.origin.label,
        "conformance": None if report is None else report.conformance.value,
        "findings": [] if report is None else [finding_data(finding) for finding in report.findings],
    }


async def own(request: Request, caller: Principal, submission: str) -> Entry:
    """Return the submission, where it is the caller's own; anybody else's is not there.

    Raises:
        Refusal: it is not.
    """
    entry = None
    if ID.fullmatch(submission):
        entry = await asyncio.to_thread(service_of(request).outbox.entry, caller.agency, submission)
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
