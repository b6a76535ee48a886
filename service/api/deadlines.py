"""Deadlines: what an agency has that is overdue, will be late, or is held up, before the day comes."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from canonical.submission import State
from service.api.credentials import MayRead, service_of
from service.api.problems import NO_VALID_KEY, STORE_UNAVAILABLE, WRONG_PARAMETER, documented
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer
from service.outlook import DAYS, QUICK, Deadlines, Fate, Outlook

router = APIRouter(prefix="/v1", tags=["deadlines"])


class FatesShape(Shape):
    """How many of each fate."""

    model_config = ConfigDict(extra="forbid", title="Fates")

    overdue: int = Field(description="The day is past, and the state does not have it.")
    will_be_missed: int = Field(description="As things are, its turn comes too late, or never.")
    held_up: int = Field(description="Somebody must act before it can leave at all, so nothing is foretold.")
    in_time: int


class AgencyFatesShape(FatesShape):
    """How many of each fate an agency has."""

    model_config = ConfigDict(extra="forbid", title="AgencyFates")

    agency: str


class DeadlineShape(Shape):
    """One submission that should be with the state and is not."""

    model_config = ConfigDict(extra="forbid", title="Deadline")

    id: str
    agency: str
    programme: str = Field(description="Empty where the assessment names none.")
    state: State
    deadline: date
    days_left: int = Field(description="None on the day itself, less than none when it is past.")
    fate: Fate
    leaves_at: AwareDatetime | None = Field(description="When its turn comes, where that is too late and can be told.")
    held_up_by: str | None = Field(description="A cause of a hold or of being stuck, a state, or “paused”.")
    behind: str | None = Field(description="The earlier submission of the child that holds it up.")
    owner: str | None = Field(description="Who acts: a desk of the package, “own” (the agency) or “operator”.")
    mend: str | None = Field(description="What they do.")


class DeadlinesShape(Shape):
    """The worst first, then by deadline."""

    model_config = ConfigDict(extra="forbid", title="Deadlines")

    on: date = Field(description="Today, by the state's clock.")
    days: int
    closed_by: Literal["quarantine", "paused", "breaker", "window"] | None = Field(
        description="Why nothing leaves for anybody just now."
    )
    at_least: bool = Field(description="True where the queue was too long to look at all of it.")
    counts: FatesShape
    agencies: list[AgencyFatesShape]
    submissions: list[DeadlineShape]
    more: int = Field(description="So many more were left out of the list; the counts hold them.")


@router.get(
    "/deadlines",
    responses={
        200: answer(DeadlinesShape, "The agency's own."),
        **documented(NO_VALID_KEY, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def list_deadlines(
    request: Request,
    caller: MayRead,
    days: Annotated[int, Query(ge=0, le=3660, description="How far to look.")] = DAYS,
    limit: Annotated[int, Query(ge=1, le=1000, description="So many submissions at most.")] = 200,
) -> Response:
    """Tell which of the agency's assessments are overdue or due soon, and what becomes of them if nobody does anything."""
    found = await asyncio.to_thread(_look, service_of(request).outlook, caller.agency, days)
    return json_answer(found.as_data(limit))


def _look(outlook: Outlook, agency: str, days: int) -> Deadlines:
    return outlook.deadlines(agency, days=days, limit=QUICK)
