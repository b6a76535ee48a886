"""Replays over HTTP: what waits goes again, looked at first, then done at a pace that can be stopped."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from pydantic import AwareDatetime, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from canonical.finding import HoldCause
from canonical.submission import State, StuckCause
from service.api.assessor_shapes import Given, Text
from service.api.credentials import MayDecide, MayRead, service_of
from service.api.given import body_of, read_given
from service.api.payloads import REFUSALS
from service.api.problems import (
    NO_VALID_KEY,
    NOT_FOUND,
    NOT_RESOLVABLE,
    NOT_STEERABLE,
    STORE_UNAVAILABLE,
    WRONG_PARAMETER,
    Refusal,
    documented,
)
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer, own
from service.clock import to_milliseconds
from service.credentials.principal import Principal
from service.main import Service
from service.outbox.prospects import How
from service.outbox.replaying import Progress, Replay
from service.outbox.resolving import Word
from service.outbox.selecting import Selection
from service.programmes import asked_for
from service.replays import PER_MINUTE, replay_data
from specs.catalog import Catalog

router = APIRouter(prefix="/v1", tags=["replays"])

_ID: Final = re.compile(r"rep_[a-z0-9]{1,64}")
_ASKING: Final = documented(NO_VALID_KEY, NOT_FOUND, STORE_UNAVAILABLE)
_STEERING: Final = documented(NO_VALID_KEY, NOT_FOUND, NOT_STEERABLE, STORE_UNAVAILABLE)
_Submission = Annotated[str, Field(pattern=r"^sub_[a-z0-9]{1,64}$")]


class GivenSelection(Given):
    """Which of the agency's waiting submissions; what is left out narrows nothing."""

    states: list[Literal[State.STUCK, State.HELD, State.REJECTED, State.BLOCKED]] = Field([])
    causes: list[StuckCause | HoldCause] = Field([], description="Stuck or held for one of these.")
    programme: Text | None = None
    received_from: AwareDatetime | None = None
    received_before: AwareDatetime | None = None
    ids: list[_Submission] = Field([], max_length=1000)

    def of(self, agency: str, catalog: Catalog) -> Selection:
        """Return the filter for this agency."""
        return Selection(
            agency=agency,
            states=tuple(self.states),
            causes=tuple(self.causes),
            programme=asked_for(catalog, self.programme),
            received_from=_milliseconds(self.received_from),
            received_before=_milliseconds(self.received_before),
            ids=tuple(self.ids),
        )


class GivenWord(Given):
    """A person's word, and what they know."""

    note: str = Field("", max_length=1000, description="Why, and on whose word. Without one nothing is done.")
    not_arrived: bool = Field(False, description="You know that the state lacks what may have arrived.")  # noqa: FBT003
    even_if_overtaken: bool = Field(False, description="Also what later ones of the child have overtaken.")  # noqa: FBT003

    def word(self, actor: str) -> Word:
        """Return it as the history keeps it.

        Raises:
            Refusal: nothing is done without a note.
        """
        if not self.note.strip():
            raise Refusal(WRONG_PARAMETER.having(fields=[{"in": "body", "name": "note"}]))
        return self.unspoken(actor)

    def unspoken(self, actor: str) -> Word:
        """Return it for a look at what would be done."""
        return Word(
            actor=actor,
            note=self.note,
            not_arrived=self.not_arrived,
            even_if_overtaken=self.even_if_overtaken,
        )


class GivenReplay(GivenSelection, GivenWord):
    """A replay to look at, or to begin."""

    how: How = How.SEND
    per_minute: int = Field(PER_MINUTE, ge=1, le=6000)
    run: bool = Field(False, description="False shows what would be done, true begins it.")  # noqa: FBT003


class GivenOne(GivenWord):
    """How one submission is to go again."""

    how: How = How.SEND


class StaysShape(Shape):
    """What is left as it is, for one reason."""

    model_config = ConfigDict(extra="forbid", title="Stays")

    count: int
    ids: list[str] = Field(description="The first of them.")


class PreviewShape(Shape):
    """What a filter chooses, and what would become of it."""

    model_config = ConfigDict(extra="forbid", title="Preview")

    count: int
    by_state: dict[str, int]
    by_cause: dict[str, int]
    oldest: AwareDatetime | None = Field(description="When the oldest was received.")
    goes: dict[str, int] = Field(description="asked, sent, sent_afresh, judged, anew, ended.")
    stays: dict[str, StaysShape] = Field(description="By reason.")


class ReplayShape(Shape):
    """A replay as it stands."""

    model_config = ConfigDict(extra="forbid", title="Replay")

    id: str
    agency: str | None
    state: Progress
    how: How
    filter: dict[str, Any]
    per_minute: int
    created_at: AwareDatetime
    actor: str
    note: str | None
    total: int
    left: int = Field(description="Still to go.")
    became: dict[str, int] = Field(description="What became of those that are done.")


