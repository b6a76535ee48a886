"""A person's word about one submission: let it wait, or let it go on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.api.assessor_shapes import GivenNote
from service.api.credentials import MayDecide, service_of
from service.api.given import body_of, read_given
from service.api.payloads import REFUSALS
from service.api.problems import NOT_FOUND, NOT_HOLDABLE, NOT_RELEASABLE, Problem, Refusal, documented
from service.api.shapes import SubmissionShape, answer
from service.api.submissions import entry_data, json_answer, own
from service.credentials.principal import Principal

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])


@router.post(
    "/{submission}/hold",
    openapi_extra=body_of(GivenNote),
    responses={200: answer(SubmissionShape, "It waits."), **documented(*REFUSALS, NOT_FOUND, NOT_HOLDABLE)},
)
async def hold(request: Request, caller: MayDecide, submission: str) -> Response:
    """Let a submission that has not left wait until a person releases it; the note is kept with its events."""
    return await _said(request, caller, submission, service_of(request).holds.hold, NOT_HOLDABLE)


@router.post(
    "/{submission}/release",
    openapi_extra=body_of(GivenNote),
    responses={
        200: answer(SubmissionShape, "As it stands now."),
        **documented(*REFUSALS, NOT_FOUND, NOT_RELEASABLE),
    },
)
async def release(request: Request, caller: MayDecide, submission: str) -> Response:
    """Take a person's word that a change of name is done, that the desks have verified a key, or that it need not wait.

    It is judged again first, and goes on where nothing else stops it. The note is kept with its events.
    """
    return await _said(request, caller, submission, service_of(request).holds.release, NOT_RELEASABLE)


async def _said(
    request: Request, caller: Principal, submission: str, word: Callable[..., bool], problem: Problem
) -> Response:
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenNote)
    if not await asyncio.to_thread(word, caller.agency, entry.id, actor=caller.actor, note=given.note):
        raise Refusal(problem)
    return json_answer(entry_data(await own(request, caller, submission)))
