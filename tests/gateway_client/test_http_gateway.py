from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import random
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from canonical.outcome import (
    Accepted,
    Misconfigured,
    NotThere,
    Pending,
    Rejected,
    TryLater,
    Unsure,
)
from canonical.version import __version__

KEY = "key/1 &2"
XML = "application/xml"


def http(status: int, body: bytes, *, length: int | None = None, head: str = "") -> bytes:
    """Write an answer by hand; without a length the end of the connection is the end of the body."""
    lines = f"HTTP/1.1 {status} Said\r\nContent-Type: application/xml\r\nConnection: close\r\n{head}"
    lines += "" if length is None else f"Content-Length: {length}\r\n"
    return lines.encode() + b"\r\n" + body


def saying(answer: bytes):
    """A peer that says this and hangs up."""

    async def said(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()

    return said


async def test_the_request_is_the_documented_one(serve, gateway_to, document, receipt_xml):
    """Path, headers, digest and body are those of docs/transport.md; nothing of the document is in the URL."""
    heard = []

    async def handler(request: web.Request) -> web.Response:
        heard.append((request.method, request.raw_path, dict(request.headers), await request.read()))
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    outcome = await gateway_to(await serve(handler)).send(document, idempotency_key=KEY)
    assert isinstance(outcome, Accepted)
    [(method, path, headers, body)] = heard
    digest = base64.b64encode(hashlib.sha256(document.content).digest()).decode()
    assert (method, path, body) == ("POST", "/v1/assessments", document.content)
    assert headers["Idempotency-Key"] == KEY
    assert headers["Content-Digest"] == f"sha-256=:{digest}:"
    assert headers["Content-Type"] == XML
    assert headers["User-Agent"] == f"ecas-bridge/{__version__}"
    assert headers["Accept-Encoding"] == "identity"
    assert not {"Authorization", "Cookie"} & headers.keys()


async def test_questions_carry_key_and_tracking_id_safely(serve, gateway_to, document, receipt_xml):
    """The key is escaped whole; an answer to each question is read; a base address may have a path of its own."""
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.raw_path)
        listed = b'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1"/>'
        return web.Response(body=listed if "?" in request.raw_path else receipt_xml(), content_type=XML)

    gateway = gateway_to(await serve(handler) + "/state/")
    assert isinstance(await gateway.ask(document, idempotency_key=KEY), NotThere)
    assert isinstance(await gateway.poll(document.document_id, document.digest, "../a?b"), Accepted)
    assert paths == [
        "/state/v1/assessments?idempotency-key=key%2F1%20%262",
        "/state/v1/assessments/..%2Fa%3Fb",
    ]


async def test_where_the_state_offers_no_key_and_no_query(serve, gateway_to, document, transport, receipt_xml):
    """No key is sent where it means nothing, and a question that does not exist is not asked."""
    heard = []

    async def handler(request: web.Request) -> web.Response:
        heard.append("Idempotency-Key" in request.headers)
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    gateway = gateway_to(await serve(handler), replace(transport, idempotency=False, query=None))
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert isinstance(await gateway.ask(document, idempotency_key=KEY), Unsure)
    assert heard == [False]


@pytest.mark.parametrize("body", ["empty", "html", "cut", "wrong id", "wrong digest", "receipt"])
async def test_every_status_over_the_wire(serve_raw, gateway_to, document, receipt_xml, body):
    """Each status from 100 to 599 with each body: accepted only for 200 and 201 with the receipt of this document."""
    bodies = {
        "empty": b"",
        "html": b"<html><body>It works!</body></html>",
        "cut": receipt_xml()[:-5],
        "wrong id": receipt_xml(DocumentId="doc-0002"),
        "wrong digest": receipt_xml(DocumentDigest="sha-256:" + "0" * 64),
        "receipt": receipt_xml(),
    }
    status = 0

    async def said(writer: asyncio.StreamWriter) -> None:
        writer.write(http(status, bodies[body]))

    gateway = gateway_to(await serve_raw(said))
    accepted = set()
    for status in range(100, 600):
        if isinstance(await gateway.send(document, idempotency_key=KEY), Accepted):
            accepted.add(status)
    assert accepted == ({200, 201} if body == "receipt" else set())


async def test_a_receipt_cut_at_any_byte_over_the_wire(serve_raw, gateway_to, document, receipt_xml):
    """A connection that ends early, with or without a promised length, never makes a success."""
    whole = receipt_xml()
    answer = b""

    async def said(writer: asyncio.StreamWriter) -> None:
        writer.write(answer)

    gateway = gateway_to(await serve_raw(said))
    for end in range(len(whole)):
        for length in (None, len(whole)):
            answer = http(201, whole[:end], length=length)
            assert isinstance(await gateway.send(document, idempotency_key=KEY), Unsure)
    answer = http(201, whole, length=len(whole))
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(serve, gateway_to, document, status):
    """Not one byte reaches the other origin, whatever the redirect."""
    elsewhere = []

    async def other(request: web.Request) -> web.Response:
        elsewhere.append(await request.read())
        return web.Response()

    target = await serve(other)

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=status, headers={"Location": f"{target}/v1/assessments"})

    gateway = gateway_to(await serve(handler))
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Misconfigured)
    assert isinstance(await gateway.ask(document, idempotency_key=KEY), Misconfigured)
    assert elsewhere == []


