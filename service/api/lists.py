"""The agency's submissions, page by page, narrowed by what is asked for; a record's own text is asked for in a body."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, Field, SecretStr
from starlette.requests import Request
from starlette.responses import Response

from canonical.finding import HoldCause
from canonical.submission import State, StuckCause
from service.api.assessor_shapes import Given, Text
from service.api.credentials import MayRead, service_of
from service.api.given import body_of, read_given
from service.api.intake_problems import UNKNOWN_CURSOR
from service.api.payloads import REFUSALS
from service.api.problems import NO_VALID_KEY, STORE_UNAVAILABLE, WRONG_PARAMETER, Refusal, documented
from service.api.shapes import PageShape, answer
from service.api.submissions import ID, in_their_lanes, json_answer
from service.main import Service
from service.outbox.wanted import Wanted
from service.programmes import asked_for
from specs.catalog import Catalog

router = APIRouter(prefix="/v1/submissions", tags=["submissions"])

_MOST: Final = 1000
_USUAL: Final = 100
_AFTER: Final = f"^{ID.pattern}$"
_PAGE: Final = answer(PageShape, "The agency's own.")
_ONE_DAY_EARLIER: Final = "Those that should be with the state on a day before this one."
#: A programme as an address may hold it: a code, and no text of a record.
_CODE: Final = r"^[A-Za-z0-9_-]{1,32}$"


class GivenSearch(Given):
    """Which submissions are wanted; what is left out narrows nothing."""

    states: list[State] = Field([], max_length=len(State), description="Those that stand in one of these.")
    causes: list[StuckCause | HoldCause] = Field([], max_length=100, description="Stuck or held for one of these.")
    programme: Text | None = Field(None, description="As the assessment names it; empty for those that name none.")
    received_from: AwareDatetime | None = None
    received_before: AwareDatetime | None = None
    document_id: SecretStr | None = Field(
        None, min_length=1, max_length=200, description="To the letter, of whatever type, in a version up to 99."
    )
    deadline_before: date | None = Field(None, description=_ONE_DAY_EARLIER)
    after: str | None = Field(None, pattern=_AFTER, description="The “next” of the page before.")
    limit: int = Field(_USUAL, ge=1, le=_MOST)

    def wanted(self, catalog: Catalog) -> Wanted:
        """Return it as the outbox takes it."""
        return Wanted(
            states=tuple(self.states),
            causes=tuple(self.causes),
            programme=asked_for(catalog, self.programme),
            received_from=self.received_from,
            received_before=self.received_before,
            document_id=None if self.document_id is None else self.document_id.get_secret_value(),
            deadline_before=self.deadline_before,
        )


@router.get(
    "",
    responses={200: _PAGE, **documented(NO_VALID_KEY, UNKNOWN_CURSOR, WRONG_PARAMETER, STORE_UNAVAILABLE)},
)
async def list_submissions(
    request: Request,
    caller: MayRead,
    state: Annotated[State | None, Query(description="Only those that stand here.")] = None,
    cause: Annotated[StuckCause | HoldCause | None, Query(description="Only those stuck or held for this.")] = None,
    programme: Annotated[str | None, Query(description="Only those of this programme.", pattern=_CODE)] = None,
    received_from: Annotated[AwareDatetime | None, Query(description="Received at this moment or later.")] = None,
    received_before: Annotated[AwareDatetime | None, Query(description="Received before this moment.")] = None,
    deadline_before: Annotated[date | None, Query(description=_ONE_DAY_EARLIER)] = None,
    after: Annotated[str | None, Query(description="The “next” of the page before.", pattern=_AFTER)] = None,
    limit: Annotated[int, Query(ge=1, le=_MOST)] = _USUAL,
) -> Response:
    """List the agency's submissions, newest first."""
    wanted = Wanted(
        states=() if state is None else (state,),
        causes=() if cause is None else (cause,),
        programme=asked_for(service_of(request).catalog, programme),
        received_from=received_from,
        received_before=received_before,
        deadline_before=deadline_before,
    )
    return json_answer(await asyncio.to_thread(_page, service_of(request), caller.agency, wanted, after, limit))


@router.post(
    "/search",
    openapi_extra=body_of(GivenSearch),
    responses={200: _PAGE, **documented(*REFUSALS, UNKNOWN_CURSOR)},
)
async def search(request: Request, caller: MayRead) -> Response:
    """List the agency's submissions, newest first, by more than an address may hold: a document id travels in the body."""
    given = await read_given(request, GivenSearch)
    service = service_of(request)
    wanted = given.wanted(service.catalog)
    page = await asyncio.to_thread(_page, service, caller.agency, wanted, given.after, given.limit)
    return json_answer(page)


def _page(service: Service, agency: str, wanted: Wanted, after: str | None, limit: int) -> dict[str, Any]:
    if after is not None and service.outbox.entry(agency, after) is None:
        raise Refusal(UNKNOWN_CURSOR)
    entries = service.outbox.entries(agency, after=after, limit=limit + 1, state=None, wanted=wanted)
    page = entries[:limit]
    more = len(entries) > limit
    return {"submissions": in_their_lanes(service, page), "next": page[-1].id if more else None}
