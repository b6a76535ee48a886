from __future__ import annotations

import gzip
import http.client
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

Form = Callable[..., dict[str, str]]


def test_accepted(run, form: Form, spec) -> None:
    """A document that conforms is taken: 201, a receipt that echoes it, one effect."""
    sender = run()
    heard = sender.submit(form("doc-1"), "key-1")
    receipt = heard.receipt()
    assert (heard.status, heard.headers["content-type"]) == (201, "application/xml")
    assert (receipt["DocumentId"], receipt["Status"], receipt["Reasons"]) == ("doc-1", "accepted", "")
    assert receipt["DocumentDigest"].startswith("sha-256:")
    assert sender.status(receipt["TrackingId"]).receipt() == receipt
    assert sender.query("key-1").receipt() == receipt
    (row,) = sender.documents()
    told = {"document_id", "idempotency_key", "child", "requests", "effects", "first_at", "order"}
    assert set(row) == told | {"last_at", "questions"}
    assert (row["document_id"], row["idempotency_key"], row["requests"], row["effects"], row["order"]) == (
        "doc-1",
        "key-1",
        1,
        1,
        1,
    )


def test_rejected(run, form: Form) -> None:
    """A document that breaks a rule is refused with the rule's code, takes no effect, and its key is spent."""
    sender = run()
    heard = sender.submit(form("doc-1", ASSESSMENT_DATE="2016-01-01", FINALIZED_ON="2026-03-02"), "key-1")
    assert heard.status == 422
    assert heard.receipt()["Status"] == "rejected"
    assert "B012" in heard.receipt()["Reasons"]
    assert sender.query("key-1").receipt() == heard.receipt()
    assert sender.effects() == [0]


def test_same_key_same_document(run, form: Form) -> None:
    """The same document under the same key gets the receipt of the first time, and takes no second effect."""
    sender = run()
    first = sender.submit(form("doc-1"), "key-1")
    again = sender.submit(form("doc-1"), "key-1")
    assert (again.status, again.body) == (200, first.body)
    assert [(row["requests"], row["effects"]) for row in sender.documents()] == [(2, 1)]


def test_same_key_other_document(run, form: Form) -> None:
    """Another document under a key that is taken is a problem, and takes no effect."""
    sender = run()
    sender.submit(form("doc-1"), "key-1")
    heard = sender.submit(form("doc-2"), "key-1")
    assert (heard.status, heard.headers["content-type"]) == (422, "application/problem+json")
    assert sender.effects() == [1, 0]


def test_new_key_same_document(run, form: Form) -> None:
    """The state does not know documents by their id: under a new key one takes effect a second time, and that shows."""
    sender = run()
    sender.submit(form("doc-1"), "key-1")
    assert sender.submit(form("doc-1"), "key-2").status == 201
    assert sender.effects() == [2]


def test_versions(run, form: Form) -> None:
    """A correction is a document of its own and no duplicate."""
    sender = run()
    sender.submit(form("doc-1"), "key-1")
    sender.submit(form("doc-1", DOCUMENT_VERSION="2", SUBMISSION_TYPE="correct"), "key-2")
    assert [(row["document_id"], row["effects"], row["order"]) for row in sender.documents()] == [
        ("doc-1", 1, 1),
        ("doc-1", 1, 2),
    ]


