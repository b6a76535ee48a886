from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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
    assert set(row) == {"document_id", "idempotency_key", "child", "requests", "effects", "first_at", "order"}
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
        (gzip.compress(b"<a/>"), 400),
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


# --- weather ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("script", "status", "header"),
    [
        ("do='unavailable'\nretry_after=7", 503, ("retry-after", "7")),
        (
            "do='unavailable'\nretry_after='Wed, 21 Oct 2026 07:28:00 GMT'",
            503,
            ("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"),
        ),
        ("do='too-many'", 429, ("content-type", "application/problem+json")),
        ("do='unauthorized'", 401, ("content-type", "application/problem+json")),
        ("do='redirect'\nto='http://127.0.0.1:9/x'", 307, ("location", "http://127.0.0.1:9/x")),
        ("do='error-page'", 200, ("content-type", "text/html; charset=utf-8")),
    ],
)
@pytest.mark.parametrize("on", ["submit", "status", "query"])
def test_road(on: str, script: str, status: int, header: tuple[str, str], run, form: Form) -> None:
    """What happens on the road never reaches the state, and is over when its times are."""
    sender = run()
    tracking_id = sender.submit(form("doc-0"), "key-0").receipt()["TrackingId"]
    sender.weather(f"[[weather]]\non='{on}'\ntimes=1\n{script}")
    ask = {
        "submit": lambda: sender.submit(form("doc-1"), "key-1"),
        "status": lambda: sender.status(tracking_id),
        "query": lambda: sender.query("key-0"),
    }[on]
    heard = ask()
    assert (heard.status, heard.headers[header[0]]) == (status, header[1])
    assert sender.effects() == ([1, 0] if on == "submit" else [1])
    assert ask().status == (201 if on == "submit" else 200)
    assert sender.effects() == ([1, 1] if on == "submit" else [1])


def test_error_page_with_effect(run, form: Form) -> None:
    """A page for people may hide that the state has the document."""
    sender = run("[[weather]]\ndo='error-page'\ntaken=true")
    assert sender.submit(form("doc-1"), "key-1").body.startswith(b"<!DOCTYPE html>")
    assert sender.query("key-1").receipt()["Status"] == "accepted"
    assert sender.effects() == [1]


@pytest.mark.parametrize(("do", "effects"), [("drop-after-accept", 1), ("drop-before", 0)])
def test_dropped(do: str, effects: int, run, form: Form) -> None:
    """The connection ends without a byte of an answer; only the query tells whether the document arrived."""
    sender = run(f"[[weather]]\ntimes=1\ndo='{do}'")
    body = sender.write(form("doc-1"))
    head = "".join(f"{name}: {value}\r\n" for name, value in sender.headers(body, "key-1").items())
    request = f"POST /v1/assessments HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
    with socket.create_connection(("127.0.0.1", sender.port), timeout=10) as raw:
        raw.sendall(request + body)
        with contextlib.suppress(ConnectionResetError):
            assert raw.recv(1) == b""
    assert sender.effects() == [effects]
    assert (b"<TrackingId>" in sender.query("key-1").body) is bool(effects)
    assert sender.submit(form("doc-1"), "key-1").status == (200 if effects else 201)
    assert sender.effects() == [1]


@pytest.mark.parametrize("on", ["status", "query"])
def test_dropped_questions(on: str, run, form: Form) -> None:
    """Questions lose their connections too."""
    sender = run(f"[[weather]]\non='{on}'\ntimes=1\ndo='drop-before'")
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    ask = (lambda: sender.status(tracking_id)) if on == "status" else (lambda: sender.query("key-1"))
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        ask()
    assert ask().status == 200


@pytest.mark.parametrize(
    ("script", "status", "word", "code"),
    [
        ("do='reject'\nreasons=['B777', {code='B778', item='CONSENT', text='No.'}]", 422, "rejected", "B777 B778"),
        ("do='refuse-key'", 422, "rejected", "KEY-REFUSED"),
        ("do='refuse-key'\nreasons=['KEY-UNKNOWN']", 422, "rejected", "KEY-UNKNOWN"),
        ("do='accept-with-warnings'", 201, "accepted-with-warnings", "NOTE"),
        ("do='accept-with-warnings'\nreasons=['W9']", 201, "accepted-with-warnings", "W9"),
        ("do='pending'", 202, "pending", "IN-REVIEW"),
        ("do='dependency'", 202, "dependency", "EARLIER-DOCUMENT"),
        ("do='suspended'", 202, "suspended", "MANUAL-REVIEW"),
    ],
)
def test_verdicts(script: str, status: int, word: str, code: str, run, form: Form) -> None:
    """The weather decides what becomes of a document that conforms; a rejected one takes no effect."""
    sender = run(f"[[weather]]\n{script}")
    heard = sender.submit(form("doc-1"), "key-1")
    receipt = heard.receipt()
    assert (heard.status, receipt["Status"], receipt["Reasons"]) == (status, word, code)
    assert sender.effects() == [int(word != "rejected")]
    assert sender.submit(form("doc-1"), "key-1").body == heard.body


def test_no_weather_makes_good(run, form: Form) -> None:
    """What the state itself refuses stays refused in any weather."""
    sender = run("[[weather]]\ndo='pending'")
    assert sender.submit(form("doc-1", MEMBER_ID="1"), "key-1").receipt()["Status"] == "rejected"


