"""Schemathesis against the running service, by its own OpenAPI document, with records full of canaries in it."""

from __future__ import annotations

from collections import Counter

import pytest
from fuzzed_service import CANARY, Watched, fuzzed_service, ids_of, schemathesis

_ALL = "examples,coverage,fuzzing,stateful"
#: Requests that are generated at least: in each test run, and in a campaign.
_SHARE, _CAMPAIGN = 1_500, 10_000


def _asked(tmp_path, response, *runs):
    with fuzzed_service(tmp_path, response) as (address, key, watched):
        own = ids_of(address, key)
        for number, run in enumerate(runs):
            told = schemathesis(address, key, tmp_path, seed=number + 1, ids=own if number % 2 == 0 else [], **run)
            assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-2000:]
    assert watched.faults == []
    assert {200, 401, 404, 405, 422} <= set(watched.statuses)
    return watched.asked


@pytest.mark.timeout(180)
def test_no_request_breaks_the_service_or_its_promises(tmp_path, response):
    """Whatever schemathesis makes up, no answer is a 5xx, another than the document describes, or holds a canary."""
    run = {"phases": _ALL, "examples": 3, "seconds": 170}
    assert _asked(tmp_path, response, run) >= _SHARE


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_ten_thousand_requests_neither(tmp_path, response):
    """The same for ten thousand requests, with real ids in the addresses and with made up ones."""
    run = {"phases": _ALL, "examples": 150, "seconds": 1700}
    assert _asked(tmp_path, response, run, run) >= _CAMPAIGN


async def test_a_planted_canary_is_found():
    """The watch itself finds a canary in a body or a header, and a 5xx."""

    async def leaks(scope, receive, send):
        scope["route"] = None
        headers = [(b"x", CANARY.encode())] if scope["path"] == "/header" else []
        await send(
            {"type": "http.response.start", "status": 500 if scope["path"] == "/500" else 200, "headers": headers}
        )
        await send({"type": "http.response.body", "body": CANARY.encode() if scope["path"] == "/body" else b""})

    async def ignore(_):
        pass

    watched = Watched(leaks)
    for path in ("/header", "/body", "/500", "/fine"):
        await watched({"type": "http", "method": "GET", "path": path}, None, ignore)
    assert Counter(fault.split(": ")[1] for fault in watched.faults) == {"canary": 2, "500": 1}
