"""The scope of a consent over HTTP: written down for one member of one's own, and for nobody else's."""

from __future__ import annotations

import json

import pytest

SCOPE = {"purpose": "Care.", "recipient": "ecas", "given_on": "2026-01-05", "note": "Form 7."}


def test_a_scope_is_written_down(caller):
    """For a member by the agency's own number, of whom nothing has come yet: it is remembered."""
    answer = caller.ask("POST", "/v1/consents/scopes", json.dumps({**SCOPE, "member_local_id": "RB-1"}).encode())
    assert (answer.status, answer.data["released"]) == (200, 0)
    assert answer.data["id"].startswith("csc_")


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"member_id": "100000000001", "member_local_id": "RB-1"},
        {"member_id": "100000000001", "expires_on": "2026-01-04"},
        {"member_id": "100000000001", "recipient": "The State"},
        {"member_id": "100000000001", "purpose": "a\u0007b"},
    ],
)
def test_what_is_no_scope_is_refused(caller, changed, assert_problem):
    """No member or two, an end before its beginning, a recipient that is no destination, a purpose that XML cannot carry."""
    answer = caller.ask("POST", "/v1/consents/scopes", json.dumps({**SCOPE, **changed}).encode())
    assert_problem(answer, 422, "wrong-parameter")


def test_anothers_submission_names_nobody(caller, assert_problem):
    """What is not there and what is another's read the same."""
    answer = caller.ask("POST", "/v1/consents/scopes", json.dumps({**SCOPE, "submission": "sub_none"}).encode())
    assert_problem(answer, 404, "not-found")
