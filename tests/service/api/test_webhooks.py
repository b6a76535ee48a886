"""Webhooks over HTTP: an administrator's own, each secret shown once, and no word of an address that is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from service.credentials.principal import Role
from service.outbox.engine import writing
from service.tenants.tenant import EVERY
from service.webhooks.endpoint import OffCause
from service.webhooks.endpoints import MOST
from service.webhooks.posting import Answer

URL = "https://hooks.example.org/canary-3fd1?token=canary-77aa"


def add(caller, url: str = URL, **more: object):
    return caller.ask("POST", "/v1/webhooks", json.dumps({"url": url, **more}))


def say(caller, id_: str, word: str, given: object = None):
    return caller.ask("POST", f"/v1/webhooks/{id_}/{word}", json.dumps({} if given is None else given))


@pytest.fixture
def made(caller):
    answer = add(caller)
    assert answer.status == 201
    return answer.data["id"]


def test_a_webhook_is_made_and_shown(caller):
    """The secret is in one answer and in no other."""
    answer = add(caller, states=["accepted", "rejected"])
    assert answer.status == 201
    assert answer.data["secret"].startswith("whsec_")
    shown = caller.ask("GET", f"/v1/webhooks/{answer.data['id']}")
    assert shown.data["url"] == URL
    assert shown.data["states"] == ["accepted", "rejected"]
    assert (shown.data["waiting"], shown.data["off_at"]) == (0, None)
    assert caller.ask("GET", "/v1/webhooks").data == {"webhooks": [shown.data]}
    for path in (f"/v1/webhooks/{answer.data['id']}", "/v1/webhooks", f"/v1/webhooks/{answer.data['id']}/messages"):
        assert answer.data["secret"] not in caller.ask("GET", path).whole


def test_a_submission_is_told(caller, made, response):
    """What is handed in is told from the first state on."""
    (entry,) = caller.submit(response(), key="k").data["submissions"]
    told = caller.ask("GET", f"/v1/webhooks/{made}/messages").data
    assert [one["submission"] for one in told["messages"]] == [entry["id"]] * 2
    assert [(one["number"], one["outcome"], one["tries"]) for one in told["messages"]] == [
        (2, "waiting", 0), (1, "waiting", 0),
    ]  # fmt: skip
    first = caller.ask("GET", f"/v1/webhooks/{made}/messages?limit=1").data
    rest = caller.ask("GET", f"/v1/webhooks/{made}/messages?limit=1&after={first['next']}").data
    assert (first["messages"] + rest["messages"], rest["next"]) == (told["messages"], None)
    assert caller.ask("GET", f"/v1/webhooks/{made}/messages?outcome=dead").data["messages"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://canary.example.org/", "https://127.0.0.1/canary", "https://user:canary@hooks.example.org/",
        "https://canary.example.org:22/", "https://[::1]/canary", "https://localhost:8080/canary", "canary", "https://2130706433/",
        "https://hooks.example.org/#canary",
    ],
)  # fmt: skip
def test_an_address_of_the_inside_is_refused(caller, assert_problem, url):
    """With one problem for all of them, which repeats nothing of the address."""
    answer = add(caller, url)
    assert_problem(answer, 422, "unfit-address")
    assert "canary" not in answer.whole
    assert caller.ask("GET", "/v1/webhooks").data == {"webhooks": []}


@pytest.mark.parametrize(
    "given", [{}, {"url": 7}, {"url": ""}, {"url": URL, "states": ["canary"]}, {"url": URL, "x": 1}, []]
)
def test_a_body_of_another_shape_is_refused(caller, assert_problem, given):
    """By our own names for what is wrong."""
    answer = caller.ask("POST", "/v1/webhooks", json.dumps(given))
    assert_problem(answer, 422, "wrong-parameter")
    assert "canary" not in answer.whole


def test_there_are_so_many_at_most(caller, assert_problem):
    """An agency has ten; one that is removed makes room."""
    ids = [add(caller).data["id"] for _ in range(MOST)]
    assert_problem(add(caller), 409, "too-many-webhooks")
    assert caller.ask("DELETE", f"/v1/webhooks/{ids[0]}").status == 204
    assert add(caller).status == 201


def test_a_rotation_shows_a_new_secret(caller, made):
    """And until when the one before signs too."""
    answer = say(caller, made, "rotate", {"overlap_hours": 2})
    assert answer.data["secret"].startswith("whsec_")
    assert caller.ask("GET", f"/v1/webhooks/{made}").data["secret_before_until"] == "2026-11-16T11:00:00.000Z"
    say(caller, made, "rotate", {"overlap_hours": 0})
    assert caller.ask("GET", f"/v1/webhooks/{made}").data["secret_before_until"] is None


def test_what_is_off_is_switched_on(api, caller, made, assert_problem):
    """Why it is off stands there; it is tested when it is on again."""
    with writing(api.service.engine, EVERY) as connection:
        api.service.mailbag._switch_off(connection, caller.id, made, OffCause.GONE, 1)
    shown = caller.ask("GET", f"/v1/webhooks/{made}").data
    assert (shown["off_cause"], shown["why"]) == ("gone", "It answered 410 Gone.")
    assert_problem(say(caller, made, "test"), 409, "webhook-off")
    assert say(caller, made, "on", {"resend": True}).data["off_cause"] is None
    message = say(caller, made, "test").data["message"]
    (told,) = caller.ask("GET", f"/v1/webhooks/{made}/messages").data["messages"]
    assert (told["id"], told["type"], told["submission"]) == (message, "webhook.test", None)


def test_a_removed_one_is_not_there(caller, made, assert_problem):
    """Nor are its messages, and nothing is left of address and secret."""
    assert caller.ask("DELETE", f"/v1/webhooks/{made}").status == 204
    for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/test"), ("GET", "/messages")):
        assert_problem(caller.ask(method, f"/v1/webhooks/{made}{path}"), 404, "not-found")


def test_another_agencys_is_not_there(api, caller, made, assert_problem):
    """404 for everything, and the other one's list is empty."""
    stranger = api.caller()
    for method, path, given in (
        ("GET", "", None), ("DELETE", "", None), ("POST", "/rotate", "{}"), ("POST", "/on", "{}"), ("POST", "/test", None),
        ("GET", "/messages", None),
    ):  # fmt: skip
        assert_problem(stranger.ask(method, f"/v1/webhooks/{made}{path}", given), 404, "not-found")
    assert stranger.ask("GET", "/v1/webhooks").data == {"webhooks": []}
    assert caller.ask("GET", f"/v1/webhooks/{made}").status == 200


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_see_them(api, caller, made, assert_problem, role):
    """Address and messages are for whoever keeps the keys."""
    key = api.service.credentials.keys.issue(caller.id, owner="Dana Whitfield", role=role).key
    answer = api.ask("GET", f"/v1/webhooks/{made}", None, {"Authorization": f"Bearer {key}"})
    assert_problem(answer, 403, "role-needed")


