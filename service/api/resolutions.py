"""A person's decision about what waits: give it up, void or correct it, resolve what is stuck, one or many."""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

from fastapi import APIRouter, Header
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from canonical.payload import Payload
from canonical.stuck import Resolution
from service.api.assessor_shapes import GivenNote
from service.api.bodies import read_body
from service.api.credentials import MayDecide, MaySubmit, service_of
from service.api.given import body_of, read_given
from service.api.payloads import BODY, REFUSALS, AsSaid
from service.api.problems import (
    DISK_FULL,
    IDEMPOTENCY_KEY_REUSED,
    MEDIA_TYPE,
    MOVED_MEANWHILE,
    NO_IDEMPOTENCY_KEY,
    NOT_CANCELLABLE,
    NOT_FOUND,
    NOT_ONE_ASSESSMENT,
    NOT_RESOLVABLE,
    NOTHING_TO_MEND,
    Refusal,
    documented,
)
from service.api.replays import GivenSelection, GivenWord, PreviewShape
from service.api.room import see_disk
from service.api.shapes import Shape, SubmissionShape, TakenShape, answer
from service.api.submissions import IDEMPOTENCY_KEY, answering, entry_data, json_answer, own
from service.api.workbooks import WORKBOOKS_WAIT
from service.corrections import MovedMeanwhile, NothingToCorrect, NotOneAssessment, Voided
from service.main import Service
from service.outbox.outbox import Reply
from service.outbox.outbox import Request as Once
from service.outbox.prospects import Left
from service.outbox.resolving import Word
from service.reports.json_report import finding_data

router = APIRouter(prefix="/v1", tags=["resolutions"])

_TAKEN: Final = 202


class GivenOneResolution(GivenWord):
    """What a person decided about a stuck submission."""

    resolution: Resolution


class GivenResolution(GivenSelection, GivenWord):
    """What a person decided about many stuck submissions; “states” is not looked at."""

    resolution: Resolution
    run: bool = Field(False, description="False shows what would be done, true does it.")  # noqa: FBT003


class ResolvedShape(Shape):
    """What was looked at, and what became of the oldest thousand that could go."""

    model_config = ConfigDict(extra="forbid", title="Resolved")

    preview: PreviewShape
    became: dict[str, int] = Field(description="Empty where nothing was done.")
    more: int = Field(description="How many that could go were left for the next request.")


@router.post(
    "/submissions/{submission}/resolve",
    openapi_extra=body_of(GivenOneResolution),
    responses={
        200: answer(SubmissionShape, "As it stands now."),
        **documented(*REFUSALS, NOT_FOUND, NOT_RESOLVABLE),
    },
)
async def resolve_one(request: Request, caller: MayDecide, submission: str) -> Response:
    """Do what a person decided about a stuck submission; what may have arrived is never sent again blindly."""
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenOneResolution)
    resolve = service_of(request).resolutions.one
    found = await asyncio.to_thread(resolve, caller.agency, entry.id, given.resolution, given.word(caller.actor))
    if isinstance(found, Left):
        raise Refusal(NOT_RESOLVABLE.having(left=found.value))
    return json_answer(entry_data(await own(request, caller, submission)))


@router.post(
    "/resolutions",
    openapi_extra=body_of(GivenResolution),
    responses={200: answer(ResolvedShape, "Looked at, or done."), **documented(*REFUSALS)},
)
async def resolve_many(request: Request, caller: MayDecide) -> Response:
    """Show what a decision about stuck work would do, or with “run” do it to the oldest thousand that could go."""
    given = await read_given(request, GivenResolution)
    service = service_of(request)
    resolutions, selection = service.resolutions, given.of(caller.agency, service.catalog)
    if not given.run:
        preview = await asyncio.to_thread(
            resolutions.preview, selection, given.resolution, given.unspoken(caller.actor)
        )
        return json_answer({"preview": preview.as_data(), "became": {}, "more": 0})
    preview, became = await asyncio.to_thread(
        resolutions.resolve, selection, given.resolution, given.word(caller.actor)
    )
    more = len(preview.going) - became.total()
    return json_answer({"preview": preview.as_data(), "became": dict(became), "more": more})


