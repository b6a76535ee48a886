"""States that offer less: no idempotency key, no query, or neither."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "query", ["/v1/assessments?idempotency-key={idempotency_key}", None], ids=["query", "no-query"]
)
def test_without_keys(query: str | None, run, form) -> None:
    """Where the state looks at no key, each POST is an effect: a blind resend shows."""
    sender = run(idempotency=False, query=query)
    first, again = (sender.submit(form("doc-1"), "key-1") for _ in range(2))
    assert (first.status, again.status) == (201, 201)
    assert first.receipt()["TrackingId"] != again.receipt()["TrackingId"]
    assert sender.effects() == [2]
    assert sender.ask("POST", "/v1/assessments", *_keyless(sender, form("doc-2"))).status == 201


def _keyless(sender, answers) -> tuple[bytes, dict[str, str]]:
    body = sender.write(answers)
    headers = sender.headers(body, "")
    del headers["Idempotency-Key"]
    return body, headers


def test_without_keys_but_with_a_query(run, form) -> None:
    """Whoever asks before it sends again leaves one effect also there."""
    sender = run("[[weather]]\ntimes=1\ndo='error-page'\ntaken=true", idempotency=False)
    assert b"<Receipt" not in sender.submit(form("doc-1"), "key-1").body
    assert sender.query("key-1").receipt()["DocumentId"] == "doc-1"
    assert sender.effects() == [1]


def test_without_a_query(run, form) -> None:
    """Where the state offers no query, nobody is told what it holds under a key; the key still guards."""
    sender = run(query=None)
    sender.submit(form("doc-1"), "key-1")
    assert sender.query("key-1").status == 405
    assert sender.submit(form("doc-1"), "key-1").status == 200
    assert sender.effects() == [1]
