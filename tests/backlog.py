"""A long queue, written at once: what ``Outbox.put`` would have written one by one (tests/service/outage holds them together)."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, insert, select

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import JudgedBy, Report
from canonical.submission import State
from service.clock import to_milliseconds
from service.deadlines import too_late_at
from service.identifiers import new_id
from service.outbox import records
from service.outbox import schema as t
from service.outbox.engine import writing
from service.outbox.lanes import NEVER
from service.tenants.tenant import EVERY
from service.vault import Vault

#: Rows that are written in one transaction.
BATCH = 5_000
JUDGED = Report(
    findings=(),
    judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test"),
)
CONFORMS = "It conforms and may leave."


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One submission that waits."""

    agency: str
    #: Of the agency, from 0: what comes first of a child leaves first.
    child: int
    assessment: Assessment
    next_due: date | None = None


def works(
    template: Assessment, agencies: Iterable[str], *, children: int, each: int, first_due: date = date(2026, 11, 1)
) -> Iterator[Work]:
    """Return ``each`` assessments of each of so many children of each agency, all like the template.

    Deadlines are spread over a year from the first one on.
    """
    place = Source(file="payload:backlog", label="row 2")
    own = {item: Answer(text=answer.text, source=place) for item, answer in template.answers.items()}
    own.pop("MEMBER_LOCAL_ID", None)
    named = list(enumerate(agencies))
    for turn, child, (number, agency) in itertools.product(range(each), range(children), named):
        texts = {"DOCUMENT_ID": f"{agency}-{child}-{turn}", "MEMBER_ID": f"1{number:03}{child:08}"}
        answers = own | {item: Answer(text=text, source=place) for item, text in texts.items()}
        assessment = replace(template, agency=agency, origin=place, answers=answers)
        due = first_due + timedelta(days=(child * 7 + turn * 90) % 365)
        yield Work(agency=agency, child=child, assessment=assessment, next_due=due)


def queue(engine: Engine, vault: Vault, work: Iterable[Work], *, destination: str, at: int) -> int:
    """Write the work down as ready since ``at``, and return how much it was; agencies that are not there are made."""
    lanes: dict[tuple[str, int], tuple[int, int]] = {}
    written = 0
    rest = iter(work)
    while batch := list(itertools.islice(rest, BATCH)):
        with writing(engine, EVERY) as connection:
            _agencies(connection, vault, {one.agency for one in batch}, at)
        with writing(engine, EVERY) as connection:  # the keys of agencies are read by another connection
            _lanes(connection, vault, batch, lanes, destination=destination, at=at)
            payload = new_id("pay")
            _payloads(connection, vault, payload, {one.agency for one in batch}, at)
            rows = [_submission(vault, payload, n, one, lanes, at) for n, one in enumerate(batch)]
            connection.execute(insert(t.submission), rows)
            connection.execute(insert(t.event), [event for row in rows for event in _events(row, at)])
        written += len(batch)
    return written


def _agencies(connection: Connection, vault: Vault, agencies: set[str], at: int) -> None:
    known = set(connection.scalars(select(t.agency.c.id)))
    if new := sorted(agencies - known):
        connection.execute(insert(t.agency), [{"id": agency, "created_at": at} for agency in new])
        for agency in new:
            vault.admit(connection, agency)


def _lanes(
    connection: Connection,
    vault: Vault,
    batch: list[Work],
    lanes: dict[tuple[str, int], tuple[int, int]],
    *,
    destination: str,
    at: int,
) -> None:
    """Make the children who are new, each with a lane that is due; remember the lane and the child's first deadline."""
    new = {(one.agency, one.child): one for one in reversed(batch) if (one.agency, one.child) not in lanes}
    if not new:
        return
    ids = {key: new_id("chi") for key in new}
    due = {
        key: NEVER if one.next_due is None else to_milliseconds(too_late_at(one.next_due)) for key, one in new.items()
    }
    connection.execute(
        insert(t.child),
        [
            {
                "id": ids[key],
                "agency": one.agency,
                "born_digest": vault.digest("born", one.agency, one.assessment.text("MEMBER_DOB") or ""),
                "next_due_at": due[key],
            }
            for key, one in new.items()
        ],
    )
    connection.execute(
        insert(t.child_identifier),
        [
            {
                "agency": one.agency,
                "kind": "MEMBER_ID",
                "digest": vault.digest("child", one.agency, "MEMBER_ID", one.assessment.text("MEMBER_ID") or ""),
                "child": ids[key],
            }
            for key, one in new.items()
        ],
    )
    connection.execute(
        insert(t.lane),
        [
            {"destination": destination, "agency": key[0], "child": ids[key], "due_at": at, "deadline_at": due[key]}
            for key in new
        ],
    )
    made = {row.child: row.id for row in connection.execute(select(t.lane.c.child, t.lane.c.id))}
    lanes.update({key: (made[ids[key]], due[key]) for key in new})


def _payloads(connection: Connection, vault: Vault, payload: str, agencies: set[str], at: int) -> None:
    rows = []
    for agency in agencies:
        id_ = f"{payload}_{agency}"
        keys = vault.new_key(agency, id_)
        sealed = vault.seal(b"{}", "payload", agency, id_, key=keys["data_key"])
        rows.append({"id": id_, "agency": agency, "format": "fhir", "received_at": at, "sealed": sealed, **keys})
    connection.execute(insert(t.payload), rows)


def _submission(
    vault: Vault, payload: str, ordinal: int, one: Work, lanes: dict[tuple[str, int], tuple[int, int]], at: int
) -> dict[str, Any]:
    id_, agency, assessment = new_id("sub"), one.agency, one.assessment
    lane, deadline = lanes[agency, one.child]
    document = assessment.text("DOCUMENT_ID") or ""
    identity = (assessment.text(item) or "" for item in ("DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE"))
    answers = (f"{item}={answer.text}" for item, answer in sorted(assessment.answers.items()))
    keys = vault.new_key(agency, id_)
    key = keys["data_key"]
    return {
        "id": id_,
        "agency": agency,
        "payload": f"{payload}_{agency}",
        "ordinal": ordinal,
        "lane": lane,
        "state": State.READY,
        "holds": "",
        "sealed_document_id": vault.seal(document.encode(), "document", agency, id_, key=key),
        "document_digest": vault.digest("document", agency, *identity),
        "content_digest": vault.digest("content", *answers),
        "spec": JUDGED.judged_by.spec if JUDGED.judged_by else None,
        "idempotency_key": new_id("idem"),
        "received_at": at,
        "updated_at": at,
        "since": at,
        "programme": assessment.text("SERVICE") or "",
        "deadline_at": None if deadline == NEVER else deadline,
        "sealed_assessment": vault.seal(records.write_assessment(assessment), "assessment", agency, id_, key=key),
        "sealed_report": vault.seal(records.write_report(JUDGED), "report", agency, id_, key=key),
        **keys,
    }


def _events(row: Mapping[str, Any], at: int) -> list[dict[str, Any]]:
    told = ((None, State.RECEIVED, "The payload was written down."), (State.RECEIVED, State.READY, CONFORMS))
    return [
        {
            "agency": row["agency"],
            "submission": row["id"],
            "at": at,
            "was": was,
            "became": became,
            "actor": "intake",
            "why": why,
        }
        for was, became, why in told
    ]
