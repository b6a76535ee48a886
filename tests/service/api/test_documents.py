from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from datetime import timedelta

import pytest

from canonical.outcome import Receipt
from canonical.submission import State
from canonical.verdict import Verdict
from gateway_client.envelope import build
from service.outbox.outbox import Settlement

MINUTE = timedelta(minutes=1)


def _deliver(api, submission, digest=None):
    """Record that the state took it and echoed a digest: that of the document, unless told otherwise."""
    outbox, judge, today = api.service.outbox, api.service.judge, api.service.clock().date()
    (claim,) = (c for c in outbox.claim("ecas", "worker", limit=100, lease=MINUTE) if c.submission == submission)
    document = build(claim.assessment, judge.spec_for(claim.assessment, today), judge.sending(today))
    receipt = Receipt(
        tracking_id="T-1",
        verdict=Verdict.ACCEPTED,
        document_id=document.document_id,
        digest=digest or document.digest,
        content=b"<Receipt/>",
    )
    outbox.settle(claim, Settlement(state=State.ACCEPTED, outcome="Accepted", why="It took it.", receipt=receipt))
    return document


def test_a_document_is_shown_as_it_would_be_sent_and_as_it_was(api, caller, response):
    """Before it leaves the document is that of today's package; afterwards the bytes are those of the receipt's digest."""
    (submission,) = caller.submit(response(), key="k").data["submissions"]
    before = caller.ask("GET", f"/v1/submissions/{submission['id']}/document")
    assert (before.status, before.headers["content-type"]) == (200, "application/xml")
    assert (before.headers["ecas-document"], before.headers["ecas-specification"]) == ("would-be-sent", "2026.1")
    document = _deliver(api, submission["id"])
    after = caller.ask("GET", f"/v1/submissions/{submission['id']}/document")
    assert (after.headers["ecas-document"], after.body) == ("sent", document.content)
    told = base64.b64encode(hashlib.sha256(after.body).digest()).decode()
    assert after.headers["content-digest"] == f"sha-256=:{told}:"


def test_what_cannot_be_built_again_is_not_shown_as_sent(api, caller, response, assert_problem):
    """Where no package at hand builds the bytes that the receipt names, that is said, and nothing else is shown for it."""
    (submission,) = caller.submit(response(), key="k").data["submissions"]
    _deliver(api, submission["id"], digest="sha-256:0")
    answer = caller.ask("GET", f"/v1/submissions/{submission['id']}/document")
    assert_problem(answer, 409, "not-reproducible")


def test_what_is_blocked_has_no_document(caller, response, assert_problem):
    """What judging stopped has no document, and its report says why."""
    (submission,) = caller.submit(response(LDF_SLEEP="4"), key="k").data["submissions"]
    assert_problem(caller.ask("GET", f"/v1/submissions/{submission['id']}/document"), 409, "no-document")


@pytest.mark.parametrize(
    ("changed", "query", "mapped"),
    [
        ({}, "", True),
        ({"LDF_SLEEP": "4"}, "", False),
        ({"ASSESSOR_KEY": "EX-9999-9999"}, "", False),
        ({"ASSESSOR_KEY": "EX-9999-9999"}, "?force=true", True),
        ({"ASSESSOR_KEY": "EX-9999-9999"}, "?certification=false", True),
        ({"LDF_SLEEP": "4"}, "?force=true", False),
    ],
)
def test_map_shows_the_document_and_writes_nothing(caller, response, changed, query, mapped):
    """A payload's document is shown where judging lets it leave, or by force where one can be built at all."""
    answer = caller.ask("POST", f"/v1/map{query}", response(**changed))
    (one,) = answer.data["assessments"]
    assert (answer.status, one["ordinal"], one["document"] is not None) == (200, 0, mapped)
    if mapped:
        assert one["document"]["content"].startswith("<?xml")
        assert one["document"]["provisional"] is True
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []


def test_map_and_submission_show_the_same_document(caller, response):
    """What map shows of a payload is what is sent of it."""
    (mapped,) = caller.ask("POST", "/v1/map", response()).data["assessments"]
    (submission,) = caller.submit(response(), key="k").data["submissions"]
    shown = caller.ask("GET", f"/v1/submissions/{submission['id']}/document")
    assert shown.body.decode() == mapped["document"]["content"]


def test_a_payload_is_the_batch(caller, response):
    """Each assessment of a payload has its own outcome, in order, with all that was found of it."""
    entries = [{"resource": json.loads(response(DOCUMENT_ID=f"d-{n}", LDF_SLEEP=n))} for n in "14"]
    content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    taken = caller.submit(content, key="k").data
    assert [one["state"] for one in taken["submissions"]] == ["ready", "blocked"]
    first, second = taken["outcomes"]
    assert [one["submission"] for one in (first, second)] == [one["id"] for one in taken["submissions"]]
    assert (first["conformance"], first["findings"]) == ("conforms", [])
    assert (second["conformance"], [finding["rule"] for finding in second["findings"]]) == (
        "does-not-conform",
        ["S004"],
    )


@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/validate", "/v1/map", "/fhir"])
def test_more_assessments_than_are_taken_at_once_are_refused(api, caller, response, path, assert_problem):
    """A payload above the limit is refused whole, and says how many there were and how many may be."""
    entries = [{"resource": json.loads(response(DOCUMENT_ID=f"d-{n}"))} for n in range(3)]
    content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    service = api.service
    api.app.state.service = dataclasses.replace(service, intake=dataclasses.replace(service.intake, at_most=2))
    try:
        answer = caller.ask("POST", path, content, idempotency_key="k", content_type="application/fhir+json")
    finally:
        api.app.state.service = service
    assert answer.status == 413
    if path != "/fhir":
        assert_problem(answer, 413, "too-many-assessments")
        assert (answer.data["count"], answer.data["most"]) == (3, 2)
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []
