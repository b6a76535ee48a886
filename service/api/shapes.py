"""The shapes of answers, for the OpenAPI document and for the tests that hold every answer against it."""

from __future__ import annotations

from datetime import date
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from canonical.finding import Conformance, HoldCause, Kind, Severity
from canonical.ledger import Fate
from canonical.submission import State, StuckCause
from canonical.verdict import Verdict
from service.expecting import Wait

#: One that the state took.
SUBMISSION: Final[JsonDict] = {
    "id": "sub_4x7mmvq2r3w5ybkd6t2hpzcnae",
    "agency": "riverbend",
    "document_id": "0c5a6a1e-64a7-5b0a-9d0c-2f5f0a8f1c11",
    "state": "accepted",
    "attempts": 1,
    "verdict": "accepted",
    "receipt": "T-000123",
    "holds": [],
    "escalated_at": None,
    "cause": None,
    "owner": None,
    "words": None,
    "mend": None,
    "since": "2026-03-02T14:05:11.482Z",
    "waits_behind": None,
    "deadline": "2026-05-31",
    "corrects": None,
    "programme": "ICC",
    "queue": None,
    "payload": "pay_k3w5ybkd6t2hpzcnae4x7mmvq2",
    "ordinal": 0,
    "received_at": "2026-03-02T14:05:09.120Z",
    "updated_at": "2026-03-02T14:05:11.482Z",
}
#: One of a code that is not in its list.
FINDING: Final[JsonDict] = {
    "rule": "S004",
    "severity": "error",
    "kind": "structure",
    "title": "Code not in the list",
    "message": "The code is not in the item's list.",
    "items": ["LDF_SLEEP"],
    "sources": [
        {
            "file": "payload",
            "line": 88,
            "column": 14,
            "pointer": "/item/2/answer/0",
            "label": "item[2].answer[0]",
        }
    ],
    "fix": "Export one of the codes 0, 1, 2, 3.",
    "edit": None,
    "why": "The state would refuse the document.",
    "desk": {"name": "eCAS IT", "email": None},
    "cites": ["REQ-012"],
    "docs": "docs/rules/S004.md",
    "fingerprint": "3f1f6a9c2b7d4e05",
}


class Shape(BaseModel):
    """An object with exactly these members."""

    model_config = ConfigDict(extra="forbid")