def test_concurrent_same_key(run, form: Form) -> None:
    """Twenty requests at once with one key are one effect, one 201, and one receipt."""
    sender = run()
    heard = []
    threads = [threading.Thread(target=lambda: heard.append(sender.submit(form("doc-1"), "key-1"))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in heard) == [200] * 19 + [201]
    assert len({answer.body for answer in heard}) == 1
    assert sender.effects() == [1]


def test_query_of_an_unknown_key(run) -> None:
    """The empty list is the only answer that means never received."""
    heard = run().query("never")
    assert heard.status == 200
    assert heard.body.endswith(b'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1" />')


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Idempotency_Key": ""}, 400),
        ({"Idempotency_Key": "k" * 256}, 400),
        ({"Content_Digest": ""}, 400),
        ({"Content_Digest": "sha-256=:AAAA:"}, 400),
        ({"Content_Digest": "sha-256=:ä:"}, 400),
        ({"Content_Type": "application/json"}, 415),
        ({"Content_Type": "application/xml; charset=utf-16"}, 415),
        ({"Content_Encoding": "gzip"}, 415),
        ({"Content_Type": 'application/xml; charset="UTF-8"'}, 201),
    ],
)
def test_head(change: dict[str, str], status: int, run, form: Form) -> None:
    """A request that the interface does not know is refused, and nothing of it is kept."""
    sender = run()
    headers = {name: value.encode("latin-1").decode("latin-1") for name, value in change.items()}
    assert sender.submit(form("doc-1"), "key-1", **headers).status == status
    assert len(sender.documents()) == (status == 201)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"<a/>", 400),
        (b"{}", 400),
        (b"<!DOCTYPE a><a/>", 400),
        (b"<a>" * 3000, 400),
        (gzip.compress(b"<a/>", mtime=0), 400),
        (b"x" * 1_048_577, 413),
    ],
)
def test_body(body: bytes, status: int, run) -> None:
    """A body that is no document is refused without an echo."""
    heard = run().submit(body, "key-1")
    assert heard.status == status
    assert heard.headers["content-type"] == "application/problem+json"
    assert set(heard.json()) == {"type", "title", "status"}


def test_large_body(run) -> None:
    """A hundred megabytes, announced or in chunks, are refused before they are in memory."""
    sender = run()
    connection = http.client.HTTPConnection("127.0.0.1", sender.port, timeout=20)
    headers = {**sender.headers(b"", "key"), "Content-Length": str(100_000_000)}
    connection.putrequest("POST", "/v1/assessments")
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()
    chunks = (b"x" * 65536 for _ in range(32))
    connection.request("POST", "/v1/assessments", chunks, sender.headers(b"", "key"), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/v1/assessments", 405),
        ("GET", "/v1/assessments", 400),
        ("GET", "/v1/assessments?idempotency-key=", 400),
        ("GET", "/v1/assessments/trk_unknown", 404),
        ("POST", "/oauth2/token", 401),
    ],
)
def test_other_questions(method: str, path: str, status: int, run) -> None:
    """What is not there is a problem, never a fault of the sandbox."""
    assert run().ask(method, path).status == status


def test_about(run, spec) -> None:
    """A sandbox says that it is one, and which package it judges by."""
    heard = run().ask("GET", "/_sandbox")
    assert heard.json() == {
        "ecas_sandbox": True,
        "spec": {"version": "2026.1", "status": "provisional", "digest": spec.digest},
    }


def test_no_value_is_kept(run, form: Form, spec, tmp_path: Path) -> None:
    """Neither the ledger's file nor its page holds any answer of any record but the document's id."""
    sender = run("[[weather]]\nmatch={nth=2}\ndo='pending'")
    answers = form("doc-1", MEMBER_LAST_NAME="Canarylast", LDF_COMMENT="Canary of a comment")
    heard = [sender.submit(answers, "key-1"), sender.submit({**answers, "DOCUMENT_ID": "doc-2"}, "key-2")]
    heard.append(sender.submit({**answers, "DOCUMENT_ID": "doc-3", "MEMBER_GENDER": "Canarygender"}, "key-3"))
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir() if file.suffix == ".jsonl")
    kept += json.dumps(sender.ledger()).encode()
    answered = b"".join(answer.body for answer in heard)
    assert b"doc-3" in kept
    for code, text in [*answers.items(), ("MEMBER_GENDER", "Canarygender")]:
        if code != "DOCUMENT_ID" and len(text) > 5 and text != "complete":
            assert text.encode() not in kept, code
            assert text.encode() not in answered, code