@pytest.mark.parametrize("tries", [1, 4])
async def test_who_is_not_reached_is_tried_briefly(gateway_to, document, transport, named_here, tries):
    """Without a connection the short clock tries as often as the package says; the rest is the long clock's."""
    resolver = named_here(failing=100)
    hasty = replace(transport, short_tries=tries, short_wait=timedelta(seconds=0.01))
    outcome = await gateway_to("http://localhost:9", hasty, resolver=resolver).send(document, idempotency_key=KEY)
    assert isinstance(outcome, TryLater)
    assert outcome.after is None
    assert len(resolver.asked) == tries


async def test_nobody_listens(gateway_to, document):
    """A refused connection is later, not doubt: for a send and for a question."""
    unused = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    gateway = gateway_to(f"http://127.0.0.1:{port}")
    assert isinstance(await gateway.send(document, idempotency_key=KEY), TryLater)
    assert isinstance(await gateway.ask(document, idempotency_key=KEY), TryLater)


async def test_the_short_clock_waits_a_random_moment(gateway_to, document, transport, named_here):
    """Between tries it waits at most as long as the package says, by the dice that were passed in."""

    class Dice(random.Random):
        def uniform(self, a: float, b: float) -> float:
            assert (a, b) == (0, 0.1)
            return b

    hasty = replace(transport, short_tries=3, short_wait=timedelta(seconds=0.1))
    gateway = gateway_to("http://localhost:9", hasty, resolver=named_here(failing=100), rng=Dice())
    begun = time.monotonic()
    await gateway.send(document, idempotency_key=KEY)
    assert time.monotonic() - begun >= 0.2


async def test_the_short_clock_bridges_a_moment(serve, gateway_to, document, transport, receipt_xml, named_here):
    """A name that resolves at the second try costs no attempt of the long clock."""

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    address = (await serve(handler)).replace("127.0.0.1", "localhost")
    resolver = named_here(failing=1)
    outcome = await gateway_to(address, resolver=resolver).send(document, idempotency_key=KEY)
    assert isinstance(outcome, Accepted)
    assert len(resolver.asked) == 2


@pytest.mark.parametrize("reads", [False, True], ids=["before the request", "after the request"])
async def test_a_dropped_connection_is_never_sent_again(serve_raw, gateway_to, document, reads):
    """Once a connection stood, the document may have arrived: one send, and then a question."""
    connections = []

    async def drop(writer: asyncio.StreamWriter) -> None:
        connections.append(writer)
        writer.transport.abort()

    outcome = await gateway_to(await serve_raw(drop, reads=reads)).send(document, idempotency_key=KEY)
    assert isinstance(outcome, Unsure)
    assert len(connections) == 1


@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 20", b"220 smtp ready\r\n", b"\x16\x03\x01\x02\x00", b"HTTP/1.1 201 A\r\nX"]
)
async def test_what_is_no_http_leaves_us_unsure(serve_raw, gateway_to, document, answer):
    """Another protocol, or a head that breaks off, says nothing about the document."""
    assert isinstance(await gateway_to(await serve_raw(saying(answer))).send(document, idempotency_key=KEY), Unsure)


@pytest.mark.parametrize("head_first", [False, True])
async def test_a_slow_drip_ends_at_the_timeout(serve_raw, gateway_to, document, transport, receipt_xml, head_first):
    """One byte at a time does not hold a worker beyond the time of one request."""
    answer = http(201, receipt_xml(), length=len(receipt_xml()))

    async def drip(writer: asyncio.StreamWriter) -> None:
        if head_first:
            writer.write(answer[:200])
        for byte in answer[200 if head_first else 0 :]:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)

    gateway = gateway_to(await serve_raw(drip), replace(transport, total_timeout=timedelta(seconds=0.3)))
    begun = time.monotonic()
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Unsure)
    assert time.monotonic() - begun < 10  # the whole answer would take longer


async def test_a_talk_is_shorter_than_a_lease(serve_raw, gateway_to, document, transport, named_here):
    """However its steps add up, one talk ends within twice the time of one request."""

    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    class Slow(named_here):
        async def resolve(self, *_, **__):
            await asyncio.sleep(0.19)
            raise OSError

    hasty = replace(transport, total_timeout=timedelta(seconds=0.2), short_tries=500)
    address = (await serve_raw(silence)).replace("127.0.0.1", "localhost")
    begun = time.monotonic()
    outcome = await gateway_to(address, hasty, resolver=Slow()).send(document, idempotency_key=KEY)
    assert isinstance(outcome, Unsure)
    assert time.monotonic() - begun > 0.35


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "GZIP", "identity, gzip", "x"])
async def test_an_encoded_answer_is_not_opened(serve_raw, gateway_to, document, receipt_xml, encoding):
    """We asked for plain bytes: a bomb is not inflated, and even a real receipt inside is not believed."""
    bomb = gzip.compress(b"\0" * 50_000_000)
    for body in (bomb, gzip.compress(receipt_xml()), receipt_xml()):
        answer = http(201, body, length=len(body), head=f"Content-Encoding: {encoding}\r\n")
        assert isinstance(await gateway_to(await serve_raw(saying(answer))).send(document, idempotency_key=KEY), Unsure)
    # Nobody looks inside where the status says enough, so an encoding that nobody knows is no obstacle.
    later = http(503, b"", head=f"Content-Encoding: {encoding}\r\n")
    assert isinstance(await gateway_to(await serve_raw(saying(later))).send(document, idempotency_key=KEY), TryLater)


