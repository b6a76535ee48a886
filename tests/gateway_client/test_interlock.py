from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from aiohttp import web

from canonical.errors import InterlockClosed
from canonical.outcome import Accepted
from gateway_client.interlock import Interlock
from gateway_client.loopback import is_loopback
from gateway_client.peer import Peer

KEY = "key-1"
DECLARATION = b'{"ecas_sandbox": true}'


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.255.3.4", True),
        ("::1", True),
        ("", False),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("169.254.169.254", False),
        ("2130706433", False),
        ("0x7f000001", False),
        ("127.1", False),
        ("localhost.state.example", False),
        ("127.0.0.1.state.example", False),
        ("state.invalid", False),
    ],
)
def test_loopback_is_known_by_its_spelling(host, loopback):
    """No name server is asked, and no clever spelling of an address is believed."""
    assert is_loopback(host) is loopback


@pytest.fixture
async def foreign(serve, named_here):
    """A server that is reached as ``state.invalid`` and keeps everything it hears."""

    async def started(*answers: web.Response, takes: bytes = b""):
        heard: list[tuple[str, str, bytes]] = []
        left = list(answers)

        async def handler(request: web.Request) -> web.Response:
            heard.append((request.method, request.path, await request.read()))
            if request.path == "/_sandbox":
                return left.pop(0)
            return web.Response(status=201, body=takes, content_type="application/xml")

        address = await serve(handler)
        return address.replace("127.0.0.1", "state.invalid"), named_here(), heard

    return started


def answer(body: bytes = DECLARATION, status: int = 200, **headers: str) -> web.Response:
    return web.Response(status=status, body=body, headers={"Content-Type": "application/json", **headers})


@pytest.mark.parametrize(
    "response",
    [
        partial(answer, b"", 404),
        partial(answer, status=404),
        partial(answer, status=201),
        partial(answer, status=203),
        partial(answer, b'{"ecas_sandbox": false}'),
        partial(answer, b'{"ecas_sandbox": "true"}'),
        partial(answer, b'{"ecas_sandbox": 1}'),
        partial(answer, b'{"ecas_sandbox": null}'),
        partial(answer, b'{"sandbox": true}'),
        partial(answer, b"[true]"),
        partial(answer, b"true"),
        partial(answer, b"<html>sandbox</html>"),
        partial(answer, b"\xff\xfe"),
        partial(answer, b"[" * 60_000),
        partial(answer, b'{"ecas_sandbox": true, "padding": "' + b"x" * 70_000 + b'"}'),
        partial(answer, **{"Content-Encoding": "gzip"}),
        partial(answer, b"", 307, Location="http://127.0.0.1:9/_sandbox"),
    ],
    ids=range(17),
)
@pytest.mark.parametrize("talk", ["send", "ask"])
async def test_a_peer_that_does_not_declare_itself_gets_nothing(foreign, gateway_to, document, response, talk):
    """Of a provisional document, no byte, no key and no token leaves for a host that is not a sandbox."""
    address, resolver, heard = await foreign(response())
    gateway = gateway_to(address, resolver=resolver)
    with pytest.raises(InterlockClosed):
        await getattr(gateway, talk)(document, idempotency_key=KEY)
    assert heard == [("GET", "/_sandbox", b"")]


async def test_a_name_that_resolves_to_nothing_gets_nothing(gateway_to, named_here, document):
    """A peer that cannot be asked has not declared itself."""
    resolver = named_here(failing=10)
    with pytest.raises(InterlockClosed, match=r"could not be asked: No connection"):
        await gateway_to("http://state.invalid", resolver=resolver).send(document, idempotency_key=KEY)
    assert resolver.asked == ["state.invalid"]


async def test_a_declared_sandbox_is_asked_once(foreign, gateway_to, document, receipt_xml):
    """A positive answer lasts as long as the gateway; the document follows it."""
    address, resolver, heard = await foreign(answer(), takes=receipt_xml())
    gateway = gateway_to(address, resolver=resolver)
    for _ in range(3):
        assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)
    assert [path for _, path, _ in heard] == ["/_sandbox", *["/v1/assessments"] * 3]


async def test_a_refusal_is_not_remembered(foreign, gateway_to, document, receipt_xml):
    """A sandbox that was still starting is asked again."""
    address, resolver, _ = await foreign(answer(b"", 503), answer(), takes=receipt_xml())
    gateway = gateway_to(address, resolver=resolver)
    with pytest.raises(InterlockClosed):
        await gateway.send(document, idempotency_key=KEY)
    assert isinstance(await gateway.send(document, idempotency_key=KEY), Accepted)


async def test_a_declaration_counts_for_its_own_gateway_only(foreign, gateway_to, document, receipt_xml):
    """One sandbox does not speak for another address."""
    address, resolver, _ = await foreign(answer(), takes=receipt_xml())
    assert isinstance(await gateway_to(address, resolver=resolver).send(document, idempotency_key=KEY), Accepted)
    other, resolver, heard = await foreign(answer(b"", 404))
    with pytest.raises(InterlockClosed):
        await gateway_to(other, resolver=resolver).send(document, idempotency_key=KEY)
    assert [path for _, path, _ in heard] == ["/_sandbox"]


async def test_an_official_document_needs_https(foreign, gateway_to, document, transport, named_here):
    """In the clear, not even an official document nor a token goes to a real endpoint; over https it needs no sandbox."""
    official = replace(document, provisional=False)
    address, resolver, heard = await foreign(answer(b"", 404), answer(b"", 404))
    gateway = gateway_to(address, resolver=resolver)
    with pytest.raises(InterlockClosed):
        await gateway.send(official, idempotency_key=KEY)
    with pytest.raises(InterlockClosed):
        await gateway.poll(official.document_id, official.digest, "trk_1")
    assert [path for _, path, _ in heard] == ["/_sandbox"] * 2
    resolver = named_here(failing=10)
    await Interlock(Peer("https://state.invalid", transport, resolver=resolver)).admit(provisional=False)
    assert resolver.asked == []
