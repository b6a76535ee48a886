from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Form = Callable[..., dict[str, str]]


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
    """Two submissions of one child at once are counted; of two, or of none, or one after the other, they are not."""
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
    nobody = [form(name, MEMBER_ID="") for name in ("doc-6", "doc-7")]
    assert at_once(*nobody) == 1
    assert len(sender.documents()) == 7


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
