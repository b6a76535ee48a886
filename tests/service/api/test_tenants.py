from __future__ import annotations

import json
import re

import pytest

CANARY = "canary-7f3a"


@pytest.fixture(scope="module")
def world(api, response):
    """Three agencies; the first has a submission whose every text is a canary."""
    owner, other, third = api.caller(), api.caller(), api.caller()
    content = response(DOCUMENT_ID=CANARY, MEMBER_LAST_NAME=CANARY, LDF_SLEEP="4")
    (submission,) = owner.submit(content, key=CANARY).data["submissions"]
    return api, owner, [other, third], submission


def _routes(api):
    document = api.ask("GET", "/openapi.json").data
    return [(method.upper(), path) for path, operations in document["paths"].items() for method in operations]


def _ids(submission):
    """The forms in which an id may be tried."""
    real = submission["id"]
    return [real, real.upper(), f"{real}%20", f"%2e%2e/{real}", submission["payload"], CANARY, f"{real}%00", "%ff", "*"]


def test_another_agency_sees_nothing_on_any_route(world):
    """Whatever route and form of id, a stranger's key gets the same as for what never was, and no byte of it."""
    api, _, strangers, submission = world
    asked = 0
    for method, path in _routes(api):
        for stranger in strangers:
            for id_ in _ids(submission):
                answer = stranger.ask(method, path.replace("{submission}", id_), b"{}" if method == "POST" else None)
                asked += 1
                if path.startswith("/v1"):
                    assert submission["id"] not in answer.whole
                    assert CANARY not in answer.whole
                if "{submission}" in path:
                    assert answer.status == 404
    assert asked >= 100


@pytest.mark.parametrize("query", ["", "?state=blocked", "?limit=1000"])
def test_a_stranger_s_list_is_empty(world, query):
    """No filter opens another agency's list; a cursor of its ids is unknown (test_lists.py)."""
    _, _, strangers, submission = world
    for stranger in strangers:
        answer = stranger.ask("GET", f"/v1/submissions{query.format(id=submission['id'])}")
        assert answer.data == {"submissions": [], "next": None}


def test_a_stranger_s_idempotency_key_is_its_own(world, response):
    """The same Idempotency-Key of two agencies names two requests: nothing is replayed across."""
    api, _, _, submission = world
    answer = api.caller().submit(response(), key=CANARY)
    assert answer.status == 202
    assert "idempotency-replayed" not in answer.headers
    assert answer.data["submissions"][0]["id"] != submission["id"]


def test_not_there_and_not_yours_read_the_same(world):
    """A stranger cannot tell another agency's submission from one that never was."""
    _, _, strangers, submission = world
    never = re.sub(r"[a-z]", "z", submission["id"][4:])
    bodies = {strangers[0].ask("GET", f"/v1/submissions/{id_}").body for id_ in (submission["id"], f"sub_{never}")}
    assert len(bodies) == 1


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer ecas_",
        f"Bearer {CANARY}",
        "Bearer ecas_" + "A" * 43,
        "Bearer ecas_" + "A" * 9000,
        "Basic ZWNhczplY2Fz",
        "Bearer \xff\xfe",
        "Bearer ' OR 1=1 --",
    ],
)
def test_without_a_key_that_works_no_route_opens(world, authorization, assert_problem):
    """No key, a wrong key and a strange key are refused on every route of /v1, whatever else the request holds."""
    api, _, _, submission = world
    headers = {} if authorization is None else {"Authorization": authorization}
    for method, path in _routes(api):
        if not path.startswith("/v1"):
            continue
        address = path.replace("{submission}", submission["id"])
        answer = api.ask(method, f"{address}?limit=wrong&format={CANARY}", headers=headers)
        assert_problem(answer, 401, "no-valid-key")
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert CANARY not in answer.whole


def test_the_key_counts_in_its_header_alone(world):
    """A good key in the query or a cookie opens nothing."""
    api, owner, _, _ = world
    assert api.ask("GET", f"/v1/submissions?api_key={owner.key}").status == 401
    assert api.ask("GET", "/v1/submissions", headers={"Cookie": f"Authorization={owner.key}"}).status == 401


@pytest.mark.parametrize("member", ["agency", "tenant"])
def test_the_tenant_comes_from_the_key_alone(world, response, member):
    """An agency named in the query, a header or the payload itself is never believed."""
    api, owner, _, _ = world
    stranger = api.caller()
    content = json.loads(response(AGENCY_ID=owner.id, DOCUMENT_ID=f"of-{member}"))
    answer = stranger.ask(
        "POST",
        f"/v1/submissions?{member}={owner.id}",
        json.dumps({**content, "id": owner.id}).encode(),
        idempotency_key=member,
        X_Agency=owner.id,
    )
    assert [one["agency"] for one in answer.data["submissions"]] == [stranger.id]
    assert f"of-{member}" not in owner.ask("GET", "/v1/submissions").whole


def test_a_revoked_key_closes_at_once(api, response):
    """A rotated or revoked key opens nothing from the next request on; the new one sees all that was."""
    caller = api.caller()
    caller.submit(response(), key="k")
    old, caller.key = caller.key, api.service.credentials.keys.rotate(caller.id).key
    assert len(caller.ask("GET", "/v1/submissions").data["submissions"]) == 1
    assert api.ask("GET", "/v1/submissions", headers={"Authorization": f"Bearer {old}"}).status == 401
    api.service.credentials.keys.revoke(caller.id)
    assert caller.ask("GET", "/v1/submissions").status == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"])
def test_other_methods_are_problems(world, method):
    """A method that a route does not take is refused, and says nothing of what is there."""
    _, owner, _, submission = world
    for path in ("/v1/submissions", f"/v1/submissions/{submission['id']}", "/v1/validate", "/healthz"):
        answer = owner.ask(method, path)
        assert answer.status == 405
        assert answer.headers["allow"] == {"/v1/submissions": "GET, POST", "/v1/validate": "POST"}.get(path, "GET")
        assert CANARY not in answer.whole


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v2/submissions", "/v1/submissions/", "/docs", "/redoc", f"/{CANARY}", "/..%2f.."]
)
def test_unknown_paths_are_problems(world, path, assert_problem):
    """An address that is none is a problem that does not repeat it, and never a redirect."""
    _, owner, _, _ = world
    answer = owner.ask("GET", f"{path}?{CANARY}={CANARY}")
    assert_problem(answer, 404, "not-found")
    assert CANARY not in answer.whole