@router.post(
    "/submissions/{submission}/cancel",
    openapi_extra=body_of(GivenNote),
    responses={200: answer(SubmissionShape, "It is given up."), **documented(*REFUSALS, NOT_FOUND, NOT_CANCELLABLE)},
)
async def cancel(request: Request, caller: MayDecide, submission: str) -> Response:
    """Give up a submission that waits here; the note is kept with its events, and the next of its child goes."""
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenNote)
    give_up = service_of(request).outbox.cancel
    if not await asyncio.to_thread(give_up, caller.agency, entry.id, actor=caller.actor, note=given.note):
        raise Refusal(NOT_CANCELLABLE)
    return json_answer(entry_data(await own(request, caller, submission)))


@router.post(
    "/submissions/{submission}/void",
    openapi_extra=body_of(GivenNote),
    responses={
        200: answer(SubmissionShape, "What tells of it now: itself where it never left, else the void behind it."),
        **documented(*REFUSALS, NOT_FOUND, NOTHING_TO_MEND, MOVED_MEANWHILE),
    },
)
async def void(request: Request, caller: MayDecide, submission: str) -> Response:
    """Withdraw a document: what never left is given up; what did is voided by a submission behind it. Twice means once."""
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenNote)
    word = Word(actor=caller.actor, note=given.note)
    try:
        became, id_ = await asyncio.to_thread(service_of(request).corrections.void, caller.agency, entry.id, word)
    except MovedMeanwhile:
        raise Refusal(MOVED_MEANWHILE) from None
    if became is Voided.NOTHING:
        raise Refusal(NOTHING_TO_MEND)
    return json_answer(entry_data(await own(request, caller, id_)))


@router.post(
    "/submissions/{submission}/correct",
    status_code=_TAKEN,
    openapi_extra=BODY,
    responses={
        _TAKEN: answer(TakenShape, "Written down: in the place of what never left, else behind it."),
        **documented(
            *REFUSALS,
            NOT_FOUND,
            NO_IDEMPOTENCY_KEY,
            IDEMPOTENCY_KEY_REUSED,
            DISK_FULL,
            NOT_ONE_ASSESSMENT,
            NOTHING_TO_MEND,
            MOVED_MEANWHILE,
            WORKBOOKS_WAIT,
        ),
    },
)
async def correct(
    request: Request,
    caller: MaySubmit,
    submission: str,
    said: AsSaid,
    idempotency_key: Annotated[str, Header(description="Your own name for this request: it takes effect once.")] = "",
) -> Response:
    """Take a payload with one assessment in the place of this submission's, as the next version of its document."""
    entry = await own(request, caller, submission)
    if not IDEMPOTENCY_KEY.fullmatch(idempotency_key):
        raise Refusal(NO_IDEMPOTENCY_KEY)
    await see_disk(request)
    content = await read_body(request, request.app.state.limits)
    service = service_of(request)
    payload = Payload(content=content, name=f"payload:{service.new_id('pay')}", agency=caller.agency, day=said.day)
    once = Once(endpoint=f"correct {entry.id}", key=idempotency_key, body=said.of(payload))
    try:
        async with request.app.state.workbooks.turn(payload):
            reply = await asyncio.to_thread(_corrected, service, payload, entry.id, said.format, once, caller.actor)
    except NotOneAssessment as fault:
        found = [finding_data(finding) for finding in fault.findings]
        raise Refusal(NOT_ONE_ASSESSMENT.having(findings=found)) from None
    except NothingToCorrect:
        raise Refusal(NOTHING_TO_MEND) from None
    except MovedMeanwhile:
        raise Refusal(MOVED_MEANWHILE) from None
    return Response(
        reply.content,
        reply.status,
        {"Idempotency-Replayed": "true"} if reply.replayed else None,
        "application/json" if reply.status == _TAKEN else MEDIA_TYPE,
    )


def _corrected(
    service: Service, payload: Payload, submission: str, format_: str | None, once: Once, actor: str
) -> Reply:
    """Answer again what was answered before; judge and write down what is new."""
    earlier = service.outbox.answered(payload.agency or "", once)
    return earlier or service.corrections.correct(
        payload, submission, format=format_, request=once, answer=answering(service), actor=actor
    )
