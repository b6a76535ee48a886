from __future__ import annotations

import json

import pytest

KEY = "EX-7788-9900"
PERSON = {"last_name": "Ostrowski", "first_name": "Delphine", "keys": [{"key": KEY, "certified_on": "2025-03-11"}]}


def say(caller, method, path, body):
    return caller.ask(method, path, json.dumps(body))


@pytest.fixture
def added(caller):
    return say(caller, "POST", "/v1/assessors", PERSON).data["assessor"]


def test_an_assessor_is_added_and_listed_with_a_masked_key(caller):
    """201, the person as the roster has it now, and no key in any answer."""
    answer = say(caller, "POST", "/v1/assessors", PERSON)
    assert answer.status == 201
    assert answer.data["assessor"]["keys"][0]["key"] == "••••••00"
    listed = caller.ask("GET", "/v1/assessors")
    assert listed.data == {"assessors": [answer.data["assessor"]], "next": None}
    assert KEY not in answer.whole + listed.whole


def test_what_is_changed_keeps_what_was(api, caller, added):
    """A new name leaves the old one as a former name; dates and status change by the key's id; the history tells all."""
    body = {"last_name": "Ostrowski-Vale", "keys": [{"id": added["keys"][0]["id"], "expires_on": "2027-03-11"}]}
    answer = say(caller, "PATCH", f"/v1/assessors/{added['id']}", body)
    changed = answer.data["assessor"]
    assert (changed["last_name"], changed["former_names"]) == (
        "Ostrowski-Vale",
        ["Ostrowski, Delphine until 2026-11-16"],
    )
    assert (changed["keys"][0]["certified_on"], changed["keys"][0]["expires_on"]) == ("2025-03-11", "2027-03-11")
    assert [change.what for change in api.service.rosters.history(caller.id, added["id"])] == ["added", "changed"]


def test_an_edit_releases_what_waited_for_it(caller, response):
    """The answer says how many held submissions go on because of it."""
    content = response(ASSESSOR_KEY=KEY, ASSESSOR_NAME="Ostrowski, Delphine")
    say(caller, "POST", "/v1/assessors", {"last_name": "Somebody", "keys": [{"key": "EX-0000-0000"}]})
    (held,) = caller.submit(content, key="k").data["submissions"]
    assert held["holds"] == ["unknown_key"]
    assert say(caller, "POST", "/v1/assessors", {**PERSON, "first_name": "D."}).data["released"] == 0
    (person,) = [one for one in caller.ask("GET", "/v1/assessors").data["assessors"] if one["first_name"] == "D."]
    answer = say(caller, "PATCH", f"/v1/assessors/{person['id']}", {"first_name": "Delphine"})
    assert answer.data["released"] == 1
    assert caller.ask("GET", f"/v1/submissions/{held['id']}").data["state"] == "ready"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"last_name", "keys"}),
        ({**PERSON, "keys": []}, {"keys"}),
        ({**PERSON, "agency": "another"}, {"unknown"}),
        ({**PERSON, "canary-member": 1}, {"unknown"}),
        ({**PERSON, "last_name": "Ost\x00rowski"}, {"last_name"}),
        ({**PERSON, "keys": [{"key": KEY, "certified_on": "canary"}]}, {"keys.0.certified_on"}),
        ({**PERSON, "keys": [{"id": "crt_x"}]}, {"keys"}),
        ({**PERSON, "former_names": ["Vale until 2026-99-99"]}, {"former_names"}),
        ([], {""}),
    ],
    ids=range(9),
)
def test_a_wrong_body_is_told_by_its_members(caller, assert_problem, body, fields):
    """Only members of ours are named, and nothing that was sent is repeated."""
    answer = say(caller, "POST", "/v1/assessors", body)
    assert_problem(answer, 422, "wrong-parameter")
    assert {field["name"] for field in answer.data["fields"]} == fields
    assert "canary" not in answer.whole
    assert KEY not in answer.whole
    assert caller.ask("GET", "/v1/assessors").data["assessors"] == []


