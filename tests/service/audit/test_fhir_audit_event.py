"""The trail in FHIR: every kind of entry is a valid R4 AuditEvent, and names no member."""

from __future__ import annotations

import json

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from service.api.audited import ROUTES
from service.audit.deed import ANSWERED, SENT
from service.audit.entry import Entry, Outcome
from service.audit.fhir_audit_event import as_audit_event

ENTRY = Entry("riverbend", 7, 1_794_823_200_000, "submission.read", "done", "key_a", "auditor", "submission", "sub_1",
              "status=200", "", "req_1", "ab" * 32)  # fmt: skip
ACTIONS = sorted({told.action for told in ROUTES.values()} | {SENT, ANSWERED, "service.started", "ecas hold"})


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("outcome", [*Outcome], ids=[one.value for one in Outcome])
def test_every_entry_is_a_valid_audit_event(action, outcome):
    """Judged by fhir.resources, with and without what may be empty."""
    whole = ENTRY._replace(action=action, outcome=outcome.value)
    for entry in (whole, whole._replace(agency="", about="", kind="", detail="", request="", principal="")):
        assert AuditEvent.model_validate_json(json.dumps(as_audit_event(entry))).outcome in {"0", "4", "8"}


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        ("submission.submit", "C"),
        ("submission.read", "R"),
        ("submission.disclosure", "R"),
        ("submission.release", "U"),
        ("credential.revoked", "D"),
        ("replay.order", "E"),
    ],
)
def test_an_action_has_its_verb(action, verb):
    """Created, read, updated, deleted; everything else was executed."""
    assert as_audit_event(ENTRY._replace(action=action))["action"] == verb


def test_a_send_is_a_disclosure_to_the_state():
    """Its subtype says so, and the state is an agent beside whoever sent it."""
    event = as_audit_event(ENTRY._replace(action=SENT, principal="wrk_1", role="system", request=""))
    assert "disclose" in [one["code"] for one in event["subtype"]]
    assert [(one["who"]["identifier"]["value"], one["requestor"]) for one in event["agent"]] == [
        ("wrk_1", True), ("ecas", False),
    ]  # fmt: skip


def test_the_chain_can_be_found_from_an_event():
    """Number and digest stand in it, so that a copy in another system can be held against the trail."""
    event = as_audit_event(ENTRY)
    details = {one["type"]: one["valueString"] for one in event["entity"][0]["detail"]}
    assert (details["number"], details["digest"]) == ("7", "ab" * 32)
    assert [one["what"]["identifier"]["value"] for one in event["entity"]] == ["riverbend/7", "sub_1", "req_1"]
