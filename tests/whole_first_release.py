"""A whole database of the first release: its schema, and a submission in every state with all that belongs to it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from draft import of_2026, response
from office import ROSTER
from sqlalchemy import column, insert, table
from vaults import MASTER

from adapters import registry
from canonical.assessment import Assessment
from canonical.finding import JudgedBy, Report
from canonical.outcome import Receipt
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from service.outbox import migrate, records
from service.outbox.engine import open_engine, rebuilding
from service.vault import Vault

SCHEMA = "0001"
AGENCY = "riverbend"
#: When all of it came, in milliseconds: before every clock of a test.
CAME = 1_790_000_000_000
#: Those that hold a receipt, by the state's word.
_VERDICTS = {
    State.ACCEPTED: Verdict.ACCEPTED,
    State.REJECTED: Verdict.REJECTED,
    State.PENDING: Verdict.PENDING,
    State.SUSPENDED: Verdict.SUSPENDED,
}
_SENT = {*_VERDICTS, State.SENDING, State.IN_DOUBT, State.STUCK}
_NEVER_IN_A_LANE = {State.BLOCKED}


def key_file(folder: Path) -> None:
    """Put the master key of then where the service looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "master.key"
    file.write_bytes(base64.b64encode(MASTER) + b"\n")
    file.chmod(0o600)


def leave(url: str) -> None:
    """Make the database of then and fill it."""
    engine = open_engine(url)
    try:
        migrate.upgrade(engine, to=SCHEMA)
        with rebuilding(engine) as connection:
            for name, row in _rows(Vault(MASTER)):
                connection.execute(insert(table(name, *map(column, row))), row)
    finally:
        engine.dispose()


def id_of(state: State) -> str:
    return f"sub_{state.value.replace('_', '')}"


def _rows(vault: Vault) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "destination", {"id": "ecas", "paused_at": None, "paused_why": ""}
    for agency, route in ((AGENCY, "ecas"), ("northstar", "not_live")):
        yield "agency", {"id": agency, "route": route, "created_at": CAME}
        sealed = vault.seal(ROSTER.encode(), "roster", agency)
        yield "roster", {"agency": agency, "imported_at": CAME, "sealed": sealed}
        digest = vault.digest("api key", agency)
        yield "api_key", {"id": f"key_{agency}", "agency": agency, "digest": digest, "created_at": CAME}
    for number, state in enumerate(State, start=1):
        yield from _one(vault, state, number)


def _one(vault: Vault, state: State, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    member, local, document = f"{number:012}", f"RB-{number}", f"doc-{state.value}"
    payload = Payload(
        content=response(of_2026(MEMBER_ID=member, MEMBER_LOCAL_ID=local, DOCUMENT_ID=document)),
        name=f"payload:pay_{number}",
        agency=AGENCY,
    )
    (assessment,) = registry.read(payload).assessments
    child, sub = f"chi_{number}", id_of(state)
    yield "child", {"id": child, "agency": AGENCY}
    for kind, text in (("MEMBER_ID", member), ("MEMBER_LOCAL_ID", local)):
        digest = vault.digest("child", AGENCY, kind, text)
        yield "child_identifier", {"agency": AGENCY, "kind": kind, "digest": digest, "child": child}
    due = CAME if state in (State.READY, State.SENDING, State.IN_DOUBT) else None
    lane = {"destination": "ecas", "agency": AGENCY, "child": child, "due_at": due, "fence": 3}
    yield "lane", {"id": number, **lane, "owner": "wrk_of_then" if state is State.SENDING else None}
    sealed = vault.seal(payload.content, "payload", AGENCY, f"pay_{number}")
    row = {"id": f"pay_{number}", "agency": AGENCY, "format": "fhir", "received_at": CAME}
    yield "payload", {**row, "sealed": sealed}
    yield "submission", _submission(vault, state, number, assessment, document)
    yield from _history(vault, state, sub, number)


def _submission(vault: Vault, state: State, number: int, assessment: Assessment, document: str) -> dict[str, Any]:
    sub = id_of(state)
    report = Report(
        findings=(),
        judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="first"),
    )
    verdict = _VERDICTS.get(state)
    return {
        "id": sub,
        "agency": AGENCY,
        "payload": f"pay_{number}",
        "ordinal": 0,
        "lane": None if state in _NEVER_IN_A_LANE else number,
        "state": state.value,
        "holds": "person" if state is State.HELD else "",
        "sealed_document_id": vault.seal(document.encode(), "document", AGENCY, sub),
        "document_digest": vault.digest("document", AGENCY, document, "", ""),
        "content_digest": vault.digest("content", document),
        "spec": "2026.1",
        "idempotency_key": f"idem_{number}",
        "attempts": int(state in _SENT),
        "first_sent_at": CAME if state in _SENT else None,
        "second_try": False,
        "verdict": None if verdict is None else verdict.value,
        "tracking_id": None if verdict is None else f"trk_{number}",
        "poll_at": None,
        "received_at": CAME,
        "updated_at": CAME,
        "sealed_assessment": vault.seal(records.write_assessment(assessment), "assessment", AGENCY, sub),
        "sealed_report": vault.seal(records.write_report(report), "report", AGENCY, sub),
    }


def _history(vault: Vault, state: State, sub: str, number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    told = {"submission": sub, "at": CAME, "was": None, "became": state.value}
    yield "event", {**told, "actor": "intake", "why": "The payload was written down."}
    if state in _SENT:
        yield "attempt", {"submission": sub, "number": 1, "started_at": CAME, "outcome": None, "why": ""}
    if (verdict := _VERDICTS.get(state)) is not None:
        receipt = Receipt(
            tracking_id=f"trk_{number}", verdict=verdict, document_id="d", digest="sha-256:00", content=b"<r/>"
        )
        sealed = vault.seal(records.write_receipt(receipt), "receipt", AGENCY, sub)
        row = {"submission": sub, "received_at": CAME, "verdict": verdict.value, "tracking_id": f"trk_{number}"}
        yield "receipt", {**row, "sealed": sealed}
    key = vault.digest("request", sub)
    yield (
        "request",
        {
            "agency": AGENCY,
            "endpoint": "/v1/submissions",
            "key_digest": key,
            "body_digest": vault.digest("body", sub),
            "received_at": CAME,
            "status": 202,
            "sealed_answer": vault.seal(f'{{"id": "{sub}"}}'.encode(), "answer", AGENCY, key),
        },
    )
