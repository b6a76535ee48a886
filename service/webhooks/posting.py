"""Sending one message to one endpoint, by a road on which nothing can be pointed at our own network.

The name is resolved once, by us; every address must be one that webhooks may reach; the connection goes to one of exactly
these. No redirect is followed, no proxy of the environment asked, no cookie kept, and nothing of the answer's body read.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import aiohttp

from canonical.version import __version__
from service.webhooks.address import Address, UnfitAddress, read_address
from service.webhooks.admission import Admission
from service.webhooks.pinned import NotAdmitted, Pinned

#: Returns the IP addresses of a name; raises OSError where it has none.
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
#: The whole of it, and until the connection stands: seconds.
TOTAL: Final = 15.0
CONNECT: Final = 5.0
_LONGEST_WAIT: Final = timedelta(days=1)
_OK: Final = range(200, 300)
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


class Fault(StrEnum):
    """Why nobody answered."""

    #: Its address, or what it resolves to, is none that webhooks may reach.
    NOT_ADMITTED = "not_admitted"
    NOT_RESOLVED = "not_resolved"
    NOT_CONNECTED = "not_connected"
    #: Its certificate is not one that we trust for this name.
    TLS = "tls"
    TIMED_OUT = "timed_out"
    #: The connection broke, or what came is no HTTP.
    BROKEN = "broken"
    #: Our own program failed.
    OURS = "our_fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one sending: a status, or why there is none."""

    status: int | None = None
    fault: Fault | None = None
    #: How long the endpoint asks us to wait.
    retry_after: timedelta | None = None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has it: any 2xx."""
        return self.status in _OK

    @property
    def word(self) -> str:
        """What to call it."""
        return str(self.fault or self.status)


class Names:
    """The host's own resolver, in threads of its own: a name server that hangs must not keep delivery's names waiting."""

    def __init__(self) -> None:
        """Begin no thread yet."""
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="webhook-names")

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name.

        Raises:
            OSError: it has none.
        """
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, _resolved, host, port)
        return list(dict.fromkeys(str(place[4][0]) for place in found))

    def close(self) -> None:
        """Let the threads go; what still waits for a name server ends with the process."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _resolved(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Poster:
    """Sends; a connection for each message, so that each is looked at anew."""

    resolve: Resolve
    admission: Admission
    #: What trusts endpoints' certificates.
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    total: float = TOTAL

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a message; whatever goes wrong on the way is an answer too."""
        try:
            address = read_address(url)
            async with asyncio.timeout(self.total):
                return await self._post(address, await self._places(address), body, headers)
        except (UnfitAddress, aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(fault=_fault(error))  # its text may hold the address

    async def _places(self, address: Address) -> list[str]:
        """Return the IP addresses to connect to: all that the host has, asked this once.

        Raises:
            NotAdmitted: we may not.
            OSError: the name has none.
        """
        if address.literal:
            found: Sequence[str] = [str(ipaddress.ip_address(address.host))]
        else:
            found = await self.resolve(address.host, address.port)
        if not self.admission.admits(address, found):
            raise NotAdmitted
        return list(found)

    async def _post(self, address: Address, places: list[str], body: bytes, headers: Mapping[str, str]) -> Answer:
        pinned = Pinned(address.host, address.port, places)
        connector = aiohttp.TCPConnector(
            resolver=pinned, socket_factory=pinned.open, use_dns_cache=False, force_close=True, ssl=self.tls
        )
        own = {
            "Content-Type": "application/json",
            "User-Agent": f"ecas-bridge/{__version__}",
            "Accept-Encoding": "identity",
        }
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(total=self.total, connect=CONNECT),
            ) as session,
            session.post(address.url, data=body, headers={**own, **headers}, allow_redirects=False) as answer,
        ):
            # Its body is left where it is: nothing in it concerns us, and it may be endless.
            return Answer(status=answer.status, retry_after=_retry_after(answer.headers.get("Retry-After", "")))


def _fault(error: Exception) -> Fault:
    """Return which it is; the first kind that fits."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return next(fault for kinds, fault in _KINDS if isinstance(cause, kinds) or isinstance(error, kinds))


#: From the narrowest on.
_KINDS: Final[tuple[tuple[tuple[type[Exception], ...], Fault], ...]] = (
    ((UnfitAddress, NotAdmitted), Fault.NOT_ADMITTED),
    ((socket.gaierror,), Fault.NOT_RESOLVED),
    ((aiohttp.ClientSSLError, ssl.SSLError), Fault.TLS),
    ((TimeoutError,), Fault.TIMED_OUT),
    ((aiohttp.ClientConnectorError,), Fault.NOT_CONNECTED),
    ((Exception,), Fault.BROKEN),
)


def _retry_after(text: str) -> timedelta | None:
    """Return the wait in seconds that is asked for, capped; a date is not heeded."""
    if _SECONDS.fullmatch(text.strip()) is None:
        return None
    return min(timedelta(seconds=int(text)), _LONGEST_WAIT)
