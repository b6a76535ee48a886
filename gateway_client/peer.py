"""The HTTP peer: one base address, one request at a time, an answer or the reason why there is none.

The only file that knows aiohttp. It follows no redirect, trusts no proxy or netrc of the environment, keeps no cookie,
decodes nothing and reads no more than a receipt may hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from canonical.errors import ConfigurationError, GatewayError, MaybeReceived, NotReceived
from canonical.version import __version__
from gateway_client.response import Response
from specs.spec import Transport

_NO_CONNECTION: Final = "No connection could be made."
_NO_ANSWER: Final = "The request was sent and got no answer."

#: Raised before a connection stands, so before the first byte of a request; everything else may come after it.
_BEFORE_CONNECTING: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
    aiohttp.ClientHttpProxyError,
)
#: Refused by our own side when it looks at the address; of a redirect's address only the peer can be the author.
_BAD_ADDRESS: Final = (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError)


class Peer:
    """The state's endpoint, or a sandbox."""

    def __init__(self, base_url: str, transport: Transport, *, resolver: AbstractResolver | None = None) -> None:
        """Take the base address; nothing is connected yet.

        Raises:
            ConfigurationError: where the address is not http(s), or carries a user, a query or a fragment.
        """
        self.base: Final = _address(base_url)
        self._transport = transport
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes | None = None
    ) -> Response:
        """Send one request and read its answer.

        Raises:
            NotReceived: the peer certainly got nothing of it.
            MaybeReceived: some of it may have arrived; no answer came.
        """
        url = URL(f"{str(self.base).rstrip('/')}{path}", encoded=True)
        try:
            async with self._connected().request(
                method, url, headers=headers, data=content, allow_redirects=False
            ) as answer:
                return await self._read(answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Its text holds addresses and whatever the peer wrote: only its class is used.
            raise gateway_error(error) from None

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
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=3, resolver=self._resolver),
                connector_owner=True,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                headers={"User-Agent": f"ecas-bridge/{__version__}", "Accept-Encoding": "identity"},
                timeout=aiohttp.ClientTimeout(
                    total=self._transport.total_timeout.total_seconds(),
                    connect=self._transport.connect_timeout.total_seconds(),
                ),
            )
        return self._session


def gateway_error(error: aiohttp.ClientError | OSError) -> GatewayError:
    """Return whether the peer can have received anything: ``NotReceived`` or ``MaybeReceived``."""
    if isinstance(error, aiohttp.RedirectClientError):
        return MaybeReceived(_NO_ANSWER)
    if isinstance(error, (*_BEFORE_CONNECTING, *_BAD_ADDRESS)):
        return NotReceived(_NO_CONNECTION)
    return MaybeReceived(_NO_ANSWER)


def _address(base_url: str) -> URL:
    """Read the base address with the parser that the client connects by; the address itself may hold a secret."""
    try:
        url = URL(base_url)
        fit = (
            url.scheme in ("http", "https") and url.host and not (url.user or url.password or url.query or url.fragment)
        )
        port = url.port
    except ValueError:
        fit = port = None
    if not fit or port is None:
        message = "The gateway's address must be http:// or https:// with a host, and without user, query or fragment."
        raise ConfigurationError(message)
    return url
