"""A database as the first release left it: its schema, and everything in it sealed by its one key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, column, insert, table
from vaults import MASTER
from waiting import draft

from canonical.outcome import Receipt
from canonical.verdict import Verdict
from service.outbox import migrate, records
from service.outbox.engine import open_engine, rebuilding
from service.vault import Vault

#: The schema of the release before keys of agencies.
SCHEMA = "0004"
RECEIPT = Receipt(tracking_id="trk_1", verdict=Verdict.ACCEPTED, document_id="d1", digest="sha-256:00", content=b"<r/>")
AGENCIES = ("riverbend", "harborlight")
#: Submissions of each agency.
EACH = 3


def leave(url: str) -> Engine:
    """Make it, and return the engine; the schema is the old one still."""
    engine = open_engine(url)
    migrate.upgrade(engine, to=SCHEMA)
    vault = Vault(MASTER)
    with rebuilding(engine) as connection:
        for name, row in _rows(vault):
            connection.execute(insert(table(name, *map(column, row))), row)
    return engine


def _rows(vault: Vault) -> Any:
    for agency in AGENCIES:
        yield "agency", {"id": agency, "created_at": 0}
        yield "roster", {"agency": agency, "imported_at": 0, "sealed": vault.seal(b"key,name\n", "roster", agency)}
        for number in range(EACH):
            yield from _submission(vault, agency, f"{agency}_{number}", number)


def _submission(vault: Vault, agency: str, name: str, number: int) -> Any:
    made, sub, pay = draft(f"d{name}", f"{number:012}"), f"sub_{name}", f"pay_{name}"
    request = vault.digest("request", name)
    yield (
        "payload",
        {
            "id": pay,
            "agency": agency,
            "format": "fhir",
            "received_at": 1,
            "sealed": vault.seal(b"canary payload", "payload", agency, pay),
        },
    )
    yield (
        "submission",
        {
            "id": sub,
            "agency": agency,
            "payload": pay,
            "ordinal": 0,
            "state": "accepted",
            "holds": "",
            "sealed_document_id": vault.seal(f"d{name}".encode(), "document", agency, sub),
            "document_digest": vault.digest("document", agency, f"d{name}", "", ""),
            "content_digest": "c",
            "idempotency_key": f"idem_{name}",
            "attempts": 1,
            "second_try": False,
            "received_at": 1,
            "updated_at": 1,
            "sealed_assessment": vault.seal(records.write_assessment(made.assessment), "assessment", agency, sub),
            "sealed_report": vault.seal(records.write_report(made.report), "report", agency, sub),
        },
    )
    event = {"submission": sub, "at": 1, "was": None, "became": "received", "actor": "intake", "why": "It came."}
    yield "event", {**event, "sealed_note": vault.seal(b"canary note", "note", agency, sub)}
    receipt = vault.seal(records.write_receipt(RECEIPT), "receipt", agency, sub)
    told = {"verdict": "accepted", "tracking_id": "trk_1", "sealed": receipt}
    yield "receipt", {"submission": sub, "received_at": 1, **told}
    yield (
        "request",
        {
            "agency": agency,
            "endpoint": "/v1/submissions",
            "key_digest": request,
            "body_digest": "b",
            "received_at": 1,
            "status": 202,
            "sealed_answer": vault.seal(f'{{"id": "{sub}"}}'.encode(), "answer", agency, request),
        },
    )


def sqlite(folder: Path) -> str:
    """Return the address of a database in this folder."""
    return f"sqlite:///{folder}/ecas.sqlite3"
