from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from authority import Authority, write

from canonical.errors import ConfigurationError, InterlockClosed
from canonical.outcome import Accepted, Misconfigured, TryLater
from gateway_client.interlock import Interlock
from gateway_client.peer import Peer
from gateway_client.tls import Tls, TlsFiles

KEY = "key-1"
XML = "application/xml"
HOST = "state.invalid"

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Proxy:
    """A proxy that knows CONNECT and one place, whatever the name that it is asked for; it keeps what it hears."""

    place: int
    port: int = 0
    heads: list[bytes] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)
    #: Said instead of opening the way.
    instead: bytes | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        if self.instead is not None:
            writer.write(self.instead)
            await writer.drain()
            # What hangs up at once where it said nothing, and listens otherwise.
            self.passed += await reader.read(2**20) if self.instead else b""
            return
        there, onward = await asyncio.open_connection("127.0.0.1", self.place)
        if self.heads[-1].startswith(b"CONNECT "):
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            onward.write(self.heads[-1])
        await asyncio.gather(self.carry(reader, onward), self.carry(there, writer))

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(2**16):
            self.passed += chunk
            writer.write(chunk)
            await writer.drain()
        writer.close()


@pytest.fixture
async def listen() -> AsyncIterator[Callable[[Talk], Any]]:
    """Listen on loopback, and end every talk with the test."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(talk: Talk) -> int:
            talks: set[asyncio.Task[Any]] = set()

            async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                talks.add(asyncio.current_task())
                with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                    await talk(reader, writer)
                writer.close()

            server = await asyncio.start_server(guarded, "127.0.0.1", 0)

            async def stopped() -> None:
                server.close()
                for task in talks:
                    task.cancel()
                await asyncio.gather(*talks, return_exceptions=True)

            stack.push_async_callback(stopped)
            return server.sockets[0].getsockname()[1]

        yield started


@dataclass
class State:
    port: int
    heard: list[tuple[str, dict[str, str], bytes]]
    tls: Tls

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.port}"


@pytest.fixture
async def state(tmp_path, receipt_xml) -> AsyncIterator[State]:
    """A state behind TLS that can be reached by its name through the proxy only."""
    authority = Authority()
    heard: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(request: web.Request) -> web.Response:
        heard.append((request.path, dict(request.headers), await request.read()))
        if request.path == "/_sandbox":
            return web.json_response({"ecas_sandbox": True})
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context: ssl.SSLContext = authority.server(tmp_path, HOST)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    tls = Tls(TlsFiles(ca=write(tmp_path / "ca.pem", authority.pem)))
    yield State(runner.addresses[0][1], heard, tls)
    await runner.cleanup()


@pytest.fixture
async def proxy(listen, state) -> Proxy:
    made = Proxy(place=state.port)
    made.port = await listen(made.talk)
    return made


async def test_through_the_proxy_the_document_is_sealed(state, proxy, gateway_to, document):
    """The proxy hears where to, and nothing of document, key or our name; TLS is with the state itself."""
    gateway = gateway_to(state.address, tls=state.tls, proxy=proxy.address)
    assert isinstance(await gateway.send(document, idempotency_key="secret-key"), Accepted)
    assert [path for path, _, _ in state.heard] == ["/_sandbox", "/v1/assessments"]
    assert state.heard[-1][2] == document.content
    assert all(head.startswith(f"CONNECT {HOST}:{state.port} HTTP/1.1\r\n".encode()) for head in proxy.heads)
    open_ = b"".join(proxy.heads) + bytes(proxy.passed)
    assert not any(said in open_ for said in (b"secret-key", b"v1/assessments", b"Samplechild", b"_sandbox"))


async def test_a_proxys_password_goes_to_the_proxy_alone(state, proxy, gateway_to, document):
    """User and password stand in the setting; the state never sees them."""
    address = proxy.address.replace("http://", "http://bridge:hunter2@")
    assert isinstance(
        await gateway_to(state.address, tls=state.tls, proxy=address).send(document, idempotency_key=KEY), Accepted
    )
    shown = base64.b64encode(b"bridge:hunter2")
    assert all(b"Proxy-Authorization: Basic " + shown in head for head in proxy.heads)
    assert not any({"Proxy-Authorization", "Authorization"} & headers.keys() for _, headers, _ in state.heard)


@pytest.mark.parametrize(
    ("instead", "outcomes"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", (Misconfigured,)),
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", (TryLater,)),
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 4\r\n\r\noops", (TryLater,)),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%d/\r\nContent-Length: 0\r\n\r\n", (TryLater,)),
        (b"HTTP/1.1 201 Created\r\nContent-Type: application/xml\r\n\r\nRECEIPT", (TryLater,)),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n\r\nRECEIPT", (TryLater,)),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: 7\r\n\r\nRECEIPT", (TryLater,)),
        (b"220 smtp ready\r\n", (TryLater,)),
        (b"HTTP/1.1 2", (TryLater,)),
        (b"", (TryLater,)),
    ],
    ids=["407", "403", "502", "302", "201", "200", "200 with a body", "no HTTP", "cut", "silence"],
)
async def test_a_proxy_that_opens_no_way_gets_nothing(
    state, proxy, listen, gateway_to, document, receipt_xml, transport, instead, outcomes
):
    """Whatever it says, even our own receipt, nothing is accepted, nothing reaches it or anybody else."""
    elsewhere: list[bytes] = []

    async def other(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        elsewhere.append(b"a connection")
        elsewhere.append(await reader.read(1))

    instead = instead.replace(b"%d", str(await listen(other)).encode())
    proxy.instead = instead.replace(b"RECEIPT", receipt_xml())
    hasty = replace(transport, short_tries=1, connect_timeout=timedelta(seconds=0.5))
    gateway = gateway_to(state.address, hasty, tls=state.tls, proxy=proxy.address)
    official = replace(document, provisional=False)
    for deed in (gateway.send, gateway.ask):
        assert isinstance(await deed(official, idempotency_key=KEY), outcomes)
    assert state.heard == []
    assert elsewhere == []
    assert b"Samplechild" not in b"".join(proxy.heads) + bytes(proxy.passed)


async def test_a_proxy_that_nobody_runs_is_later(state, listen, gateway_to, document):
    """Without a proxy there is no way: it is never gone around."""
    port = await listen(Proxy(place=0).talk)
    unused = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = unused.sockets[0].getsockname()[1]
    unused.close()
    await unused.wait_closed()
    gateway = gateway_to(state.address, tls=state.tls, proxy=f"http://127.0.0.1:{port}")
    assert isinstance(await gateway.send(replace(document, provisional=False), idempotency_key=KEY), TryLater)
    assert state.heard == []


async def test_a_sandbox_on_loopback_may_be_reached_through_a_proxy_on_loopback(
    serve, listen, gateway_to, document, receipt_xml
):
    """In the clear a document goes through a proxy of this machine only."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=201, body=receipt_xml(), content_type=XML)

    address = await serve(answer)
    here = Proxy(place=int(address.rpartition(":")[2]))
    here.port = await listen(here.talk)
    assert isinstance(await gateway_to(address, proxy=here.address).send(document, idempotency_key=KEY), Accepted)
    assert here.heads[0].startswith(f"POST {address}/v1/assessments ".encode())