class ProblemShape(BaseModel):
    """An RFC 9457 problem; some carry further members."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    detail: str


class WaitShape(Shape):
    """One thing that is waited for."""

    model_config = ConfigDict(extra="forbid", title="Wait")

    kind: Wait
    cause: str | None = Field(description="The cause of a hold, or why it is stuck.")
    words: str
    until: AwareDatetime | None = Field(description="Null where nobody knows.")


class QueueShape(Shape):
    """Where a submission stands in the queue, as of this answer."""

    model_config = ConfigDict(extra="forbid", title="Queue")

    ahead_in_lane: int = Field(description="Earlier submissions of the same child that go first.")
    ahead: int | None = Field(
        description="At most so many leave before it: all that may leave, as of a second ago. Null where it may not leave."
    )
    waits_for: list[WaitShape]
    expected_at: AwareDatetime | None = Field(
        description="When it leaves if the road stays as it was in the last quarter of an hour; null where nothing says."
    )


class SubmissionShape(Shape):
    """A submission as it stands."""

    model_config = ConfigDict(extra="forbid", title="Submission", json_schema_extra={"example": SUBMISSION})

    id: str
    agency: str
    #: Empty where the payload's assessment had nothing to tell it by.
    document_id: str
    state: State
    attempts: int = Field(description="Sends so far.")
    verdict: Verdict | None = Field(description="The state's word alone.")
    receipt: str | None = Field(description="The state's tracking id.")
    holds: list[HoldCause] = Field(description="What it waits for.")
    escalated_at: AwareDatetime | None = Field(description="When a change of name had waited too long.")
    cause: StuckCause | None = Field(description="Why it is stuck.")
    owner: str | None = Field(description="Who acts: a desk of the package, “own” (the agency) or “operator”.")
    words: str | None = Field(description="Why it waits for somebody.")
    mend: str | None = Field(description="What they do.")
    since: AwareDatetime | None = Field(description="Since when it is in this state.")
    waits_behind: str | None = Field(
        description="The earlier submission of the child that goes first, where one is asked."
    )
    deadline: date | None = Field(description="The day by which it should be with the state.")
    corrects: str | None = Field(description="The submission that this one corrects or voids.")
    programme: str = Field(description="Empty where the assessment names none.")
    queue: QueueShape | None = Field(
        description="Told when it is taken and when it alone is asked for; null else, and where it waits for nothing more."
    )
    payload: str
    ordinal: int = Field(description="Which assessment of the payload, from 0.")
    received_at: AwareDatetime
    updated_at: AwareDatetime


class ShownShape(SubmissionShape):
    """A submission that was asked for by its id."""

    model_config = ConfigDict(extra="forbid", title="ShownSubmission")

    days_left: int | None = Field(
        description="Until the deadline, less than none when it is past; null where it is with the state, or ended."
    )


class SourceShape(Shape):
    """A place in the payload."""

    model_config = ConfigDict(extra="forbid", title="Source")

    file: str
    line: int | None
    column: int | None
    pointer: str | None
    label: str


class DeskShape(Shape):
    """Who can help."""

    model_config = ConfigDict(extra="forbid", title="Desk")

    name: str
    email: str | None


class EditShape(Shape):
    """What to write in the payload instead of what stands there: it holds a value, and only ``/v1/validate`` makes any."""

    model_config = ConfigDict(extra="forbid", title="Edit")

    start: int = Field(description="The first byte to be replaced, counted from the start of the body, from 0.")
    end: int = Field(description="The byte behind the last one.")
    replacement: str = Field(description="The characters to write there, escaped as the format asks.")
    encoding: str = Field(description="How they become bytes.")
    certain: bool = Field(description="False where a person must look first.")


class FindingShape(Shape):
    """What is wrong, where, why, and how to mend it; no value but in an edit."""

    model_config = ConfigDict(extra="forbid", title="Finding", json_schema_extra={"example": FINDING})

    rule: str
    severity: Severity
    kind: Kind
    title: str
    message: str
    items: list[str]
    sources: list[SourceShape]
    fix: str
    edit: EditShape | None
    why: str
    desk: DeskShape | None
    cites: list[str]
    docs: str
    fingerprint: str


class SpecShape(Shape):
    """The specification that judged; null where none could."""

    model_config = ConfigDict(extra="forbid", title="Spec")

    version: str | None
    status: str | None
    digest: str | None


class MappingUsedShape(Shape):
    """A mapping that read the payload."""

    model_config = ConfigDict(extra="forbid", title="MappingUsed")

    name: str
    effective: date | None = Field(description="Its first day; null where it was judged before this was kept.")
    digest: str = Field(description="SHA-256 of its file.")


class UnmappedShape(Shape):
    """A place that no line of the mapping names."""

    model_config = ConfigDict(extra="forbid", title="Unmapped")

    name: str = Field(description="As the mapping declares it, or its position.")
    fields: int


class LedgerShape(Shape):
    """What became of every field of a payload that was read by mapping."""

    model_config = ConfigDict(extra="forbid", title="Ledger")

    file: str
    dialect: str | None = Field(
        description="How the text was cut, in a sentence; null where the format leaves no choice."
    )
    fields: int
    counts: dict[Fate, int] = Field(description="They add up to “fields”.")
    unmapped: list[UnmappedShape]
    unlisted: int = Field(description="Unmapped places beyond those that are listed.")
    defaults: int = Field(description="Answers that no field gave.")


class ReportShape(Shape):
    """Findings and the conformance that follows from them."""

    model_config = ConfigDict(extra="forbid", title="Report")

    ecas_bridge: str
    spec: SpecShape
    checked: int = Field(description="Assessments judged.")
    conformance: Conformance
    not_checked: list[str] = Field(description="Checks left out on purpose.")
    findings: list[FindingShape]
    mappings: list[MappingUsedShape] = Field(description="What read; none where FHIR needed none.")
    ledger: list[LedgerShape] = Field(description="Of what was read just now by mapping; it is not kept.")


class OutcomeShape(Shape):
    """What became of one assessment of a payload."""

    model_config = ConfigDict(extra="forbid", title="Outcome")

    submission: str
    source: str = Field(description="Where the assessment stands in the payload.")
    conformance: Conformance | None
    findings: list[FindingShape] = Field(description="All of its report; the submission's state says what followed.")


class TakenShape(Shape):
    """What was written down of a payload: the payload is the batch, and each of its assessments has its own outcome."""

    model_config = ConfigDict(extra="forbid", title="Taken")

    submissions: list[SubmissionShape] = Field(description="One for each assessment, in the payload's order.")
    outcomes: list[OutcomeShape] = Field(description="One for each assessment, in the same order.")
    findings: list[FindingShape] = Field(description="What concerns the payload as a whole.")


class PageShape(Shape):
    """Submissions, newest first."""

    model_config = ConfigDict(extra="forbid", title="Page")

    submissions: list[SubmissionShape]
    next: str | None = Field(description="Give it as “after” for the next page; null on the last one.")


class EventShape(Shape):
    """One move of a submission."""

    model_config = ConfigDict(extra="forbid", title="Event")

    at: AwareDatetime
    was: State | None
    became: State
    actor: str
    why: str
    note: str | None = Field(description="A person's own words.")


class EventsShape(Shape):
    """All moves, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Events")

    events: list[EventShape]


class AttemptShape(Shape):
    """One send, question or poll, and what came of it."""

    model_config = ConfigDict(extra="forbid", title="Attempt")

    kind: Literal["send", "question", "poll"]
    number: int = Field(description="Counted among its kind; a question since the last send. Polls are not counted.")
    started_at: AwareDatetime
    ended_at: AwareDatetime | None = Field(description="Null where it is under way, or its worker died.")
    outcome: str | None = Field(description="Accepted, Pending, Rejected, TryLater, Unsure …; null like the moment.")
    why: str | None


class AttemptsShape(Shape):
    """All attempts, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Attempts")

    attempts: list[AttemptShape]


class ReceiptsShape(Shape):
    """The state's receipts as they came, oldest first."""

    model_config = ConfigDict(extra="forbid", title="Receipts")

    receipts: list[str]


class HealthShape(Shape):
    """Whether the service can do its work."""

    model_config = ConfigDict(extra="forbid", title="Health")

    status: str


class ReadyShape(HealthShape):
    """Whether submissions are taken, and whether they may leave."""

    model_config = ConfigDict(extra="forbid", title="Ready")

    delivering: bool = Field(description="Whether anything can leave now. What cannot is taken and waits.")
    reason: str | None = Field(description="Why not: quarantine, paused, breaker, window, no_worker, configuration.")


def answer(shape: type[BaseModel], description: str) -> dict[str, Any]:
    """Return the OpenAPI response for this shape; the handlers write JSON themselves, which is twice as fast."""
    return {"model": shape, "description": description}
