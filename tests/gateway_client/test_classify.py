from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canonical.outcome import (
    Accepted,
    Misconfigured,
    NotThere,
    Pending,
    Rejected,
    Suspended,
    TryLater,
    Unsure,
)
from gateway_client import classify
from gateway_client.response import Response

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
XML = {"content-type": "application/xml; charset=utf-8"}
JSON = {"content-type": "application/problem+json"}
LIST = b'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1">%s</Receipts>'
#: The status codes that the table of docs/transport.md and design.md section 7 names one by one.
AMBIGUOUS = (408, 409, 425)
LATER = (429, 503)
WITH_RECEIPT = (200, 201, 202)


@pytest.fixture
def judged(reader, document):
    """Judge one answer by one of the three tables."""

    def judge(table, status, body=b"", headers=XML, now=NOW):
        response = Response(status=status, headers=headers, body=body)
        return table(response, document_id=document.document_id, digest=document.digest, reader=reader, now=now)

    return judge


@pytest.fixture
def bodies(receipt_xml):
    """The bodies of the tables, by name."""
    digest = "sha-256:" + "0" * 64
    return {
        "accepted": receipt_xml(),
        "warned": receipt_xml("accepted-with-warnings", reasons=("W1",)),
        "pending": receipt_xml("pending", reasons=("P1",)),
        "dependency": receipt_xml("dependency", reasons=("P2",)),
        "suspended": receipt_xml("suspended", reasons=("S1",)),
        "rejected": receipt_xml("rejected", reasons=("B012",)),
        "refused key": receipt_xml("rejected", reasons=("B012", "KEY-UNKNOWN")),
        "without reason": receipt_xml("rejected"),
        "wrong id": receipt_xml(DocumentId="doc-0002"),
        "wrong digest": receipt_xml(DocumentDigest=digest),
        "rejected, wrong id": receipt_xml("rejected", reasons=("B1",), DocumentId="doc-0002"),
        "empty": b"",
        "html": b"<html><body>fine</body></html>",
        "problem": b'{"type": "about:blank"}',
        "unreadable": None,
        "no one": LIST % b"",
        "one": LIST % receipt_xml(),
        "one rejected": LIST % receipt_xml("rejected", reasons=("KEY-REFUSED",)),
        "two": LIST % (receipt_xml() * 2),
        "stranger": LIST % receipt_xml(DocumentId="doc-0002"),
    }


@pytest.mark.parametrize(
    ("status", "headers", "body", "outcome"),
    [
        (201, XML, "accepted", Accepted),
        (201, XML, "warned", Accepted),
        (200, XML, "accepted", Accepted),
        (200, XML, "warned", Accepted),
        (200, XML, "pending", Pending),
        (200, XML, "suspended", Suspended),
        (200, XML, "rejected", Rejected),
        (202, XML, "pending", Pending),
        (202, XML, "dependency", Pending),
        (202, XML, "suspended", Suspended),
        (422, XML, "rejected", Rejected),
        (400, XML, "rejected", Rejected),
        (201, {"content-type": "text/xml"}, "accepted", Accepted),
        # What only looks like success.
        (201, XML, "pending", Unsure),
        (201, XML, "rejected", Unsure),
        (202, XML, "accepted", Unsure),
        (200, XML, "empty", Unsure),
        (200, XML, "html", Unsure),
        (200, XML, "unreadable", Unsure),
        (200, XML, "one", Unsure),
        (200, {"content-type": "text/html"}, "accepted", Unsure),
        (200, {}, "accepted", Unsure),
        (201, XML, "wrong id", Unsure),
        (201, XML, "wrong digest", Unsure),
        (201, XML, "without reason", Unsure),
        (203, XML, "accepted", Unsure),
        (204, XML, "accepted", Unsure),
        (206, XML, "accepted", Unsure),
        (100, XML, "accepted", Unsure),
        # Refusals.
        (422, JSON, "problem", Misconfigured),
        (422, XML, "without reason", Unsure),
        (422, XML, "accepted", Unsure),
        (422, XML, "rejected, wrong id", Unsure),
        (422, XML, "empty", Unsure),
        (422, JSON, "unreadable", Unsure),
        (400, JSON, "problem", Misconfigured),
        (400, XML, "without reason", Misconfigured),
        (413, JSON, "problem", Misconfigured),
        (415, JSON, "problem", Misconfigured),
        (401, JSON, "problem", Misconfigured),
        (401, XML, "rejected", Misconfigured),
        (403, XML, "rejected", Misconfigured),
        (404, XML, "rejected", Misconfigured),
        (404, XML, "accepted", Misconfigured),
        (418, JSON, "empty", Misconfigured),
        (301, XML, "accepted", Misconfigured),
        (304, XML, "accepted", Misconfigured),
        (307, JSON, "empty", Misconfigured),
        (308, JSON, "empty", Misconfigured),
        # Later, or unknown.
        (429, JSON, "problem", TryLater),
        (503, XML, "accepted", TryLater),
        (503, JSON, "unreadable", TryLater),
        (408, JSON, "problem", Unsure),
        (409, XML, "rejected", Unsure),
        (425, JSON, "problem", Unsure),
        (500, JSON, "problem", Unsure),
        (502, XML, "accepted", Unsure),
        (504, JSON, "empty", Unsure),
        (507, JSON, "empty", Unsure),
        (599, XML, "accepted", Unsure),
    ],
)
def test_what_came_of_a_send(judged, bodies, status, headers, body, outcome):
    """The outcome table of design.md section 7, line by line."""
    assert type(judged(classify.sent, status, bodies[body], headers)) is outcome


