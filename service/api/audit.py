"""An agency's audit trail, for its auditor: in the order of the chain, a page at a time."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, ConfigDict, Field
from pydantic.config import JsonDict
from starlette.requests import Request
from starlette.responses import Response

from service.api.credentials import MayReadAudit, service_of
from service.api.problems import NO_VALID_KEY, STORE_UNAVAILABLE, WRONG_PARAMETER, documented
from service.api.shapes import Shape, answer
from service.api.submissions import json_answer
from service.audit import trail
from service.audit.entry import Entry, Outcome
from service.clock import from_milliseconds
from service.main import Service
from service.outbox.engine import reading

router = APIRouter(prefix="/v1", tags=["audit"])

_ENTRY: Final[JsonDict] = {
    "number": 1207,
    "at": "2026-03-02T14:05:09.120Z",
    "action": "submission.release",
    "outcome": "done",
    "principal": "key_x5t2hpzcnae4x7mmvq2r3w5ybkd6",
    "role": "operator",
    "kind": "submission",
    "about": "sub_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "detail": "held>ready",
    "note": "Spoke with the Access Administrator: the name change is done.",
    "note_digest": "3f1f6a9c2b7d4e05a1c08d5e7b9f6a3c4d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a",
    "request": "req_k3w5ybkd6t2hpzcnae4x7mmvq2",
    "digest": "9a4c1e7d2b8f6a305c1d9e8b7a6f5c4d3e2f1a0b9c8d7e6f5a4b3c2d1e0f9a8b",
}


class AuditEntryShape(Shape):
    """Who did what, when, why, and how it ended."""

    model_config = ConfigDict(extra="forbid", title="AuditEntry", json_schema_extra={"example": _ENTRY})

    number: int = Field(description="Its place in the agency's chain, from 1, without a gap.")
    at: AwareDatetime
    action: str = Field(description="What was done: a word of ours, such as “submission.hold”.")
    outcome: Outcome
    principal: str = Field(description="Who: the id of a key or client, a worker, or a person on the host.")
    role: str
    kind: str = Field(description="What it was done to; empty where it was nothing by itself.")
    about: str = Field(description="Its id.")
    detail: str = Field(description="States and counts.")
    note: str | None = Field(description="A person's own words; null where there were none, or they were erased.")
    note_digest: str = Field(description="What the chain holds of them; empty where there were none.")
    request: str = Field(description="The “Correlation-Id” of the request.")
    digest: str = Field(
        description="Follows from all of this and from the entry before; “ecas audit verify” checks it."
    )


class AuditPageShape(Shape):
    """Entries in their order."""

    model_config = ConfigDict(extra="forbid", title="AuditPage")

    entries: list[AuditEntryShape]
    next: int | None = Field(description="Give it as “after” for the next page; null on the last one.")


@router.get(
    "/audit",
    responses={
        200: answer(AuditPageShape, "The agency's own chain, oldest first; reading it is an entry too."),
        **documented(NO_VALID_KEY, WRONG_PARAMETER, STORE_UNAVAILABLE),
    },
)
async def read_audit(
    request: Request,
    caller: MayReadAudit,
    after: Annotated[int, Query(ge=0, le=2**53, description="The “next” of the page before.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    about: Annotated[
        str,
        Query(description="Only what concerns this id, such as a submission.", pattern=r"^([a-z]{3}_[a-z0-9]{1,64})?$"),
    ] = "",
) -> Response:
    """Read the agency's audit trail: who looked at which submission, what was done to it, what was sent and when."""
    page, notes = await asyncio.to_thread(_page, service_of(request), caller.agency, after, limit + 1, about)
    shown, more = page[:limit], len(page) > limit
    entries = [_as_data(entry, notes.get(entry.number)) for entry in shown]
    return json_answer({"entries": entries, "next": shown[-1].number if more else None})


def _page(
    service: Service, agency: str, after: int, limit: int, about: str
) -> tuple[list[Entry], dict[int, str | None]]:
    with reading(service.engine, agency) as connection:
        page = trail.page(connection, agency, after=after, limit=limit, about=about)
        notes = trail.notes(connection, agency, [entry.number for entry in page if entry.note])
    return page, {one.number: service.audit.note_of(one) for one in notes}


def _as_data(entry: Entry, note: str | None) -> dict[str, Any]:
    data = entry._asdict()
    del data["agency"]
    moment = from_milliseconds(entry.at).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {**data, "at": moment, "note": note, "note_digest": entry.note}