def test_each_deed_has_its_entry(caller, made):
    """Made, rotated, tested, switched on, removed: in the agency's trail, with who did it."""
    for word in ("rotate", "test", "on"):
        assert say(caller, made, word).status == 200
    caller.ask("DELETE", f"/v1/webhooks/{made}")
    told = [one["action"] for one in caller.ask("GET", f"/v1/audit?about={made}").data["entries"]]
    assert told == ["webhook.made", "webhook.rotated", "webhook.tested", "webhook.switched_on", "webhook.removed"]


def test_an_unknown_page_is_told(caller, made, assert_problem):
    """A cursor of nobody's, or of another endpoint's."""
    other = add(caller).data["id"]
    message = say(caller, other, "test").data["message"]
    for after in (message, "msg_zzzzzzzzzzzzzzzzzzzzzzzzzz"):
        assert_problem(caller.ask("GET", f"/v1/webhooks/{made}/messages?after={after}"), 400, "unknown-cursor")


def test_an_answer_of_an_endpoint_is_shown_as_its_status(api, caller, made):
    """And never by what it said."""
    say(caller, made, "test")
    (claim,) = [one for one in api.service.mailbag.exchange([], "one", room=100) if one.webhook == made]
    api.service.mailbag.exchange([(claim, Answer(status=503, retry_after=timedelta(hours=1)))], "one", room=0)
    (told,) = caller.ask("GET", f"/v1/webhooks/{made}/messages").data["messages"]
    assert (told["answer"], told["outcome"], told["tries"]) == ("503", "waiting", 1)
    assert caller.ask("GET", f"/v1/webhooks/{made}").data["failing_since"] == "2026-11-16T09:00:00.000Z"
