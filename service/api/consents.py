"""Consent withdrawn, over HTTP: identifiers travel in the body and never in an address."""

from __future__ import annotations

import asyncio
from typing import Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from service.api.assessor_shapes import GivenNote
from service.api.credentials import Caller, service_of
from service.api.given import body_of, read_given
from service.api.payloads import REFUSALS
from service.api.problems import NOT_FOUND, WRONG_PARAMETER, Refusal, documented
from service.api.replays import ACTOR
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer

router = APIRouter(prefix="/v1", tags=["consents"])


class GivenConsent(GivenNote):
    """Whose consent is withdrawn: the member of a submission, or of an identifier; exactly one of the three."""

    action: Literal["withdraw"]
    submission: str | None = Field(None, pattern=r"^sub_[a-z0-9]{1,64}$")
    member_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="The MassHealth ID.")
    member_local_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="Your own number.")


class DeskToCallShape(Shape):
    """Whom to call about what has left."""

    model_config = ConfigDict(extra="forbid", title="DeskToCall")

    name: str
    email: str | None
    phone: str | None
    say: str


class WithdrawnShape(Shape):
    """A withdrawal, and what it found; each list holds ids of submissions, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Withdrawn")

    id: str
    withdrawn_at: AwareDatetime
    known: bool = Field(description="False where nothing of the child was known; what comes later is still stopped.")
    held: list[str] = Field(description="Stopped now.")
    under_way: list[str] = Field(description="On the wire, in doubt or stuck: it may have arrived.")
    sent: list[str] = Field(description="With the state.")
    desk: DeskToCallShape | None = Field(description="Whom to call about those that left; null where none did.")


@router.post(
    "/consents",
    openapi_extra=body_of(GivenConsent),
    responses={
        200: answer(WithdrawnShape, "It counts from this moment."),
        **documented(*REFUSALS, NOT_FOUND),
    },
)
async def withdraw(request: Request, caller: Caller) -> Response:
    """Withdraw a member's consent: clinical answers that have not left are held, and those that have are named."""
    given = await read_given(request, GivenConsent)
    named = {"MEMBER_ID": given.member_id, "MEMBER_LOCAL_ID": given.member_local_id}
    identifiers = {kind: text.get_secret_value().strip() for kind, text in named.items() if text is not None}
    if len(identifiers) + (given.submission is not None) != 1 or not all(identifiers.values() or ["one"]):
        names = ("member_id", "member_local_id", "submission")
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": name} for name in names]))
    done = await asyncio.to_thread(
        service_of(request).consents.withdraw,
        caller.id,
        identifiers,
        actor=ACTOR,
        note=given.note,
        of=given.submission,
    )
    if done is None:
        raise Refusal(NOT_FOUND)
    return json_answer(done.as_data())