async def test_an_answer_of_five_megabytes_is_not_read(serve, gateway_to, document, transport, receipt_xml):
    """No more than a receipt may hold is taken in, whatever stands at its beginning."""
    sent = 0

    async def handler(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        await request.read()
        response = web.StreamResponse(status=201, headers={"Content-Type": XML})
        await response.prepare(request)
        await response.write(receipt_xml() + b"<!--")
        for _ in range(500):
            await response.write(b"x" * 10_000)
            sent += 10_000
            await asyncio.sleep(0)
        return response

    assert isinstance(await gateway_to(await serve(handler)).send(document, idempotency_key=KEY), Unsure)
    assert sent < 4_000_000


@pytest.mark.parametrize(("text", "seconds"), [("120", 120), ("Sun, 22 Nov 2026 12:05:00 GMT", 300), ("soon", None)])
@pytest.mark.parametrize("status", [429, 503])
async def test_later_means_later(serve, gateway_to, document, status, text, seconds):
    """429 and 503 bring the Retry-After of the peer, and are sent once only."""
    heard = []

    async def handler(request: web.Request) -> web.Response:
        heard.append(await request.read())
        return web.Response(status=status, headers={"Retry-After": text})

    outcome = await gateway_to(await serve(handler)).send(document, idempotency_key=KEY)
    assert isinstance(outcome, TryLater)
    assert outcome.after == (None if seconds is None else timedelta(seconds=seconds))
    assert len(heard) == 1


async def test_a_status_is_believed_though_its_body_breaks_off(serve_raw, gateway_to, document):
    """A 503 whose body is cut is still a 503; a 422 whose body is cut may have been a refusal: ask."""
    for status, outcome in ((503, TryLater), (404, Misconfigured), (422, Unsure)):
        gateway = gateway_to(await serve_raw(saying(http(status, b"<h", length=500))))
        assert type(await gateway.send(document, idempotency_key=KEY)) is outcome


async def test_the_words_of_the_state_come_back(serve, gateway_to, document, receipt_xml):
    """Pending and rejected receipts arrive as such, with the key's affair told apart."""
    answers = [
        (202, receipt_xml("dependency", reasons=("D1",)), Pending),
        (422, receipt_xml("rejected", reasons=("KEY-REFUSED",)), Rejected),
        (422, b"{}", Misconfigured),
    ]
    left = iter(answers)

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        status, body, _ = next(left)
        return web.Response(
            status=status, body=body, content_type=XML if body[:1] == b"<" else "application/problem+json"
        )

    gateway = gateway_to(await serve(handler))
    assert [type(await gateway.send(document, idempotency_key=KEY)) for _ in answers] == [kind for *_, kind in answers]


async def test_an_environment_does_not_bend_the_way(serve, gateway_to, document, receipt_xml, monkeypatch, tmp_path):
    """A proxy or a netrc of the environment is not obeyed, and a cookie is not kept."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    (tmp_path / "netrc").write_text("machine localhost login a password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    heard = []

    async def handler(request: web.Request) -> web.Response:
        heard.append(dict(request.headers))
        response = web.Response(status=201, body=receipt_xml(), content_type=XML)
        response.set_cookie("who", "bridge")
        return response

    # By name, because no jar keeps the cookies of a bare address.
    gateway = gateway_to((await serve(handler)).replace("127.0.0.1", "localhost"))
    for _ in range(2):
        assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert not any({"Authorization", "Cookie"} & headers.keys() for headers in heard)


async def test_nothing_of_the_document_is_in_words_or_logs(serve_raw, gateway_to, document, caplog):
    """Neither an outcome, nor a request, nor any logger repeats what the document or the peer says."""
    caplog.set_level("DEBUG")
    for answer in (
        b"",
        http(500, b"Samplechild"),
        http(422, b"<Receipt>Samplechild</Receipt>"),
        b"Samplechild\r\n\r\n",
    ):
        outcome = await gateway_to(await serve_raw(saying(answer))).send(document, idempotency_key=KEY)
        assert "Samplechild" not in repr(outcome)
    assert "Samplechild" in document.content.decode()
    assert "Samplechild" not in caplog.text
    assert "Samplechild" not in repr(document)


async def test_a_cancelled_send_is_cancelled(serve_raw, gateway_to, document):
    """A worker that is told to stop is not told an outcome instead."""

    async def silence(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    sending = asyncio.create_task(gateway_to(await serve_raw(silence)).send(document, idempotency_key=KEY))
    await asyncio.sleep(0.1)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