class OrderedShape(Shape):
    """What was looked at, and what was begun."""

    model_config = ConfigDict(extra="forbid", title="Ordered")

    preview: PreviewShape
    replay: ReplayShape | None = Field(description="Null where nothing was begun.")


class ReplaysShape(Shape):
    """The agency's replays, newest first."""

    model_config = ConfigDict(extra="forbid", title="Replays")

    replays: list[ReplayShape]


@router.post(
    "/replays",
    openapi_extra=body_of(GivenReplay),
    responses={200: answer(OrderedShape, "Looked at, or begun."), **documented(*REFUSALS)},
)
async def order(request: Request, caller: MayDecide) -> Response:
    """Show what a replay would do, or with “run” begin it; the worker does it at its pace, and it can be stopped."""
    given = await read_given(request, GivenReplay)
    replays = service_of(request).replays
    selection = given.of(caller.agency, service_of(request).catalog)
    if not given.run:
        preview = await asyncio.to_thread(replays.preview, selection, given.how, given.unspoken(caller.actor))
        return json_answer({"preview": preview.as_data(), "replay": None})
    preview, begun = await asyncio.to_thread(
        replays.begin, selection, given.how, given.word(caller.actor), per_minute=given.per_minute
    )
    return json_answer({"preview": preview.as_data(), "replay": None if begun is None else replay_data(begun)})


@router.get("/replays", responses={200: answer(ReplaysShape, "Newest first."), **_ASKING})
async def list_replays(request: Request, caller: MayRead) -> Response:
    """List the agency's replays."""
    found = await asyncio.to_thread(service_of(request).outbox.replays, agency=caller.agency)
    return json_answer({"replays": [replay_data(replay) for replay in found]})


@router.get("/replays/{replay}", responses={200: answer(ReplayShape, "As it stands."), **_ASKING})
async def show(request: Request, caller: MayRead, replay: str) -> Response:
    """Show how far a replay has come."""
    return json_answer(replay_data(await _own(request, caller, replay)))


@router.post("/replays/{replay}/pause", responses={200: answer(ReplayShape, "It stands still."), **_ASKING})
async def pause(request: Request, caller: MayDecide, replay: str) -> Response:
    """Let a replay stand still until it is resumed."""
    return await _steered(request, caller, replay, Progress.PAUSED)


@router.post("/replays/{replay}/resume", responses={200: answer(ReplayShape, "It goes on."), **_ASKING})
async def resume(request: Request, caller: MayDecide, replay: str) -> Response:
    """Let a paused replay go on."""
    return await _steered(request, caller, replay, Progress.RUNNING)


@router.post("/replays/{replay}/cancel", responses={200: answer(ReplayShape, "It is over."), **_ASKING})
async def cancel(request: Request, caller: MayDecide, replay: str) -> Response:
    """End a replay; what it has done stays done."""
    return await _steered(request, caller, replay, Progress.CANCELLED)


@router.post(
    "/submissions/{submission}/replay",
    openapi_extra=body_of(GivenOne),
    responses={
        200: answer(ReplayShape, "The worker does it next."),
        **documented(*REFUSALS, NOT_FOUND, NOT_RESOLVABLE),
    },
)
async def replay_one(request: Request, caller: MayDecide, submission: str) -> Response:
    """Let one submission go again."""
    entry = await own(request, caller, submission)
    given = await read_given(request, GivenOne)
    selection = Selection(agency=caller.agency, ids=(entry.id,))
    replays = service_of(request).replays
    preview, begun = await asyncio.to_thread(
        replays.begin, selection, given.how, given.word(caller.actor), per_minute=PER_MINUTE
    )
    if begun is None:
        raise Refusal(NOT_RESOLVABLE.having(left=next(iter(preview.stays), "moved")))
    return json_answer(replay_data(begun))


async def _steered(request: Request, caller: Principal, replay: str, then: Progress) -> Response:
    found = await _own(request, caller, replay)
    service: Service = service_of(request)
    if not await asyncio.to_thread(service.outbox.steer, found.id, then, agency=caller.agency):
        raise Refusal(NOT_STEERABLE)
    return json_answer(replay_data(await _own(request, caller, replay)))


async def _own(request: Request, caller: Principal, replay: str) -> Replay:
    found = None
    if _ID.fullmatch(replay):
        found = await asyncio.to_thread(service_of(request).outbox.replay, replay, agency=caller.agency)
    if found is None:
        raise Refusal(NOT_FOUND)
    return found


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else to_milliseconds(moment)