def test_a_key_stands_on_a_roster_once(caller, assert_problem):
    """A second person with it is refused; another agency may have the same person with the same key."""
    person = {**PERSON, "keys": [{"key": "EX-0011-0022"}]}
    say(caller, "POST", "/v1/assessors", person)
    assert_problem(say(caller, "POST", "/v1/assessors", {**person, "last_name": "Vale"}), 409, "key-on-roster")
    assert say(caller.api.caller(), "POST", "/v1/assessors", person).data["assessor"]["keys"][0]["conflict"] is False


def test_a_conflict_with_another_agency_is_told_to_both_and_names_nobody(api):
    """Each sees a flag; neither the other's name, nor its id, nor its key."""
    one, other = api.caller(), api.caller()
    first = say(one, "POST", "/v1/assessors", PERSON)
    second = say(other, "POST", "/v1/assessors", {**PERSON, "last_name": "Abernathy", "first_name": "Solveig"})
    assert second.data["assessor"]["keys"][0]["conflict"] is True
    mine = one.ask("GET", "/v1/assessors")
    assert mine.data["assessors"][0]["keys"][0]["conflict"] is True
    assert "Abernathy" not in mine.whole
    assert "Ostrowski" not in second.whole
    assert other.id not in mine.whole
    assert first.data["assessor"]["id"] not in second.whole


def test_another_agency_s_assessor_is_not_there(api, added, assert_problem):
    """Not shown, not changed, and the answer is that for an id that never was."""
    stranger = api.caller()
    assert stranger.ask("GET", "/v1/assessors").data["assessors"] == []
    for id_ in (added["id"], "asr_never", "%00"):
        assert_problem(say(stranger, "PATCH", f"/v1/assessors/{id_}", {"last_name": "Mine"}), 404, "not-found")


def test_another_person_s_key_cannot_be_changed_through_one_s_own(caller, added, assert_problem):
    """A key id of somebody else, of the same agency or of another, is no key of this person."""
    stranger = caller.api.caller()
    theirs = say(stranger, "POST", "/v1/assessors", PERSON).data["assessor"]
    body = {"keys": [{"id": theirs["keys"][0]["id"], "status": "archived"}]}
    assert_problem(say(caller, "PATCH", f"/v1/assessors/{added['id']}", body), 422, "wrong-parameter")
    assert stranger.ask("GET", "/v1/assessors").data["assessors"][0]["keys"][0]["status"] == "active"


def test_a_roster_comes_page_by_page(caller):
    """In the order of its coming; a cursor that is nobody's opens nothing."""
    for number in range(5):
        keys = [{"key": f"EX-{number:04}-00"}]
        say(caller, "POST", "/v1/assessors", {"last_name": f"Name{number}", "keys": keys})
    seen, after = [], ""
    while after is not None:
        page = caller.ask("GET", f"/v1/assessors?limit=2{f'&after={after}' if after else ''}").data
        seen += [one["last_name"] for one in page["assessors"]]
        after = page["next"]
    assert seen == [f"Name{number}" for number in range(5)]
    assert caller.ask("GET", "/v1/assessors?after=asr_never").data["assessors"] == []


def test_a_word_releases_and_stops_a_submission(caller, response, assert_problem):
    """With a note, which the events show; where a word does not fit, a problem says so."""
    say(caller, "POST", "/v1/assessors", PERSON)
    content = response(ASSESSOR_KEY=KEY, ASSESSOR_NAME="Vale, Delphine")
    (held,) = caller.submit(content, key="k").data["submissions"]
    path = f"/v1/submissions/{held['id']}"
    assert held["holds"] == ["name_change"]
    assert_problem(say(caller, "POST", f"{path}/release", {}), 422, "wrong-parameter")
    assert say(caller, "POST", f"{path}/release", {"note": "confirmed by phone"}).data["state"] == "ready"
    assert_problem(say(caller, "POST", f"{path}/release", {"note": "again"}), 409, "not-releasable")
    stopped = say(caller, "POST", f"{path}/hold", {"note": "wait"}).data
    assert (stopped["state"], stopped["holds"]) == ("held", ["person"])
    notes = [event["note"] for event in caller.ask("GET", f"{path}/events").data["events"]]
    assert notes == [None, None, "confirmed by phone", "wait"]
    for word in ("hold", "release"):
        assert_problem(say(caller.api.caller(), "POST", f"{path}/{word}", {"note": "mine"}), 404, "not-found")
