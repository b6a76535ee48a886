"""Real endpoints on loopback, and a count of every connection that this process so much as tries."""

from __future__ import annotations

import asyncio
import ssl
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from service.webhooks.admission import Admission
from service.webhooks.networks import read_networks
from service.webhooks.posting import Poster


@dataclass
class Watch:
    """What the interpreter itself tells of sockets (PEP 578): nothing of ours can hide from it."""

    connects: list[Any] = field(default_factory=list)
    names: list[Any] = field(default_factory=list)
    on: bool = False
    #: Threads that were there before: other tests of this process left them, and what they do is not ours.
    others: frozenset[int] = frozenset()

    def begin(self) -> None:
        """Count from now on."""
        here = threading.get_ident()
        self.others = frozenset(one.ident for one in threading.enumerate() if one.ident not in (None, here))
        self.connects, self.names, self.on = [], [], True

    def __call__(self, event: str, given: tuple[Any, ...]) -> None:
        if not self.on or threading.get_ident() in self.others:
            return
        if event == "socket.connect" and isinstance(given[1], tuple):
            self.connects.append(given[1])
        elif event == "socket.getaddrinfo":
            self.names.append(given[0])


WATCH = Watch()
sys.addaudithook(WATCH)


@dataclass
class Receiver:
    """An endpoint: what it was sent, and what it answers next; 204 where nothing else is said."""

    address: str
    port: int
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    #: Answers without end, and keeps waiting this long before.
    endless: bool = False
    delay: float = 0
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append((request.headers.copy(), await request.read()))
        await asyncio.sleep(self.delay)
        status = self.answers.pop(0) if self.answers else 204
        if self.endless:
            answer = web.StreamResponse(status=200, headers={"Content-Encoding": "gzip"})
            await answer.prepare(request)
            while True:
                await answer.write(b"\0" * 65536)
        return web.Response(status=status, headers=self.headers)


@asynccontextmanager
async def receiving(host: str = "127.0.0.1", port: int = 0, tls: Any = None) -> AsyncIterator[Receiver]:
    """Run an endpoint."""
    receiver = Receiver("", 0)
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", receiver.take)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, port, ssl_context=tls)
    await site.start()
    receiver.port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    receiver.address = f"{'http' if tls is None else 'https'}://{host}:{receiver.port}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


#: Dear to make, and the same for all.
_TLS = ssl.create_default_context()


async def nowhere(host: str, port: int) -> list[str]:
    """Resolve nothing."""
    raise AssertionError(f"nobody should ask for {host}:{port}")


def poster(
    *listed: str, resolve: Callable[..., Any] = nowhere, ports: frozenset[int] = frozenset({443}), **more: Any
) -> Poster:
    """Return one that may reach the public internet and these networks."""
    admission = Admission(networks=read_networks(listed), ports=ports)
    return Poster(resolve=resolve, admission=admission, **{"tls": _TLS, **more})
