"""Hand-offs: what the agency's people enter in the Virtual Gateway, the sheet to enter it from, and their word that it is done."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from service.api.assessor_shapes import GivenNote
from service.api.credentials import MayDecide, MayRead, MayReadRecords, service_of
from service.api.given import body_of, read_given
from service.api.payloads import REFUSALS
from service.api.problems import (
    NO_VALID_KEY,
    NOT_FOUND,
    NOT_HANDED_OFF,
    STORE_UNAVAILABLE,
    WRONG_PARAMETER,
    Refusal,
    documented,
)
from service.api.shapes import Shape, SubmissionShape, answer
from service.api.submissions import entry_data, json_answer, own
from service.outbox.handing_off import Handoff

router = APIRouter(prefix="/v1", tags=["hand-offs"])

#: As the page itself says: a browser fetches nothing for it and runs nothing of it.
_ALONE: Final = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-modals"}
#: What OpenAPI says of it.
_PAGE: Final = {"schema": {"type": "string"}, "example": "<!doctype html><title>Worksheet</title>…"}


class HandoffShape(Shape):
    """What a person is to enter."""

    model_config = ConfigDict(extra="forbid", title="Handoff")

    submission: SubmissionShape
    age_days: int = Field(description="Whole days since it was handed off.")
    programme: str = Field(description="Empty where the assessment names none.")
    due_at: AwareDatetime | None = Field(description="By when it should be with the state.")
    after: list[str] = Field(description="Earlier submissions of the child that have not ended: enter it after them.")
    before: list[str] = Field(description="Later submissions of the child that wait until this one is closed.")


class HandoffsShape(Shape):
    """All that are open, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Handoffs")

    handoffs: list[HandoffShape]


@router.get(
    "/handoffs",
    responses={
        200: answer(HandoffsShape, "Oldest first."),
        **documented(NO_VALID_KEY, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def list_handoffs(
    request: Request, caller: MayRead, limit: Annotated[int, Query(ge=1, le=1000)] = 1000
) -> Response:
    """List what the agency's people have still to enter in the Virtual Gateway, oldest first."""
    service = service_of(request)
    found = await asyncio.to_thread(service.handoffs.open, caller.agency, limit=limit)
    now = service.clock()
    return json_answer({"handoffs": [_handoff_data(handoff, now) for handoff in found]})


@router.get(
    "/submissions/{submission}/worksheet",
    response_class=Response,
    responses={
        200: {"description": "A page that prints by itself.", "content": {"text/html": _PAGE}},
        **documented(NO_VALID_KEY, NOT_FOUND, NOT_HANDED_OFF, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def worksheet(
    request: Request,
    caller: MayReadRecords,
    submission: str,
    *,
    with_key: Annotated[
        bool, Query(description="With the assessor's certification key, which is masked else.")
    ] = False,
) -> Response:
    """Return the sheet from which a person enters a hand-off, in the order of entry; the certification key is masked."""
    entry = await own(request, caller, submission)
    page = await asyncio.to_thread(service_of(request).handoffs.worksheet, caller.agency, entry.id, with_key=with_key)
    if page is None:
        raise Refusal(NOT_HANDED_OFF)
    named = {"Content-Disposition": f'inline; filename="worksheet-{entry.id}.html"'}
    return Response(page, headers={**_ALONE, **named}, media_type="text/html; charset=utf-8")


@router.post(
    "/submissions/{submission}/close",
    openapi_extra=body_of(GivenNote),
    responses={200: answer(SubmissionShape, "It is closed."), **documented(*REFUSALS, NOT_FOUND, NOT_HANDED_OFF)},
)
async def close(request: Request, caller: MayDecide, submission: str) -> Response:
    """Take a person's word that a hand-off was entered; the note (who, when, which confirmation) is kept with its events."""
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenNote)
    word = service_of(request).handoffs.close
    if not await asyncio.to_thread(word, caller.agency, entry.id, actor=caller.actor, note=given.note):
        raise Refusal(NOT_HANDED_OFF)
    return json_answer(entry_data(await own(request, caller, submission)))


def _handoff_data(handoff: Handoff, now: datetime) -> dict[str, Any]:
    return {
        "submission": entry_data(handoff.entry),
        "age_days": (now - handoff.since).days,
        "programme": handoff.entry.programme,
        "due_at": None if handoff.entry.deadline is None else handoff.entry.deadline.isoformat(timespec="milliseconds"),
        "after": handoff.after,
        "before": handoff.before,
    }