@pytest.mark.parametrize(
    ("base", "proxy"),
    [
        ("http://127.0.0.1:8100", "http://proxy.example:3128"),
        ("http://sandbox.example", "http://10.0.0.1:3128"),
        ("https://state.example", "https://proxy.example:3128"),
        ("https://state.example", "socks5://proxy.example:3128"),
        ("https://state.example", "proxy.example:3128"),
        ("https://state.example", "http://"),
        ("https://state.example", "http://proxy.example:3128/hunter2"),
        ("https://state.example", "http://proxy.example:3128?hunter2"),
        ("https://state.example", "http://u:hunter2@proxy.example:99999"),
    ],
)
def test_a_proxy_that_could_read_or_is_none_is_refused_at_the_start(transport, base, proxy):
    """The setting is refused by its name; what stands in it is not repeated."""
    with pytest.raises(ConfigurationError, match="gateway_proxy") as refused:
        Peer(base, transport, proxy=proxy)
    assert "hunter2" not in str(refused.value)


async def test_loopback_behind_a_proxy_elsewhere_is_not_this_machine(transport, named_here):
    """A proxy has a loopback of its own: a provisional document does not go there undeclared."""
    resolver = named_here(failing=100)
    peer = Peer("https://127.0.0.1", transport, proxy="http://proxy.invalid:3128", resolver=resolver)
    with pytest.raises(InterlockClosed):
        await Interlock(peer).admit(provisional=True)
    assert resolver.asked == ["proxy.invalid"]
    await peer.close()
