from __future__ import annotations

import dataclasses
import http.client
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.api import shapes
from service.crowding import Crowding, Full, Room
from service.outbox.crowd import Crowd


@pytest.fixture
def narrow(api):
    """Let so many wait: of one agency, and of all."""
    service = api.service

    def give(of_agency: int, in_all: int) -> None:
        crowding = Crowding(service.outbox.crowd, Room(of_agency=of_agency, in_all=in_all))
        api.app.state.service = dataclasses.replace(
            service, crowding=crowding, intake=dataclasses.replace(service.intake, crowding=crowding)
        )

    yield give
    api.app.state.service = service


def _listed(caller):
    return caller.ask("GET", "/v1/submissions").data["submissions"]


def test_a_full_queue_talks(caller, response, narrow, assert_problem):
    """An agency whose queue is full is told so with 429, how many wait, and when to come again; nothing was written."""
    narrow(2, 1_000_000)
    for number in range(2):
        assert caller.submit(response(DOCUMENT_ID=f"d-{number}"), key=f"k-{number}").status == 202
    answer = caller.submit(response(DOCUMENT_ID="d-2"), key="k-2")
    assert_problem(answer, 429, "queue-full")
    assert (answer.data["waiting"], answer.data["most"], answer.headers["retry-after"]) == (2, 2, "60")
    assert len(_listed(caller)) == 2
    narrow(3, 1_000_000)
    assert caller.submit(response(DOCUMENT_ID="d-2"), key="k-2").status == 202


def test_a_batch_is_taken_whole_or_not_at_all(caller, response, narrow, assert_problem):
    """A payload for half of whose assessments there is room is refused whole."""
    narrow(3, 1_000_000)
    caller.submit(response(DOCUMENT_ID="first"), key="first")
    entries = [{"resource": json.loads(response(DOCUMENT_ID=f"d-{n}"))} for n in range(3)]
    content = json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}).encode()
    assert_problem(caller.submit(content, key="batch"), 429, "queue-full")
    assert len(_listed(caller)) == 1


def test_an_answer_of_before_needs_no_room(caller, response, narrow):
    """Whoever repeats a request that was answered gets that answer, however full it is now."""
    narrow(1, 1_000_000)
    first, again = (caller.submit(response(), key="k") for _ in range(2))
    assert (again.status, again.body) == (202, first.body)


def test_what_is_blocked_takes_no_place(caller, response, narrow):
    """What the sender must repair does not wait here."""
    narrow(1, 1_000_000)
    for number in range(3):
        assert caller.submit(response(DOCUMENT_ID=f"d-{number}", LDF_SLEEP="4"), key=f"k-{number}").status == 202
    assert caller.submit(response(DOCUMENT_ID="good"), key="good").status == 202


def test_a_full_service_tells_nobody_of_others(api, caller, response, narrow, assert_problem):
    """Where all agencies together are too many it is 503, without a number of anybody's; FHIR says it in its words."""
    caller.submit(response(), key="k")
    narrow(1_000_000, 1)
    other = api.caller()
    answer = other.submit(response(), key="k")
    assert_problem(answer, 503, "service-full")
    assert answer.headers["retry-after"] == "60"
    assert not {"waiting", "most"} & set(answer.data)
    fhir = other.ask("POST", "/fhir", response(), content_type="application/fhir+json")
    assert (fhir.status, fhir.headers["retry-after"]) == (503, "60")
    assert fhir.data["issue"][0]["code"] == "transient"


def test_the_body_is_not_read_where_there_is_no_room(api, caller, response, narrow):
    """The refusal comes after the head alone, as that of a body that is too large does."""
    caller.submit(response(), key="k")
    narrow(1, 1_000_000)
    connection = api.connect()
    connection.putrequest("POST", "/v1/submissions")
    for name, value in (
        ("Authorization", f"Bearer {caller.key}"),
        ("Idempotency-Key", "x"),
        ("Content-Length", "5000000"),
    ):
        connection.putheader(name, value)
    connection.endheaders()
    assert connection.getresponse().status == http.client.TOO_MANY_REQUESTS
    connection.close()


def test_racing_requests_do_not_overrun_it(caller, response, narrow):
    """Sixteen at once take no more places than there are, but for those under way at the same moment in judging."""
    narrow(20, 1_000_000)
    contents = [response(DOCUMENT_ID=f"d-{n}") for n in range(60)]
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda pair: caller.submit(pair[1], key=f"k-{pair[0]}"), enumerate(contents)))
    taken = sum(answer.status == 202 for answer in answers)
    assert {answer.status for answer in answers} == {202, 429}
    assert taken == len(_listed(caller))
    assert 20 <= taken <= 20 + 16


def test_the_count_is_looked_at_once_a_second():
    """Between two looks what this process took is added, and nobody else's question costs the database anything."""
    looks, now = [], [100.0]

    def look():
        looks.append(now[0])
        return Crowd(of={"a": 3}, leaving=2)

    crowding = Crowding(look, Room(of_agency=5, in_all=9), clock=lambda: now[0])
    crowding.check("a", 2)
    crowding.took("a", 2)
    with pytest.raises(Full):
        crowding.check("a")
    crowding.check("b", 4)
    with pytest.raises(Full):
        crowding.check("b", 5)
    assert len(looks) == 1
    now[0] += 1.1
    crowding.check("a", 2)
    assert len(looks) == 2


def test_the_answer_tells_the_place_in_the_queue(api, caller, response):
    """What is taken learns how many of its child go first, how many at most of all, and what it waits for."""
    taken = [caller.submit(response(DOCUMENT_ID=f"d-{n}"), key=f"k-{n}").data["submissions"][0] for n in range(3)]
    assert [one["queue"]["ahead_in_lane"] for one in taken] == [0, 1, 2]
    assert all(one["queue"]["ahead"] >= one["queue"]["ahead_in_lane"] for one in taken)
    assert [wait["kind"] for wait in taken[2]["queue"]["waits_for"]] == ["earlier"]
    assert {one["queue"]["expected_at"] for one in taken} == {None}
    shown = caller.ask("GET", f"/v1/submissions/{taken[1]['id']}")
    queue = shapes.ShownShape.model_validate_json(shown.body).queue
    assert (queue.ahead_in_lane, queue.waits_for[0].kind) == (1, "earlier")


def test_what_is_held_says_for_what(caller, response):
    """A hold is told by its cause and in words; a place among those that leave it has none."""
    (held,) = caller.submit(response(ASSESSOR_KEY="EX-9999-9999"), key="k").data["submissions"]
    (wait,) = held["queue"]["waits_for"]
    assert (wait["kind"], wait["cause"], held["queue"]["ahead"]) == ("cause", "unknown_key", None)


def test_a_closed_road_is_told(api, caller, response):
    """A pause is told to whom it holds up, without an operator's own words; another agency's is not."""
    outbox, other = api.service.outbox, api.caller()
    outbox.pause("ecas", "canary of an operator", agency=caller.id)
    api.service.expecting._seen = None
    try:
        (mine,) = caller.submit(response(), key="k").data["submissions"]
        (theirs,) = other.submit(response(), key="k").data["submissions"]
    finally:
        outbox.resume("ecas", agency=caller.id)
        api.service.expecting._seen = None
    assert "pause" in [wait["kind"] for wait in mine["queue"]["waits_for"]]
    assert "pause" not in [wait["kind"] for wait in theirs["queue"]["waits_for"]]
    assert "canary" not in str(mine)
