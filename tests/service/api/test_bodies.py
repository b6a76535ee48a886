from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import resource
import socket
import time

import pytest

from service.api.bodies import Limits

CANARY = "canary-5d1e"
TEN = 10_000_000
_CHUNK = b"x" * 65536


def _head(caller, *lines, path="/v1/submissions"):
    """Return the head of a POST, written by hand."""
    given = [f"POST {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {caller.key}", "Idempotency-Key: k", *lines]
    return "\r\n".join([*given, "", ""]).encode()


def _open(api, timeout=20):
    connection = api.connect(timeout)
    connection.connect()
    return connection.sock


def _answer(sock):
    response = http.client.HTTPResponse(sock)
    response.begin()
    return response.status, json.loads(response.read()), response


@pytest.mark.parametrize("path", ["/v1/submissions", "/v1/validate"])
def test_a_hundred_megabytes_are_refused(caller, path, assert_problem):
    """A body far above the cap gets a clear answer although the sender never stops sending, and little memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = caller.ask(
        "POST", path, iter([_CHUNK] * 1600), Content_Length=str(len(_CHUNK) * 1600), idempotency_key="k"
    )
    assert_problem(answer, 413, "body-too-large")
    assert answer.headers["connection"] == "close"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # KiB


def test_a_body_that_says_it_is_too_large_is_refused_unread(api, caller):
    """The answer comes after the head alone: not a byte of the body is waited for."""
    with _open(api) as sock:
        sock.sendall(_head(caller, "Content-Length: 104857600"))
        status, problem, _ = _answer(sock)
    assert (status, problem["type"]) == (413, "urn:ecas-bridge:problem:body-too-large")


def test_a_patient_sender_is_not_even_told_to_go_on(api, caller):
    """A sender that expects 100-continue gets the refusal in its place."""
    with _open(api) as sock:
        sock.sendall(_head(caller, "Content-Length: 104857600", "Expect: 100-continue"))
        assert sock.recv(12) == b"HTTP/1.1 413"


def test_a_body_that_hides_its_length_is_refused_at_the_cap(api, caller):
    """A chunked body is cut off at the cap, however much would follow."""
    with _open(api) as sock:
        sock.sendall(_head(caller, "Transfer-Encoding: chunked"))
        for _ in range(TEN // len(_CHUNK) + 2):
            sock.sendall(b"10000\r\n" + _CHUNK + b"\r\n")
        status, problem, _ = _answer(sock)
    assert (status, problem["type"]) == (413, "urn:ecas-bridge:problem:body-too-large")


def test_the_largest_body_is_read(caller, assert_problem):
    """A body at the cap is read and judged, one byte more is not."""
    assert_problem(caller.submit(b"x" * TEN, key="at"), 422, "unreadable-payload")
    assert_problem(caller.submit(b"x" * (TEN + 1), key="above"), 413, "body-too-large")


def test_without_a_key_no_body_is_read(api, assert_problem):
    """Who has no key is refused after the head, however large the body."""
    with _open(api) as sock:
        sock.sendall(b"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
        status, problem, _ = _answer(sock)
    assert (status, problem["type"]) == (401, "urn:ecas-bridge:problem:no-valid-key")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", CANARY])
def test_encoded_bodies_are_refused_undecoded(caller, response, encoding, assert_problem):
    """A body with a Content-Encoding is refused whatever it holds: there is nothing to inflate."""
    answer = caller.ask(
        "POST", "/v1/submissions", gzip.compress(response()), idempotency_key="k", content_encoding=encoding
    )
    assert_problem(answer, 415, "encoded-body")
    assert CANARY not in answer.whole


def test_a_second_content_encoding_does_not_hide_behind_the_first(api, caller):
    """Every Content-Encoding line counts."""
    with _open(api) as sock:
        sock.sendall(_head(caller, "Content-Encoding: identity", "Content-Encoding: gzip", "Content-Length: 2") + b"{}")
        assert _answer(sock)[0] == 415


def test_forms_are_refused_with_the_way_out(caller, assert_problem):
    """A multipart form is refused, and the sentence says how to send the payload itself."""
    answer = caller.ask("POST", "/v1/validate", b"--x--", content_type="multipart/form-data; boundary=x")
    assert_problem(answer, 415, "multipart-body")
    assert "--data-binary" in answer.data["detail"]


_FHIR = '{"resourceType": "QuestionnaireResponse", "status": "completed", "item": [%s]}'
_HOSTILE = {
    "nothing": b"",
    "NaN": (_FHIR % f'{{"linkId": "{CANARY}", "answer": [{{"valueInteger": NaN}}]}}').encode(),
    "Infinity": (_FHIR % '{"linkId": "LDF_SLEEP", "answer": [{"valueDecimal": -Infinity}]}').encode(),
    "a number beyond any": (_FHIR % '{"linkId": "LDF_SLEEP", "answer": [{"valueInteger": 1e400}]}').encode(),
    "5,000 digits": (_FHIR % ('{"linkId": "LDF_SLEEP", "answer": [{"valueInteger": %s}]}' % ("9" * 5000))).encode(),
    "a lone surrogate": (
        _FHIR % f'{{"linkId": "MEMBER_LAST_NAME", "answer": [{{"valueString": "{CANARY}\\ud800"}}]}}'
    ).encode(),
    "a lone surrogate as link id": (
        _FHIR % f'{{"linkId": "{CANARY}\\udfff", "answer": [{{"valueString": "x"}}]}}'
    ).encode(),
    "a surrogate in UTF-8": (_FHIR % f'{{"linkId": "{CANARY}"}}').encode().replace(b"canary", b"canary\xed\xa0\x80"),
    "NUL": (_FHIR % f'{{"linkId": "MEMBER_LAST_NAME", "answer": [{{"valueString": "{CANARY}\\u0000"}}]}}').encode(),
    "3,000 levels": b'{"resourceType": "Bundle", "entry": ' + b"[" * 3000 + CANARY.encode() + b"]" * 3000 + b"}",
    "3,000 items in items": (_FHIR % ('{"linkId": "a", "item": [' * 3000 + f'"{CANARY}"' + "]}" * 3000)).encode(),
    "a million brackets": b"[" * 1_000_000,
    "twice the same key": b'{"resourceType": "Bundle", "%s": 1, "%s": 2}' % (CANARY.encode(), CANARY.encode()),
    "UTF-16": json.dumps({"resourceType": CANARY}).encode("utf-16"),
    "not UTF-8": b'{"resourceType": "Bundle\xff", "x": "' + CANARY.encode() + b'"}',
    "another resource": json.dumps({"resourceType": CANARY, "name": CANARY}).encode(),
    "a list": json.dumps([CANARY]).encode(),
    "XML with an entity": f'<!DOCTYPE x [<!ENTITY e "{CANARY}">]><x>&e;</x>'.encode(),
    "CSV without a mapping": f"{CANARY},DOB\n{CANARY},{CANARY}\n".encode(),
    "CSV with a ragged row": f"a,b\n{CANARY}\n".encode(),
    "gzip": gzip.compress(CANARY.encode()),
    "a ZIP": b"PK\x03\x04" + CANARY.encode(),
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_no_body_breaks_the_service_or_comes_back(caller, name):
    """Whatever the bytes, both routes answer in the form they promise, below 500, and repeat nothing of it."""
    for path in ("/v1/submissions", "/v1/validate"):
        answer = caller.ask("POST", f"{path}?{CANARY}={CANARY}", _HOSTILE[name], idempotency_key=name.replace(" ", "-"))
        assert answer.status in (200, 202, 422)
        assert answer.data.get("findings") or answer.data.get("submissions")
        assert CANARY not in answer.whole
        assert "canary" not in answer.whole


@pytest.mark.parametrize(
    "name", ["nothing", "NaN", "a lone surrogate as link id", "3,000 levels", "a million brackets"]
)
def test_what_is_no_payload_is_refused(caller, name, assert_problem):
    """What cannot be read at all is a 422 with a finding, not a submission."""
    answer = caller.submit(_HOSTILE[name], key="k")
    if answer.status == 202:
        assert {one["state"] for one in answer.data["submissions"]} == {"blocked"}
    else:
        assert_problem(answer, 422, "unreadable-payload")
        assert answer.data["findings"]


@pytest.mark.parametrize(
    "query",
    ["&".join(f"{CANARY}[{n}]=1" for n in range(2000)), "a" * 30_000, "%ff%fe=%00", "state" + "[x]" * 3000, "&" * 9000],
)
def test_no_query_breaks_the_service(caller, query):
    """Long, deep and broken query strings are answered below 500."""
    answer = caller.ask("GET", f"/v1/submissions?{query}")
    assert answer.status < 500
    assert CANARY not in answer.whole


def test_no_header_comes_back(caller, response):
    """What a caller writes into headers is in no answer, not even as a correlation id."""
    for path in ("/v1/submissions", "/v1/nothing", "/healthz"):
        names = ("X-Correlation-Id", "Correlation-Id", "X-Request-Id", "Traceparent", "Origin", "Referer", "Accept")
        answer = caller.ask("GET", path, **dict.fromkeys(names, CANARY))
        assert CANARY not in answer.whole


def test_many_headers_are_refused_or_borne(caller):
    """Headers beyond any use end in an answer below 500, or in a closed connection."""
    connection = caller.api.connect()
    connection.putrequest("GET", "/v1/submissions")
    for n in range(1000):
        connection.putheader(f"X-{n}", CANARY * 10)
    connection.endheaders()
    with contextlib.suppress(ConnectionError), contextlib.closing(connection):
        assert connection.getresponse().status < 500
    assert caller.ask("GET", "/v1/submissions").status == 200


def test_a_slow_body_is_given_up(start, assert_problem):
    """A body that drips is answered 408 at its deadline, and the connection is closed."""
    caller = start(Limits(body_seconds=0.5, linger_seconds=0.2)).caller()
    with _open(caller.api) as sock:
        sock.sendall(_head(caller, "Content-Length: 1000"))
        began = time.monotonic()
        sock.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - began < 10:
            sock.sendall(b"x")
            try:
                answer = sock.recv(4096)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")
        assert b"body-too-slow" in answer
        assert time.monotonic() - began < 5
        sock.settimeout(5)
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(1) == b""
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []


def test_the_cap_is_a_setting(start, assert_problem):
    """The cap of bodies is the deployment's choice."""
    caller = start(Limits(body_bytes=100)).caller()
    assert_problem(caller.submit(b"x" * 101, key="k"), 413, "body-too-large")


def test_a_caller_that_leaves_midway_harms_nobody(api, caller):
    """A body that ends before its length is dropped; the service goes on, and nothing was taken."""
    sock = _open(api)
    sock.sendall(_head(caller, "Content-Length: 1000") + b"half")
    sock.shutdown(socket.SHUT_RDWR)
    sock.close()
    assert caller.ask("GET", "/v1/submissions").data["submissions"] == []


def test_a_header_without_end_is_refused(caller):
    """Headers need no key: they are bounded before anything is kept of them."""
    try:
        status = caller.ask("GET", "/v1/submissions", None, x_padding="x" * 200_000).status
    except ConnectionError:
        status = None  # it hung up while the rest was still being sent
    assert status in {400, 431, None}
    assert caller.ask("GET", "/v1/submissions").status == 200


def test_an_offer_to_upgrade_does_not_lose_the_body(caller, response):
    """A client that would rather speak HTTP/2 is answered in HTTP/1.1, and what it sent is read."""
    body = response()
    answer = caller.ask(
        "POST", "/v1/validate", body, connection="Upgrade, HTTP2-Settings", upgrade="h2c", HTTP2_Settings="AAMAAABk"
    )
    assert (answer.status, answer.data["checked"]) == (200, 1)
