"""The HTTP peer: one base address, one request at a time, an answer or the reason why there is none.

It follows no redirect, speaks to no other origin, trusts no proxy or netrc of the environment, keeps no cookie, decodes
nothing and reads no more than a receipt may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from canonical.version import __version__
from gateway_client.failure import gateway_error
from gateway_client.loopback import is_loopback
from gateway_client.origin import HomeKeeping, base_address, joined, proxy_address
from gateway_client.response import Response
from gateway_client.tls import Tls
from specs.spec import Transport


@dataclass(slots=True)
class _Way:
    """The connection of one request: it stands when proxy and TLS are behind it, and only then the request leaves."""

    stands: bool = False


class Peer:
    """The state's endpoint, or a sandbox."""

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        resolver: AbstractResolver | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
    ) -> None:
        """Take the base address; nothing is connected yet.

        Raises:
            ConfigurationError: where the address is not http(s), or carries a user, a query or a fragment; where the
                proxy's is none, or documents would lie open in it.
        """
        self.base: Final = base_address(base_url)
        self._proxy: Final[URL | None] = None if proxy is None else proxy_address(proxy, self.base)
        self._tls = tls or Tls()
        self._transport = transport
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    @property
    def is_this_machine(self) -> bool:
        """Whether what is sent stays on loopback; a proxy elsewhere has a loopback of its own."""
        hosts = (self.base.raw_host, self.base.raw_host if self._proxy is None else self._proxy.raw_host)
        return all(is_loopback(host or "") for host in hosts)

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Response:
        """Send one request and read its answer.

        Raises:
            NotReceived: the peer certainly got nothing of it.
            Unwelcome: the same, and the cause is who we are.
            MaybeReceived: some of it may have arrived; no answer came.
            ConfigurationError: the path leads to another origin.
        """
        url = joined(self.base, path)
        secured = self._tls.context() if url.scheme == "https" else True
        way = _Way()
        try:
            async with self._connected().request(
                method,
                url,
                headers=headers,
                data=content,
                allow_redirects=False,
                ssl=secured,
                proxy=self._proxy,
                trace_request_ctx=way,
            ) as answer:
                return await self._read(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Its text holds addresses and whatever the peer wrote: only its class is used.
            raise gateway_error(error, connected=way.stands) from None

    async def close(self) -> None:
        """Close the connections; the next request would open new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _read(self, answer: aiohttp.ClientResponse) -> Response:
        """Read an answer; a body that cannot be read whole leaves its status, which may say enough."""
        headers = {name.lower(): ", ".join(answer.headers.getall(name)) for name in answer.headers}
        body: bytes | None = None
        if headers.get("content-encoding", "identity").strip().lower() == "identity":
            try:
                body = await self._capped(answer.content)
            except (aiohttp.ClientError, TimeoutError, OSError):
                body = None
        return Response(status=answer.status, headers=headers, body=body)

    async def _capped(self, stream: aiohttp.StreamReader) -> bytes | None:
        body = bytearray()
        async for chunk in stream.iter_any():
            body += chunk
            if len(body) > self._transport.max_receipt_bytes:
                return None
        return bytes(body)

    def _connected(self) -> aiohttp.ClientSession:
        """Return the session, made at the first request because it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # How many are in flight is the worker's affair: a wait for a free connection would eat the timeout.
                # Servers close an idle connection after five seconds or more: a request just then would be in doubt.
                connector=aiohttp.TCPConnector(
                    limit=0, keepalive_timeout=3, resolver=HomeKeeping(self._resolver or aiohttp.ThreadedResolver())
                ),
                connector_owner=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                trace_configs=[_watched()],
                auto_decompress=False,
                headers={"User-Agent": f"ecas-bridge/{__version__}", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(
                    total=self._transport.total_timeout.total_seconds(),
                    connect=self._transport.connect_timeout.total_seconds(),
                ),
            )
        return self._session


def _watched() -> aiohttp.TraceConfig:
    """Return what notes on the way of a request that its connection stands, be it a new one or one kept."""

    async def stands(_: aiohttp.ClientSession, traced: SimpleNamespace, __: object) -> None:
        traced.trace_request_ctx.stands = True

    watched = aiohttp.TraceConfig()
    watched.on_connection_create_end.append(stands)
    watched.on_connection_reuseconn.append(stands)
    return watched
