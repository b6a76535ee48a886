from __future__ import annotations

import json

import pytest
from lxml import html

from service.routes import Route


def note(text: str = "entered 16 November, confirmation 8812, Robin") -> bytes:
    return json.dumps({"note": text}).encode()


@pytest.fixture
def by_hand(api, caller):
    """Return an agency whose people enter everything."""
    api.service.routes.set(caller.id, Route.VIRTUAL_GATEWAY, actor="tester", note="")
    return caller


def handed(caller, response, key: str = "one", **changed):
    (entry,) = caller.submit(response(**changed), key=key).data["submissions"]
    assert entry["state"] == "handed_off"
    return entry


def test_what_people_are_to_enter_is_listed(by_hand, response):
    """Oldest first, with owner, age, programme and what waits behind it."""
    first = handed(by_hand, response)
    second = handed(by_hand, response, key="two", DOCUMENT_ID="the-next-one")
    found = by_hand.ask("GET", "/v1/handoffs").data["handoffs"]
    assert [one["submission"]["id"] for one in found] == [first["id"], second["id"]]
    assert [(one["submission"]["owner"], one["age_days"], one["programme"]) for one in found] == [("own", 0, "IHT")] * 2
    assert (found[0]["before"], found[1]["after"]) == ([second["id"]], [first["id"]])
    assert by_hand.ask("GET", "/v1/handoffs?limit=1").data["handoffs"] == found[:1]


def test_a_hand_off_is_closed_by_a_person_s_word(by_hand, response):
    """The note is kept with its history; after that it is on no list, and closed for good."""
    entry = handed(by_hand, response)
    assert by_hand.ask("POST", f"/v1/submissions/{entry['id']}/close", note()).data["state"] == "closed"
    assert by_hand.ask("GET", "/v1/handoffs").data == {"handoffs": []}
    last = by_hand.ask("GET", f"/v1/submissions/{entry['id']}/events").data["events"][-1]
    (key,) = by_hand.api.service.credentials.keys.of(by_hand.id)
    assert (last["became"], last["actor"]) == ("closed", f"the agency ({key.id})")
    assert last["note"] == "entered 16 November, confirmation 8812, Robin"


@pytest.mark.parametrize("body", [b"{}", b'{"note": ""}', b"", b'{"note": "n", "more": 1}'])
def test_without_a_word_nothing_is_closed(by_hand, response, assert_problem, body):
    """A note is needed: who, when, which confirmation."""
    entry = handed(by_hand, response)
    assert_problem(by_hand.ask("POST", f"/v1/submissions/{entry['id']}/close", body), 422, "wrong-parameter")
    assert by_hand.ask("GET", f"/v1/submissions/{entry['id']}").data["state"] == "handed_off"


def test_what_the_service_sends_itself_is_neither_printed_nor_closed(caller, response, assert_problem):
    """Only what was handed off is entered by hand."""
    (entry,) = caller.submit(response(), key="one").data["submissions"]
    assert entry["state"] == "ready"
    assert_problem(caller.ask("GET", f"/v1/submissions/{entry['id']}/worksheet"), 409, "not-handed-off")
    assert_problem(caller.ask("POST", f"/v1/submissions/{entry['id']}/close", note()), 409, "not-handed-off")


def test_the_worksheet_is_a_page_that_runs_nothing(by_hand, response):
    """HTML under a policy that allows its style and nothing else, never kept, with a name that tells nothing."""
    entry = handed(by_hand, response, MEMBER_LAST_NAME="<script>canary-91d2</script>")
    answer = by_hand.ask("GET", f"/v1/submissions/{entry['id']}/worksheet")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'inline; filename="worksheet-{entry["id"]}.html"'
    tree = html.fromstring(answer.body)
    assert tree.xpath("//script") == []
    assert "<script>canary-91d2</script>" in tree.text_content()


def test_the_certification_key_is_printed_when_it_is_asked_for(by_hand, response):
    """The key is a credential: by default it is not on the sheet."""
    entry = handed(by_hand, response)
    place = f"/v1/submissions/{entry['id']}/worksheet"
    assert b"EX-0001-0001" not in by_hand.ask("GET", place).body
    assert b"EX-0001-0001" in by_hand.ask("GET", f"{place}?with_key=true").body
