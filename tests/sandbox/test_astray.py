"""Answers that say something else than what happened, or say it in their own time."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable

import pytest

Form = Callable[..., dict[str, str]]


def raw(sender, body: bytes, key: str) -> socket.socket:
    """Send a document over a socket of its own, and read nothing yet."""
    head = "".join(f"{name}: {value}\r\n" for name, value in sender.headers(body, key).items())
    request = f"POST /v1/assessments HTTP/1.1\r\nHost: sandbox\r\nContent-Length: {len(body)}\r\n{head}\r\n".encode()
    connection = socket.create_connection(("127.0.0.1", sender.port), timeout=10)
    connection.sendall(request + body)
    return connection


def test_duplicate_receipt(run, form: Form) -> None:
    """The receipt of the sender's other document comes, whole and right for that one; the right one is kept."""
    sender = run("[[weather]]\nmatch={nth=3}\ntimes=1\ndo='duplicate-receipt'")
    first = sender.submit(form("doc-1", AGENCY_ID="riverbend"), "key-1").receipt()
    sender.submit(form("doc-2", AGENCY_ID="harborlight"), "key-2")
    wrong = sender.submit(form("doc-3", AGENCY_ID="riverbend"), "key-3")
    assert (wrong.status, wrong.receipt()) == (201, first)
    assert sender.query("key-3").receipt()["DocumentId"] == "doc-3"
    assert sender.effects() == [1, 1, 1]


@pytest.mark.parametrize("on", ["status", "query"])
def test_duplicate_receipt_to_a_question(on: str, run, form: Form) -> None:
    """Questions get another document's receipt too, and it is never the document's own."""
    sender = run()
    receipts = [sender.submit(form(f"doc-{number}"), f"key-{number}").receipt() for number in (1, 2)]
    sender.weather(f"[[weather]]\non='{on}'\ndo='duplicate-receipt'")
    for own, other in (receipts, reversed(receipts)):
        key = own["DocumentId"].replace("doc", "key")
        heard = sender.status(own["TrackingId"]) if on == "status" else sender.query(key)
        assert heard.receipt() == other


def test_no_other_receipt(run, form: Form) -> None:
    """A sender that has no other document gets its own receipt."""
    sender = run("[[weather]]\ndo='duplicate-receipt'")
    assert sender.submit(form("doc-1"), "key-1").receipt()["DocumentId"] == "doc-1"


def test_accepted_then_suspended(run, form: Form) -> None:
    """What was accepted is suspended when it is asked for later, and accepted again after so many questions."""
    sender = run("[[weather]]\ndo='accept-then-suspend'\npolls=2")
    heard = sender.submit(form("doc-1"), "key-1")
    receipt = heard.receipt()
    assert (heard.status, receipt["Status"]) == (201, "accepted")
    assert sender.query("key-1").receipt()["Status"] == "accepted"
    told = [sender.status(receipt["TrackingId"]).receipt()["Status"] for _ in range(4)]
    assert told == ["suspended", "suspended", "accepted", "accepted"]
    assert sender.effects() == [1]


def test_accepted_then_suspended_for_ever(run, form: Form) -> None:
    """Without a number of polls it stays suspended."""
    sender = run("[[weather]]\ndo='accept-then-suspend'")
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    assert {sender.status(tracking_id).receipt()["Status"] for _ in range(5)} == {"suspended"}


def test_forgotten_by_key(run, form: Form) -> None:
    """A state that forgets says never received of what it took; under the same key it takes nothing twice."""
    sender = run("[[weather]]\non='query'\ntimes=1\ndo='forget'")
    sender.submit(form("doc-1"), "key-1")
    assert b"<Receipt>" not in sender.query("key-1").body
    assert sender.submit(form("doc-1"), "key-1").status == 200
    assert sender.query("key-1").receipt()["Status"] == "accepted"
    assert sender.effects() == [1]


def test_forgotten_by_tracking_id(run, form: Form) -> None:
    """A state that forgets does not know its own tracking id."""
    sender = run("[[weather]]\non='status'\ntimes=1\ndo='forget'")
    tracking_id = sender.submit(form("doc-1"), "key-1").receipt()["TrackingId"]
    assert [sender.status(tracking_id).status for _ in range(2)] == [404, 200]


