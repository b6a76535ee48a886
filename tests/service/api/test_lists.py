from __future__ import annotations

import json
import uuid

import pytest

from service.api import shapes

SEARCH = "/v1/submissions/search"


@pytest.fixture(scope="module")
def world(api, response):
    """One agency with a submission of each kind that a filter can tell apart, oldest first."""
    owner = api.caller()
    kinds = {
        "ready": {"SERVICE": "ICC"},
        "held": {"SERVICE": "OPT", "ASSESSOR_KEY": "EX-9999-9999"},
        "blocked": {"SERVICE": "OPT", "LDF_SLEEP": "4"},
    }
    ids = {
        name: owner.submit(response(DOCUMENT_ID=f"doc-{name}", **changed), key=name).data["submissions"][0]["id"]
        for name, changed in kinds.items()
    }
    return owner, ids


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["blocked", "held", "ready"]),
        ("state=held", ["held"]),
        ("cause=unknown_key", ["held"]),
        ("cause=gave_up", []),
        ("programme=OPT", ["blocked", "held"]),
        ("programme=OPT&state=blocked", ["blocked"]),
        ("received_from=2026-11-16T09:00:00Z", ["blocked", "held", "ready"]),
        ("received_from=2026-11-16T09:00:01Z", []),
        ("received_before=2026-11-16T09:00:00Z", []),
        ("received_before=2026-11-16T10:00:00%2B02:00", []),
        ("deadline_before=2031-01-01", ["held", "ready"]),
        ("deadline_before=2020-01-01", []),
    ],
)
def test_the_list_is_narrowed(world, query, found):
    """Each filter leaves what it names, newest first; filters add up."""
    owner, ids = world
    page = owner.ask("GET", f"/v1/submissions?{query}")
    shapes.PageShape.model_validate_json(page.body)
    assert [one["id"] for one in page.data["submissions"]] == [ids[name] for name in found]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, ["blocked", "held", "ready"]),
        ({"document_id": "doc-held"}, ["held"]),
        ({"document_id": "doc-blocked"}, ["blocked"]),
        ({"document_id": "doc-hel"}, []),
        ({"document_id": "DOC-HELD"}, []),
        ({"states": ["held", "ready"]}, ["held", "ready"]),
        ({"programme": ""}, []),
        ({"limit": 1}, ["blocked"]),
    ],
)
def test_a_search_finds_by_what_no_address_may_hold(world, given, found):
    """A document id travels in the body, is compared to the letter, and finds the agency's own alone."""
    owner, ids = world
    assert [one["id"] for one in owner.ask("POST", SEARCH, _json(given)).data["submissions"]] == [
        ids[name] for name in found
    ]


def test_a_stranger_finds_nothing_by_a_document_id(api, world):
    """A document id of another agency finds nothing, and says nothing."""
    assert api.caller().ask("POST", SEARCH, _json({"document_id": "doc-held"})).data == {
        "submissions": [],
        "next": None,
    }


def test_pages_are_stable_while_others_come(caller, response):
    """What comes in between two pages moves nothing: no submission is told twice or left out."""
    first = [_taken(caller, response) for _ in range(3)]
    page = caller.ask("POST", SEARCH, _json({"limit": 2})).data
    _taken(caller, response)
    rest = caller.ask("POST", SEARCH, _json({"limit": 2, "after": page["next"]})).data
    assert [one["id"] for one in (*page["submissions"], *rest["submissions"])] == first[::-1]
    assert rest["next"] is None


def test_an_unknown_cursor_is_told(world, api, assert_problem):
    """A cursor that is nobody's, and one that is another agency's, are the same problem, and no empty page."""
    _, ids = world
    stranger = api.caller()
    answers = [stranger.ask("GET", f"/v1/submissions?after={after}") for after in ("sub_never", ids["held"])]
    for answer in answers:
        assert_problem(answer, 400, "unknown-cursor")
    assert len({answer.body for answer in answers}) == 1
    assert_problem(stranger.ask("POST", SEARCH, _json({"after": ids["held"]})), 400, "unknown-cursor")
    assert_problem(stranger.ask("GET", "/v1/consents?after=wdr_never"), 400, "unknown-cursor")


@pytest.mark.parametrize("given", [{"documentid": "x"}, {"states": ["gone"]}, {"limit": 0}, {"document_id": ""}])
def test_a_wrong_search_is_named_and_not_repeated(caller, given, assert_problem):
    """A member of another form is refused by our own names alone."""
    assert_problem(caller.ask("POST", SEARCH, _json(given)), 422, "wrong-parameter")


def test_withdrawals_are_listed(caller, response):
    """Withdrawals of consent are listed newest first, page by page, without anybody's identifier."""
    for number in range(3):
        given = {"action": "withdraw", "member_local_id": f"canary-{number}", "note": f"letter {number}"}
        assert caller.ask("POST", "/v1/consents", _json(given)).status == 200
    page = caller.ask("GET", "/v1/consents?limit=2")
    rest = caller.ask("GET", f"/v1/consents?limit=2&after={page.data['next']}")
    assert [one["note"] for one in (*page.data["consents"], *rest.data["consents"])] == [
        "letter 2", "letter 1", "letter 0",
    ]  # fmt: skip
    assert "canary" not in page.whole


def test_the_packages_and_mappings_are_told(caller):
    """Whoever asks learns which package judges and which sends today, and which of its mappings is in force."""
    (package,) = caller.ask("GET", "/v1/specs").data["specs"]
    assert (package["version"], package["judges_today"], package["sends_today"]) == ("2026.1", True, True)
    assert caller.ask("GET", "/v1/mappings").data == {"mappings": []}


def _taken(caller, response):
    key = str(uuid.uuid4())
    return caller.submit(response(DOCUMENT_ID=key), key=key).data["submissions"][0]["id"]


def _json(given):
    return json.dumps(given).encode()
