"""Consent withdrawn, and given in its scope, over HTTP: identifiers travel in the body and never in an address."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, ConfigDict, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from service.api.assessor_shapes import GivenNote, seen
from service.api.credentials import MayRead, MaySubmit, service_of
from service.api.given import body_of, read_given
from service.api.intake_problems import UNKNOWN_CURSOR
from service.api.payloads import REFUSALS
from service.api.problems import NO_VALID_KEY, NOT_FOUND, STORE_UNAVAILABLE, WRONG_PARAMETER, Refusal, documented
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer
from service.outbox.scopes import Scope

router = APIRouter(prefix="/v1", tags=["consents"])


class GivenConsent(GivenNote):
    """Whose consent is withdrawn: the member of a submission, or of an identifier; exactly one of the three."""

    action: Literal["withdraw"]
    submission: str | None = Field(None, pattern=r"^sub_[a-z0-9]{1,64}$")
    member_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="The MassHealth ID.")
    member_local_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="Your own number.")


class GivenScope(GivenNote):
    """What a member has consented to, for records that 42 CFR Part 2 protects; the member is named by one of the three."""

    submission: str | None = Field(None, pattern=r"^sub_[a-z0-9]{1,64}$")
    member_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="The MassHealth ID.")
    member_local_id: SecretStr | None = Field(None, min_length=1, max_length=64, description="Your own number.")
    purpose: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(seen)] = Field(
        description="For what, in the words of the consent; it goes to the state with the record."
    )
    recipient: str = Field(
        pattern=r"^[a-z][a-z0-9_-]{0,63}$",
        description="To whom; only a consent for “ecas” lets a record leave for eCAS.",
    )
    given_on: date
    expires_on: date | None = Field(None, description="The last day on which it holds; null until it is revoked.")


class ScopeShape(Shape):
    """A scope, as it was written down."""

    model_config = ConfigDict(extra="forbid", title="Scope")

    id: str
    released: int = Field(description="Submissions of the agency that waited and go on now.")


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


class WithdrawalShape(Shape):
    """A withdrawal as it was written down; whose it is stands nowhere but with the child's submissions."""

    model_config = ConfigDict(extra="forbid", title="Withdrawal")

    id: str
    withdrawn_at: AwareDatetime
    actor: str
    note: str | None


class WithdrawalsShape(Shape):
    """The agency's withdrawals, newest first."""

    model_config = ConfigDict(extra="forbid", title="Withdrawals")

    consents: list[WithdrawalShape]
    next: str | None = Field(description="Give it as “after” for the next page; null on the last one.")


@router.get(
    "/consents",
    responses={
        200: answer(WithdrawalsShape, "The agency's own."),
        **documented(NO_VALID_KEY, UNKNOWN_CURSOR, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def list_withdrawals(
    request: Request,
    caller: MayRead,
    after: Annotated[
        str | None, Query(description="The “next” of the page before.", pattern=r"^wdr_[a-z0-9]{1,64}$")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List the consents that were withdrawn, newest first."""
    ask = service_of(request).outbox.withdrawn_consents
    found = await asyncio.to_thread(ask, caller.agency, after=after, limit=limit + 1)
    if found is None:
        raise Refusal(UNKNOWN_CURSOR)
    page = found[:limit]
    told = [
        {
            "id": one.id,
            "withdrawn_at": one.at.isoformat(timespec="milliseconds"),
            "actor": one.actor,
            "note": one.note or None,
        }
        for one in page
    ]
    return json_answer({"consents": told, "next": page[-1].id if len(found) > limit else None})


@router.post(
    "/consents",
    openapi_extra=body_of(GivenConsent),
    responses={
        200: answer(WithdrawnShape, "It counts from this moment."),
        **documented(*REFUSALS, NOT_FOUND),
    },
)
async def withdraw(request: Request, caller: MaySubmit) -> Response:
    """Withdraw a member's consent: clinical answers that have not left are held, and those that have are named."""
    given = await read_given(request, GivenConsent)
    identifiers = _named(given)
    done = await asyncio.to_thread(
        service_of(request).consents.withdraw,
        caller.agency,
        identifiers,
        actor=caller.actor,
        note=given.note,
        of=given.submission,
    )
    if done is None:
        raise Refusal(NOT_FOUND)
    return json_answer(done.as_data())


@router.post(
    "/consents/scopes",
    openapi_extra=body_of(GivenScope),
    responses={
        200: answer(ScopeShape, "It counts from this moment; what waited for it is judged again."),
        **documented(*REFUSALS, NOT_FOUND),
    },
)
async def give_scope(request: Request, caller: MaySubmit) -> Response:
    """Write down what a member has consented to: without it no record that 42 CFR Part 2 protects leaves."""
    given = await read_given(request, GivenScope)
    if given.expires_on is not None and given.expires_on < given.given_on:
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "expires_on"}]))
    scope = Scope(
        purpose=given.purpose, recipient=given.recipient, given_on=given.given_on, expires_on=given.expires_on
    )
    allow = partial(service_of(request).consents.allow, caller.agency, _named(given), scope)
    done = await asyncio.to_thread(allow, actor=caller.actor, note=given.note, of=given.submission)
    if done is None:
        raise Refusal(NOT_FOUND)
    return json_answer({"id": done[0], "released": done[1]})


def _named(given: GivenConsent | GivenScope) -> dict[str, str]:
    """Return the identifier that names the member, or none where a submission does; exactly one of the three must."""
    named = {"MEMBER_ID": given.member_id, "MEMBER_LOCAL_ID": given.member_local_id}
    identifiers = {kind: text.get_secret_value().strip() for kind, text in named.items() if text is not None}
    if len(identifiers) + (given.submission is not None) != 1 or not all(identifiers.values() or ["one"]):
        names = ("member_id", "member_local_id", "submission")
        raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": name} for name in names]))
    return identifiers