def test_forgotten_key(run, form: Form) -> None:
    """A state that forgets its keys takes the document again, and that shows."""
    sender = run("[[weather]]\ndo='forget'")
    assert [sender.submit(form("doc-1"), "key-1").status for _ in range(2)] == [201, 201]
    assert sender.effects() == [2]
    assert sender.ledger()["counts"] == {"documents": 1, "taken": 1, "duplicated": 1, "effects": 2, "children": 1}


def test_drip(run, form: Form) -> None:
    """The headers come at once, and the receipt in many pieces over its time; the document is long taken."""
    sender = run("[[weather]]\ndo='drip'\nseconds=1.5")
    with raw(sender, sender.write(form("doc-1")), "key-1") as connection:
        pieces = [connection.recv(65536)]
        assert pieces[0].startswith(b"HTTP/1.1 201")
        assert not pieces[0].endswith(b"</Receipt>")
        assert sender.effects() == [1]
        while not pieces[-1].endswith(b">") or b"</Receipt>" not in b"".join(pieces):
            pieces.append(connection.recv(65536))
    assert len(pieces) > 20
    body = b"".join(pieces).partition(b"\r\n\r\n")[2]
    sender.weather("")
    assert sender.submit(form("doc-1"), "key-1").body == body


def test_a_drip_is_under_way_to_its_last_byte(run, form: Form) -> None:
    """Who sends the next of a child while an answer drips has two under way; who waits or hangs up has not."""
    sender = run(
        "[[weather]]\nmatch={nth=1}\ndo='drip'\nseconds=30\n[[weather]]\nmatch={nth=4}\ndo='drip'\nseconds=0.2"
    )
    connection = raw(sender, sender.write(form("doc-1")), "key-1")
    assert connection.recv(10)
    sender.submit(form("doc-2"), "key-2")
    assert sender.ledger()["overlaps"] == 1
    connection.close()
    for _ in range(100):
        before = sender.ledger()["overlaps"]
        sender.submit(form("doc-3"), "key-3")
        if sender.ledger()["overlaps"] == before:
            break
    assert sender.ledger()["overlaps"] == before
    sender.submit(form("doc-4"), "key-4")
    sender.submit(form("doc-5"), "key-5")
    assert sender.ledger()["overlaps"] == before


def test_spread_of_latency(run, form: Form) -> None:
    """Questions wait differently long, and those that came later may be looked at earlier."""
    sender = run("latency_ms=[0, 800]\nseed=3")
    names = [f"doc-{number}" for number in range(12)]

    def submit(name: str) -> None:
        sender.submit(form(name, MEMBER_ID=f"1000000000{name[4:]:0>2}"), name)

    threads = [threading.Thread(target=submit, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
        time.sleep(0.01)
    for thread in threads:
        thread.join()
    came = [row["document_id"] for row in sender.documents()]
    assert sorted(came) == sorted(names)
    assert came != names


def test_retry_after_as_a_date(run, form: Form) -> None:
    """A date is told as one, so far ahead of the answer's own date."""
    sender = run("[[weather]]\ndo='unavailable'\nretry_after_date=90")
    heard = sender.submit(form("doc-1"), "key-1")
    said, now = (
        time.mktime(time.strptime(heard.headers[name], "%a, %d %b %Y %H:%M:%S GMT")) for name in ("retry-after", "date")
    )
    assert heard.status == 503
    assert 88 <= said - now <= 92


def test_share(run, form: Form) -> None:
    """A share of the documents is met, always the same ones; another seed means others."""
    met = []
    for seed in (1, 1, 2):
        sender = run(f"[[weather]]\nshare=0.3\nseed={seed}\ndo='reject'\nreasons=['B012']")
        heard = [sender.submit(form(f"doc-{number}"), f"key-{number}").status for number in range(60)]
        met.append([number for number, status in enumerate(heard) if status == 422])
    assert met[0] == met[1] != met[2]
    assert 8 <= len(met[0]) <= 30


def test_any_answer_of_a_token_may_go_astray(run) -> None:
    """The token's road has weather of its own."""
    sender = run("[[weather]]\non='token'\ntimes=1\ndo='unavailable'\n[[weather]]\non='token'\ndo='drop-before'")
    assert sender.ask("POST", "/oauth2/token", b"").status == 503
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        sender.ask("POST", "/oauth2/token", b"")
