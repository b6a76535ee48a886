from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from canonical.outcome import Receipt
from canonical.submission import State
from canonical.verdict import Verdict
from service.api import shapes
from service.outbox.outbox import Settlement

MINUTE = timedelta(minutes=1)


def _fresh() -> str:
    return str(uuid.uuid4())


def test_what_conforms_is_taken_and_ready(caller, response):
    """A payload that conforms is answered 202 with a submission that may leave."""
    answer = caller.submit(response(), key="first")
    assert answer.status == 202
    taken = shapes.TakenShape.model_validate_json(answer.body)
    (submission,) = taken.submissions
    assert (submission.state, submission.holds, submission.attempts) == (State.READY, [], 0)
    assert (submission.agency, submission.document_id) == (caller.id, "example-01")
    assert taken.findings == []


@pytest.mark.parametrize(
    ("changed", "state", "holds"),
    [
        ({"LDF_SLEEP": "4"}, "blocked", []),
        ({"AGENCY_ID": "another-agency"}, "blocked", []),
        ({"ASSESSOR_KEY": "EX-9999-9999"}, "held", ["unknown_key"]),
        ({"CONSENT": None, "CONSENT_DATE": None}, "held", ["consent"]),
    ],
)
def test_judging_decides_where_a_submission_begins(caller, response, changed, state, holds):
    """What does not conform is taken too, and blocked; what has a cure waits for it."""
    (submission,) = caller.submit(response(**changed), key="judged").data["submissions"]
    assert (submission["state"], submission["holds"]) == (state, holds)


def test_its_report_says_where_the_fault_is(caller, response):
    """The report of a blocked submission has the shape of ecas validate, and the line in the payload, never the value."""
    (submission,) = caller.submit(response(LDF_SLEEP="4"), key="judged").data["submissions"]
    answer = caller.ask("GET", f"/v1/submissions/{submission['id']}/report")
    report = shapes.ReportShape.model_validate_json(answer.body)
    (finding,) = report.findings
    assert (finding.rule, finding.items, report.checked) == ("S004", ["LDF_SLEEP"], 1)
    assert finding.sources[0].file == f"payload:{submission['payload']}"
    assert finding.sources[0].line == 1
    assert report.conformance == "does-not-conform"


def test_its_events_tell_the_way(caller, response):
    """The moves of a submission are told, oldest first."""
    (submission,) = caller.submit(response(), key="moved").data["submissions"]
    answer = caller.ask("GET", f"/v1/submissions/{submission['id']}/events")
    events = shapes.EventsShape.model_validate_json(answer.body).events
    assert [(event.was, event.became) for event in events] == [(None, "received"), ("received", "ready")]


def test_the_state_s_word_is_shown(api, caller, response):
    """After delivery the verdict, the tracking id and the whole receipt can be asked for."""
    (submission,) = caller.submit(response(), key="delivered").data["submissions"]
    _deliver(api, submission["id"], b"<Receipt>taken</Receipt>")
    shown = caller.ask("GET", f"/v1/submissions/{submission['id']}")
    entry = shapes.ShownShape.model_validate_json(shown.body)
    assert (entry.state, entry.verdict, entry.receipt, entry.attempts) == ("accepted", "accepted", "T-1", 1)
    receipts = caller.ask("GET", f"/v1/submissions/{submission['id']}/receipts")
    assert receipts.data == {"receipts": ["<Receipt>taken</Receipt>"]}


def test_a_payload_without_any_assessment_is_refused_with_its_findings(caller, assert_problem):
    """What no adapter can read is a problem that says what was expected, and leaves no submission."""
    answer = caller.submit(b"neither this nor that", key="strange")
    assert_problem(answer, 422, "unreadable-payload")
    finding = shapes.FindingShape.model_validate(answer.data["findings"][0])
    assert finding.rule == "A001"
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []


def test_pages_follow_one_another(caller, response):
    """Pages hold the newest first, each submission once, and the last page names no next one."""
    sent = [caller.submit(response(DOCUMENT_ID=_fresh()), key=str(n)).data["submissions"][0]["id"] for n in range(4)]
    seen, after, pages = [], "", 0
    while after is not None:
        page = caller.ask("GET", f"/v1/submissions?limit=2{f'&after={after}' if after else ''}")
        shapes.PageShape.model_validate_json(page.body)
        seen += [submission["id"] for submission in page.data["submissions"]]
        after, pages = page.data["next"], pages + 1
    assert (seen, pages) == (sent[::-1], 2)


def test_the_list_can_be_narrowed_to_a_state(caller, response):
    """Only submissions of the asked state are listed."""
    caller.submit(response(DOCUMENT_ID=_fresh()), key="good")
    (blocked,) = caller.submit(response(LDF_SLEEP="4"), key="bad").data["submissions"]
    assert [s["id"] for s in caller.ask("GET", "/v1/submissions?state=blocked").data["submissions"]] == [blocked["id"]]


@pytest.mark.parametrize(
    "query", ["state=gone", "limit=0", "limit=many", f"limit={'9' * 5000}", "after=0", "after=%00"]
)
def test_a_wrong_parameter_is_named_and_not_repeated(caller, query, assert_problem):
    """A parameter of another form is refused by its name alone."""
    answer = caller.ask("GET", f"/v1/submissions?{query}")
    assert_problem(answer, 422, "wrong-parameter")
    assert answer.data["fields"] == [{"in": "query", "name": query.split("=")[0]}]


@pytest.mark.parametrize("key", [None, "", " ", "a b", "\xe9", "k" * 256])
def test_a_submission_needs_an_idempotency_key(caller, response, key, assert_problem):
    """Without an Idempotency-Key of visible ASCII nothing is taken."""
    headers = {} if key is None else {"idempotency_key": key}
    answer = caller.ask("POST", "/v1/submissions", response(), **headers)
    assert_problem(answer, 400, "no-idempotency-key")


def test_a_format_that_does_not_exist_is_refused(caller, response, assert_problem):
    """The format is one of ours."""
    assert_problem(caller.submit(response(), key="k", query="?format=canary"), 422, "wrong-parameter")


def test_validate_writes_nothing_down(caller, response):
    """POST /v1/validate answers the report of design.md section 8 and leaves no submission."""
    answer = caller.ask("POST", "/v1/validate", response(LDF_SLEEP="4"))
    report = shapes.ReportShape.model_validate_json(answer.body)
    assert (answer.status, report.conformance, report.not_checked) == (200, "does-not-conform", [])
    assert [(f.rule, f.sources[0].file) for f in report.findings] == [("S004", "payload")]
    assert caller.ask("GET", "/v1/submissions").data == {"submissions": [], "next": None}


def test_validate_can_leave_certification_out(caller, response):
    """certification=false leaves the keys out, and the report says so."""
    unknown = response(ASSESSOR_KEY="EX-9999-9999")
    with_keys = caller.ask("POST", "/v1/validate", unknown).data
    without = caller.ask("POST", "/v1/validate?certification=false", unknown).data
    assert [finding["rule"] for finding in with_keys["findings"]] == ["C001"]
    assert (without["findings"], without["not_checked"]) == ([], ["certification"])


def _deliver(api, submission, content):
    """Record that the state took one submission, as a worker would."""
    outbox = api.service.outbox
    receipt = Receipt(
        tracking_id="T-1", verdict=Verdict.ACCEPTED, document_id="example-01", digest="sha-256:0", content=content
    )
    accepted = Settlement(state=State.ACCEPTED, outcome="Accepted", why="The state took it.", receipt=receipt)
    (claim,) = (c for c in outbox.claim("ecas", "worker", limit=100, lease=MINUTE) if c.submission == submission)
    outbox.settle(claim, accepted)
