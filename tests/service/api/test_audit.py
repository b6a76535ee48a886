"""Requests in the audit trail: who looked at what, who was refused what, and no answer before it is written."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from service.api.audited import OPEN, ROUTES
from service.audit import trail
from service.audit.entry import Entry
from service.credentials.principal import Role
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY

CHILD = "Zebulon-canary"


def told(api, agency: str) -> list[Entry]:
    with reading(api.service.engine, EVERY) as connection:
        return [*trail.entries(connection, agency)]


def submitted(caller, response, key: str = "one") -> str:
    answer = caller.submit(response(MEMBER_FIRST_NAME=CHILD), key=key)
    return str(answer.data["submissions"][0]["id"])


def as_role(api, caller, role: Role):
    """Return the same agency with another key."""
    issued = api.service.credentials.keys.issue(caller.id, owner="Robin Example", role=role)
    return type(caller)(api, caller.id, issued.key)


def test_every_route_has_its_word(api):
    """No route is told by its template alone, and the table names none that is not there."""
    paths = api.ask("GET", "/openapi.json").data["paths"]
    routes = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    assert {route for route in routes if route[1] not in OPEN} == set(ROUTES)


@pytest.mark.parametrize(
    ("path", "action"),
    [
        ("/v1/submissions/{id}", "submission.read"),
        ("/v1/submissions/{id}/events", "submission.events.read"),
        ("/v1/submissions/{id}/report", "submission.report.read"),
        ("/v1/submissions", "submissions.listed"),
    ],
)
def test_whoever_looks_is_told(api, caller, response, path, action):
    """Who, at which submission, by which request; one entry for each look."""
    id_ = submitted(caller, response)
    before = len(told(api, caller.id))
    answer = caller.ask("GET", path.format(id=id_))
    (entry,) = told(api, caller.id)[before:]
    assert (entry.action, entry.outcome, entry.role) == (action, "done", "admin")
    assert entry.principal.startswith("key_")
    assert entry.request == answer.headers["correlation-id"]
    assert entry.about == (id_ if "{id}" in path else "")


def test_what_changes_is_told_once_and_by_its_word(api, caller, response):
    """A hold is one entry, of the transaction that holds; the submission's arrival is told by its two moves."""
    id_ = submitted(caller, response)
    caller.ask("POST", f"/v1/submissions/{id_}/hold", json.dumps({"note": f"{CHILD} moved."}).encode())
    entries = [entry for entry in told(api, caller.id) if entry.about == id_]
    assert [entry.action for entry in entries] == ["submission.submit", "submission.submit", "submission.hold"]
    assert [entry.detail for entry in entries][-1].endswith(">held")
    assert [bool(entry.note) for entry in entries] == [False, False, True]


def test_what_is_refused_is_told_without_what_was_named(api, caller):
    """An id that is not there may be anything: it is not kept."""
    before = len(told(api, caller.id))
    assert caller.ask("GET", "/v1/submissions/sub_zebuloncanary").status == 404
    (entry,) = told(api, caller.id)[before:]
    assert (entry.action, entry.outcome, entry.about, entry.detail) == ("submission.read", "refused", "", "status=404")


def test_a_role_that_may_not_is_told(api, caller):
    """A submitter who asks for the audit trail is refused, and the trail says so."""
    submitter = as_role(api, caller, Role.SUBMITTER)
    assert submitter.ask("GET", "/v1/audit").status == 403
    assert [(e.action, e.outcome, e.role) for e in told(api, caller.id)][-1] == ("audit.read", "refused", "submitter")


def test_an_auditor_reads_the_chain_of_one_agency_page_by_page(api, caller, response):
    """In its order, with the words of people; another agency's entries are not there, and reading is told too."""
    id_ = submitted(caller, response)
    caller.ask("POST", f"/v1/submissions/{id_}/hold", json.dumps({"note": "Asked by letter."}).encode())
    submitted(api.caller(), response)
    auditor = as_role(api, caller, Role.AUDITOR)
    entries, after = [], 0
    while after is not None:
        page = auditor.ask("GET", f"/v1/audit?limit=2&after={after}").data
        entries += page["entries"]
        after = page["next"] if len(entries) < 100 else None
        if page["entries"][-1]["action"] == "audit.read":
            break
    assert [entry["number"] for entry in entries] == [*range(1, len(entries) + 1)]
    assert "Asked by letter." in [entry["note"] for entry in entries]
    (about, *_) = auditor.ask("GET", f"/v1/audit?about={id_}").data["entries"]
    assert about["about"] == id_
    assert auditor.ask("GET", "/v1/audit?about=Zebulon").status == 422


def test_a_judgement_is_told_by_counts(api, caller, response):
    """How many assessments, and nothing of them."""
    assert caller.ask("POST", "/v1/validate", response(MEMBER_FIRST_NAME=CHILD)).status == 200
    entry = told(api, caller.id)[-1]
    assert (entry.action, entry.detail) == ("payload.validate", "status=200 assessments=1")


def test_nothing_of_a_record_is_in_the_trail(api, caller, response):
    """Whatever happened above: not the child's name, not the notes."""
    submitted(caller, response)
    with reading(api.service.engine, EVERY) as connection:
        rows = connection.execute(text("SELECT * FROM audit")).all()
    assert not re.search("zebulon", repr(rows), re.IGNORECASE)


def test_failed_logins_are_told_and_cannot_fill_the_disk(start):
    """The 1st, the 10th, the 100th of a minute: three entries for 150 requests."""
    api = start()
    for _ in range(150):
        assert api.ask("GET", "/v1/submissions", headers={"Authorization": "Bearer ecas_nobody"}).status == 401
    entries = [entry for entry in told(api, "") if entry.action == "authentication.refused"]
    assert [entry.detail.split()[0] for entry in entries] == ["this_minute=1", "this_minute=10", "this_minute=100"]
    assert {(entry.outcome, entry.principal) for entry in entries} == {("refused", "nobody")}


def test_a_look_that_cannot_be_written_down_is_not_answered(start, response):
    """Where the trail takes nothing, nobody sees anything."""
    api = start()
    caller = api.caller()
    id_ = submitted(caller, response)
    with writing(api.service.engine, EVERY) as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    answer = caller.ask("GET", f"/v1/submissions/{id_}")
    assert answer.status >= 500
    assert id_ not in answer.whole
