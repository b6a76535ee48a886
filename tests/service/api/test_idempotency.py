from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor


def _listed(caller):
    return caller.ask("GET", "/v1/submissions").data["submissions"]


def test_the_same_request_is_answered_the_same(caller, response):
    """The same key with the same body is answered byte for byte as before, says so, and takes nothing."""
    first, again = (caller.submit(response(), key="monday") for _ in range(2))
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert len(_listed(caller)) == 1


def test_a_refusal_is_answered_again_too(caller, assert_problem):
    """A payload that could not be read is refused with the same findings, and as the same kind of answer."""
    first, again = (caller.submit(b"strange", key="monday") for _ in range(2))
    assert_problem(again, 422, "unreadable-payload")
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"


def test_the_same_key_with_another_body_is_refused(caller, response, assert_problem):
    """A key names one request for ever; another payload under it is not taken."""
    caller.submit(response(), key="monday")
    assert_problem(caller.submit(response(DOCUMENT_ID="other"), key="monday"), 422, "idempotency-key-reused")
    assert len(_listed(caller)) == 1


def test_the_same_key_with_another_format_is_refused(caller, response, assert_problem):
    """What the payload is to be read as belongs to the request."""
    caller.submit(response(), key="monday")
    assert_problem(caller.submit(response(), key="monday", query="?format=fhir"), 422, "idempotency-key-reused")


def test_another_key_with_the_same_assessment_takes_nothing_twice(caller, response):
    """The same document under another key is answered with the submission that carries it already."""
    (first,) = caller.submit(response(), key="monday").data["submissions"]
    (again,) = caller.submit(response(), key="tuesday").data["submissions"]
    assert again["id"] == first["id"]
    assert len(_listed(caller)) == 1


def test_sixteen_racing_clients_make_one_submission(caller, response):
    """However many send the same request at once, one is taken and all get its answer."""
    content = response()
    with ThreadPoolExecutor(16) as clients:
        answers = list(clients.map(lambda _: caller.submit(content, key="race"), range(16)))
    assert [answer.status for answer in answers] == [202] * 16
    assert len({answer.body for answer in answers}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in answers) == 1
    assert len(_listed(caller)) == 1


def test_of_racing_bodies_one_wins(caller, response):
    """Different bodies under one key: the first is taken, every other one is told so."""
    contents = [response(DOCUMENT_ID=f"document-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(lambda content: caller.submit(content, key="race"), contents))
    assert sorted(answer.status for answer in answers) == [202] + [422] * 7
    assert len(_listed(caller)) == 1