@pytest.mark.parametrize(
    ("status", "headers", "body", "reply"),
    [
        (200, XML, "no one", NotThere),
        (200, XML, "one", Accepted),
        (200, XML, "one rejected", Rejected),
        (200, XML, "two", Unsure),
        (200, XML, "stranger", Unsure),
        (200, XML, "accepted", Unsure),
        (200, XML, "empty", Unsure),
        (200, XML, "html", Unsure),
        (200, XML, "unreadable", Unsure),
        (200, JSON, "no one", Unsure),
        (201, XML, "no one", Unsure),
        (204, XML, "empty", Unsure),
        (404, XML, "no one", Misconfigured),
        (404, JSON, "problem", Misconfigured),
        (401, JSON, "problem", Misconfigured),
        (422, XML, "rejected", Misconfigured),
        (302, XML, "no one", Misconfigured),
        (503, XML, "no one", TryLater),
        (429, XML, "no one", TryLater),
        (409, XML, "no one", Unsure),
        (500, XML, "no one", Unsure),
    ],
)
def test_what_a_question_by_key_says(judged, bodies, status, headers, body, reply):
    """Only 200 with an empty list says that the state never had it."""
    assert type(judged(classify.asked, status, bodies[body], headers)) is reply


@pytest.mark.parametrize(
    ("status", "body", "reply"),
    [
        (200, "accepted", Accepted),
        (200, "dependency", Pending),
        (200, "suspended", Suspended),
        (200, "rejected", Rejected),
        (200, "wrong digest", Unsure),
        (200, "html", Unsure),
        (201, "accepted", Unsure),
        (202, "pending", Unsure),
        (404, "problem", Unsure),
        (403, "problem", Misconfigured),
        (410, "problem", Misconfigured),
        (308, "accepted", Misconfigured),
        (503, "accepted", TryLater),
        (500, "accepted", Unsure),
    ],
)
def test_what_a_question_by_tracking_id_says(judged, bodies, status, body, reply):
    """A lost receipt leaves its own submission in doubt; it does not pause the destination."""
    assert type(judged(classify.polled, status, bodies[body])) is reply


@pytest.mark.parametrize(("body", "concerns_key"), [("rejected", False), ("refused key", True)])
def test_a_refused_key_is_told_apart(judged, bodies, body, concerns_key):
    """Reason codes of the transport's list make it the certification key's affair: the second try of the FAQ."""
    outcome = judged(classify.sent, 422, bodies[body])
    assert isinstance(outcome, Rejected)
    assert outcome.concerns_key is concerns_key


@pytest.mark.parametrize("status", range(100, 600))
def test_no_status_makes_a_bad_body_a_success(judged, bodies, status):
    """Whatever the status, an answer that is cut, foreign or no receipt is never Accepted nor NotThere."""
    bad = [name for name in bodies if name not in ("accepted", "warned", "one", "no one")]
    for table in (classify.sent, classify.asked, classify.polled):
        assert not [name for name in bad if isinstance(judged(table, status, bodies[name]), Accepted | NotThere)]
    good = isinstance(judged(classify.sent, status, bodies["accepted"]), Accepted)
    assert good is (status in (200, 201))


@pytest.mark.parametrize("status", [*WITH_RECEIPT, 422, *AMBIGUOUS, *LATER, 301, 400, 500])
def test_a_receipt_cut_at_any_byte_is_no_receipt(judged, bodies, status):
    """Truncated anywhere, a receipt proves nothing: neither success, nor refusal, nor absence."""
    for table, whole in (
        (classify.sent, bodies["accepted"]),
        (classify.sent, bodies["rejected"]),
        (classify.polled, bodies["accepted"]),
        (classify.asked, bodies["one"]),
        (classify.asked, bodies["no one"]),
    ):
        for end in range(len(whole)):
            outcome = judged(table, status, whole[:end])
            assert not isinstance(outcome, Accepted | Pending | Suspended | Rejected | NotThere)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 120 ", 120),
        ("86400", 86400),
        ("86401", 86400),
        ("9" * 10, 86400),
        ("9" * 100_000, 86400),
        ("Sun, 22 Nov 2026 12:05:00 GMT", 300),
        ("Sunday, 22-Nov-26 12:05:00 GMT", 300),
        ("Sun Nov 22 12:05:00 2026", 300),
        ("Sun, 22 Nov 2026 07:05:00 -0500", 300),
        ("Sun, 22 Nov 2026 12:05:00 -0000", 300),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2099 11:00:00 GMT", 86400),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("١٢", None),
        ("120, 130", None),
        ("Sun, 99 Nov 2026 12:05:00 GMT", None),
        ("Sun, 22 Nov 999999999 12:05:00 GMT", None),
    ],
)
def test_retry_after_in_every_form(judged, transport, text, seconds):
    """Seconds or a date against our clock, never negative, capped; what cannot be read says nothing."""
    assert transport.retry_after_cap == timedelta(days=1)
    for status in LATER:
        outcome = judged(classify.sent, status, b"", {"retry-after": text})
        assert isinstance(outcome, TryLater)
        assert outcome.after == (None if seconds is None else timedelta(seconds=seconds))


@given(text=st.one_of(st.text(), st.from_regex(r"\A[A-Za-z]{3},? [0-9 :A-Za-z+-]{0,40}\Z")))
def test_no_retry_after_breaks_us(text):
    """Whatever the peer writes there, we wait between nothing and the cap."""
    cap = timedelta(days=1)
    asked = classify.retry_after(Response(status=503, headers={"retry-after": text}, body=b""), now=NOW, cap=cap)
    assert asked is None or timedelta(0) <= asked <= cap
