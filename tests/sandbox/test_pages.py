"""The page of the ledger, also with many documents in it."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

import pytest

from canonical.verdict import Verdict
from sandbox.ledger import Arrival, Held, Ledger
from sandbox.receipt import StateReceipt

AT = "2026-11-16T09:00:00Z"
MANY = 20_000


@pytest.fixture
def crowded(tmp_path: Path, run):
    """Start a sandbox whose ledger holds many documents already."""
    ledger = Ledger.open(tmp_path / "ledger-0.jsonl")
    for number in range(MANY):
        receipt = StateReceipt(
            tracking_id=f"t{number}", document_id=f"d{number}", digest="", verdict=Verdict.ACCEPTED, received_at=AT
        )
        ledger.arrived(
            Arrival(
                at=AT,
                document_id=f"d{number}",
                identity=f"i{number}",
                child=f"c{number % 100}",
                sender="s",
                idempotency_key=f"k{number}",
                held=Held(receipt=receipt),
            )
        )
    ledger.close()
    return run()


def test_many(crowded) -> None:
    """All documents are told, each once, in the order of first arrival."""
    page = crowded.ledger()
    assert [row["document_id"] for row in page["documents"]] == [f"d{number}" for number in range(MANY)]
    assert {row["effects"] for row in page["documents"]} == {1}
    assert page["counts"] == {
        "documents": MANY, "taken": MANY, "duplicated": 0, "effects": MANY, "children": 100,
    }  # fmt: skip


def test_many_while_others_come(crowded, form) -> None:
    """The page is whole JSON while documents come in, and holds all that were there before."""
    stop = threading.Event()

    def send() -> None:
        number = 0
        while not stop.is_set():
            crowded.submit(form(f"new-{number}"), f"new-{number}")
            number += 1

    sending = threading.Thread(target=send)
    sending.start()
    pages = [crowded.ledger() for _ in range(5)]
    stop.set()
    sending.join()
    for page in pages:
        assert len({row["document_id"] for row in page["documents"]}) == len(page["documents"]) >= MANY
        assert page["requests"]["submit"] >= len(page["documents"])


def test_summary(run, form) -> None:
    """The summary is the page without the documents."""
    sender = run()
    for path in ("/_sandbox/ledger", "/_sandbox/ledger?summary=false"):
        assert sender.ask("GET", path).json()["documents"] == []
    sender.submit(form("doc-1"), "key-1")
    page = sender.ledger()
    assert len(page.pop("documents")) == 1
    assert sender.ask("GET", "/_sandbox/ledger?summary=true").json() == page
    assert sender.ask("GET", "/_sandbox/ledger?summary=yes").status == 400


def test_everything_that_is_asked_is_counted(run, form, tmp_path: Path) -> None:
    """Each request is in the file before it is answered: taken, asked about, refused or turned back."""
    sender = run("[[weather]]\nmatch={nth=2}\ndo='drop-before'\n[[weather]]\non='query'\ntimes=1\ndo='unavailable'")
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    for ask in (
        lambda: sender.submit(form("doc-2"), "key-2"),
        lambda: sender.submit(b"<a/>", "key-3"),
        lambda: sender.status(tracking_id),
        lambda: sender.status("trk_unknown"),
        lambda: sender.query("key-1"),
        lambda: sender.query("key-1"),
        lambda: sender.query(""),
        lambda: sender.ask("POST", "/oauth2/token", b""),
    ):
        before = len((tmp_path / "ledger-0.jsonl").read_bytes().splitlines())
        with contextlib.suppress(ConnectionError):
            ask()
        assert len((tmp_path / "ledger-0.jsonl").read_bytes().splitlines()) == before + 1
    assert sender.ledger()["requests"] == {
        "total": 9, "submit": 3, "status": 2, "query": 3, "token": 1, "turned_back": 2, "refused": 4,
    }  # fmt: skip
    assert [row["questions"] for row in sender.documents()] == [3, 0]
    kept = [json.loads(line) for line in (tmp_path / "ledger-0.jsonl").read_bytes().splitlines()]
    assert {entry["event"] for entry in kept} == {"arrived", "asked"}
