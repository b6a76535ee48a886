"""Submissions that wait, put there as a worker or a judge would: for tests of what a person may do about them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import timedelta

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import HoldCause, JudgedBy, Report
from canonical.outcome import Receipt
from canonical.payload import Payload
from canonical.submission import State, StuckCause
from canonical.verdict import Verdict
from service.outbox.outbox import Claim, Draft, Entry, Settlement
from service.outbox.sql_outbox import SqlOutbox

AGENCY = "riverbend"
LEASE = timedelta(seconds=60)
JUDGED = Report(
    findings=(),
    judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test"),
)
_numbers = itertools.count(1)


def draft(
    document: str,
    child: str = "100000000001",
    state: State = State.READY,
    holds: tuple[HoldCause, ...] = (HoldCause.UNKNOWN_KEY,),
    **answers: str,
) -> Draft:
    place = Source(file="payload:p", label="row 2")
    texts = {
        "DOCUMENT_ID": document,
        "DOCUMENT_VERSION": "1",
        "SUBMISSION_TYPE": "new",
        "MEMBER_ID": child,
        "CONSENT": "given",
        "CONSENT_DATE": "2026-03-02",
        "LDF_SLEEP": "1",
        **answers,
    }
    return Draft(
        assessment=Assessment(
            agency=AGENCY,
            origin=place,
            answers={item: Answer(text=text, source=place) for item, text in texts.items()},
        ),
        report=JUDGED,
        state=state,
        holds=holds if state is State.HELD else (),
        why="It conforms and may leave.",
    )


def put(outbox: SqlOutbox, *drafts: Draft, agency: str = AGENCY) -> list[str]:
    """Write drafts down and return the submissions' ids."""
    ids: list[str] = []

    def answer(entries: Sequence[Entry]) -> tuple[int, bytes]:
        ids.extend(entry.id for entry in entries)
        return 202, b"taken"

    payload = Payload(content=b"{}", name=f"payload:pay_{next(_numbers)}", agency=agency)
    outbox.put(payload, "fhir", drafts, request=None, answer=answer)
    return ids


def claim(outbox: SqlOutbox, limit: int = 10) -> list[Claim]:
    return outbox.claim("ecas", "one", limit=limit, lease=LEASE)


def entry(outbox: SqlOutbox, id_: str, agency: str = AGENCY) -> Entry:
    found = outbox.entry(agency, id_)
    assert found is not None
    return found


def state(outbox: SqlOutbox, id_: str) -> State:
    return entry(outbox, id_).state


def settle(outbox: SqlOutbox, taken: Claim, then: State, *, outcome: str = "", cause: StuckCause | None = None) -> None:
    """Record what came of a claim."""
    verdict = {State.ACCEPTED: Verdict.ACCEPTED, State.REJECTED: Verdict.REJECTED, State.PENDING: Verdict.PENDING}
    receipt = None
    if then in verdict:
        receipt = Receipt(tracking_id="trk_1", verdict=verdict[then], document_id="d", digest="sha-256:00")
    outbox.settle(
        taken,
        Settlement(state=then, outcome=outcome or then.value.title(), why="So it was.", receipt=receipt, cause=cause),
    )


def sent(outbox: SqlOutbox, document: str, then: State, cause: StuckCause | None = None, **given: str) -> str:
    """Put one submission, send it, and let it end so."""
    (id_,) = put(outbox, draft(document, **given))
    (taken,) = [one for one in claim(outbox) if one.submission == id_]
    doubt = cause in (StuckCause.NO_WAY_TO_ASK, StuckCause.GAVE_UP_ASKING, StuckCause.UNFIT)
    settle(outbox, taken, then, outcome="Unsure" if doubt else "TryLater" if cause else "", cause=cause)
    return id_