def test_second_try(run, form: Form) -> None:
    """A key that is refused once passes at the second try, under a fresh idempotency key."""
    sender = run("[[weather]]\ntimes=1\ndo='refuse-key'")
    assert sender.submit(form("doc-1"), "key-1").status == 422
    assert sender.submit(form("doc-1"), "key-1").receipt()["Status"] == "rejected"
    assert sender.submit(form("doc-1"), "key-2").status == 201
    assert sender.effects() == [1]


def test_pending_is_settled_by_polls(run, form: Form) -> None:
    """A pending receipt is settled after so many polls; the query shows it as it stands, and the key its first form."""
    sender = run("[[weather]]\ndo='pending'\npolls=3")
    receipt = sender.submit(form("doc-1"), "key-1").receipt()
    told = [sender.status(receipt["TrackingId"]).receipt()["Status"] for _ in range(4)]
    assert told == ["pending", "pending", "accepted", "accepted"]
    assert sender.query("key-1").receipt()["Status"] == "accepted"
    assert sender.submit(form("doc-1"), "key-1").receipt()["Status"] == "pending"
    assert sender.effects() == [1]


def test_truncated(run, form: Form) -> None:
    """Half a receipt comes as a whole HTTP answer; the state has the document."""
    sender = run(
        "[[weather]]\nmatch={nth=1}\ntimes=1\ndo='truncate'\n[[weather]]\nmatch={nth=2}\ndo='truncate'\nbytes=0"
    )
    half = sender.submit(form("doc-1"), "key-1")
    whole = sender.submit(form("doc-1"), "key-1")
    assert half.status == 201
    assert half.body == whole.body[: len(whole.body) // 2]
    assert sender.submit(form("doc-2"), "key-2").body == b""
    assert sender.effects() == [1, 1]


def test_wrong_receipt(run, form: Form) -> None:
    """A receipt that speaks of another document can be had on every question; the right one is kept."""
    sender = run(
        "".join(f"[[weather]]\non='{on}'\ntimes=1\ndo='wrong-receipt'\n" for on in ("submit", "status", "query"))
    )
    wrong = sender.submit(form("doc-1"), "key-1").receipt()
    assert wrong["DocumentId"] != "doc-1"
    for ask in (lambda: sender.status(wrong["TrackingId"]), lambda: sender.query("key-1")):
        assert ask().receipt()["DocumentId"] == wrong["DocumentId"]
        assert ask().receipt()["DocumentId"] == "doc-1"


def test_slow(run, form: Form) -> None:
    """A late answer belongs to a document that was taken in time."""
    sender = run("[[weather]]\ndo='slow'\nseconds=0.6")
    late = threading.Thread(target=lambda: sender.submit(form("doc-1"), "key-1"))
    late.start()
    while sender.effects() != [1]:
        time.sleep(0.01)
    assert late.is_alive()
    late.join()


def test_latency_outlives_the_sender(run, form: Form) -> None:
    """A document whose sender gave up waiting is taken all the same, later: asking says never received until then."""
    sender = run("latency_ms=400")
    body = sender.write(form("doc-1"))
    connection = http.client.HTTPConnection("127.0.0.1", sender.port)
    connection.request("POST", "/v1/assessments", body, sender.headers(body, "key-1"))
    connection.close()
    assert sender.documents() == []
    time.sleep(0.6)
    assert sender.effects() == [1]


def test_overlaps(run, form: Form) -> None:
    """Two submissions of one child at once are counted; of two children, or one after the other, they are not."""
    sender = run("latency_ms=200")

    def at_once(*answers: dict[str, str]) -> object:
        threads = [threading.Thread(target=sender.submit, args=(one, one["DOCUMENT_ID"])) for one in answers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sender.ledger()["overlaps"]

    assert at_once(form("doc-1"), form("doc-2", MEMBER_ID="100000009999")) == 0
    assert at_once(form("doc-3")) == 0
    assert at_once(form("doc-4"), form("doc-5")) == 1
    children = [row["child"] for row in sender.documents()]
    assert len(set(children)) == 2


def test_a_sender_who_gave_up_does_not_overlap(run, form: Form) -> None:
    """Whoever hangs up and sends again has one submission in the air, not two."""
    sender = run("latency_ms=300")
    body = sender.write(form("doc-1"))
    connection = http.client.HTTPConnection("127.0.0.1", sender.port)
    connection.request("POST", "/v1/assessments", body, sender.headers(body, "key-1"))
    time.sleep(0.05)
    connection.close()
    time.sleep(0.05)
    assert sender.submit(form("doc-1"), "key-1").status == 200
    assert (sender.ledger()["overlaps"], sender.effects()) == (0, [1])


def test_weather_defect(run, form: Form) -> None:
    """A script that is wrong is refused with its defects, and the weather stays as it was."""
    sender = run("[[weather]]\ndo='unavailable'")
    heard = sender.ask("POST", "/_sandbox/weather", b'{"weather": [{"do": "x"}]}', {"Content-Type": "application/json"})
    assert (heard.status, "one of" in str(heard.json()["title"])) == (400, True)
    assert sender.ask("POST", "/_sandbox/weather", b"x" * 300_000).status == 413
    assert sender.submit(form("doc-1"), "key-1").status == 503


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(content=st.binary(max_size=300))
def test_any_script(content: bytes, run, started: list[object]) -> None:
    """Whatever is posted as weather, the sandbox says yes or what is wrong."""
    if not started:
        started.append(run())
    (sender,) = started
    for kind in ("application/json", "application/toml"):
        assert sender.ask("POST", "/_sandbox/weather", content, {"Content-Type": kind}).status in {200, 400}


@pytest.fixture
def started() -> list[object]:
    return []
