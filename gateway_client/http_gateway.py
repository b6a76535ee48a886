"""The state over HTTP: the interlock, the token, the short clock and the outcome table around one request."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import random
import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from http import HTTPStatus
from typing import Final, TypeVar
from urllib.parse import quote

from aiohttp.abc import AbstractResolver
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt

from canonical.errors import ConfigurationError, MaybeReceived, NotReceived, Unwelcome
from canonical.outcome import Document, Misconfigured, Outcome, Reply, TryLater, Unsure
from gateway_client import classify
from gateway_client.bearer import Bearer, Token
from gateway_client.credentials import ClientCredentials
from gateway_client.interlock import Interlock
from gateway_client.peer import Peer
from gateway_client.receipt import ReceiptReader
from gateway_client.response import Response
from gateway_client.tls import Tls
from specs.spec import Transport

_Read = TypeVar("_Read")

_TOO_LONG: Final = Unsure(why="The talk with the state took too long.")
_NOT_BEGUN: Final = TryLater(why="The interlock's question and the token took too long; the document was not sent.")
_NO_QUERY: Final = Unsure(why="The state offers no question by idempotency key.")
#: One talk may hold a token, a request, a new token and the request again. A lease is longer than twice the timeout of
#: one request, so no talk may last longer than that.
_REQUESTS_PER_TALK: Final = 2


def _random_id() -> str:
    return secrets.token_urlsafe(32)


@dataclass(slots=True, kw_only=True)
class _Request:
    """One request, ready but for its token."""

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None = field(default=None, repr=False)
    #: True from the moment from which the peer may have got something of it.
    begun: bool = False


class HttpGateway:
    """Speaks the reference transport (docs/transport.md)."""

    def __init__(
        self,
        base_url: str,
        transport: Transport,
        *,
        items: Collection[str],
        credentials: ClientCredentials | None,
        clock: Callable[[], datetime],
        ids: Callable[[], str] = _random_id,
        rng: random.Random | None = None,
        resolver: AbstractResolver | None = None,
        tls: Tls | None = None,
        proxy: str | None = None,
    ) -> None:
        """Point at the state; nothing is connected before the first request.

        Args:
            base_url: the state's base address; the transport's paths follow it.
            transport: the transport in force on the day of sending.
            items: the codes of the dictionary, so that reasons can name them.
            credentials: needed where the transport's ``auth`` is ``private_key_jwt``.
            clock: the time now, with an offset.
            ids: a fresh unguessable text each time, for assertions.
            rng: jitter of the short clock.
            resolver: finds the peer's address, or the proxy's; the system's where None.
            tls: the certificates on both sides; the system's authorities and none of our own where None.
            proxy: the proxy to go through; the environment's are not looked at.

        Raises:
            ConfigurationError: where an address is none, or credentials are asked for and missing.
        """
        self._transport = transport
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._reader = ReceiptReader(transport=transport, items=frozenset(items))
        self._peer = Peer(base_url, transport, resolver=resolver, tls=tls, proxy=proxy)
        self._interlock = Interlock(self._peer)
        self._bearer = _bearer(self._peer, transport, credentials, clock=clock, ids=ids)

    async def send(self, document: Document, *, idempotency_key: str) -> Outcome:
        """Send the document under its key and say what came of it."""
        digest = base64.b64encode(hashlib.sha256(document.content).digest()).decode("ascii")
        headers = {
            "Content-Type": "application/xml",
            "Content-Digest": f"sha-256=:{digest}:",
            "Accept": "application/xml",
        }
        if self._transport.idempotency:
            headers["Idempotency-Key"] = idempotency_key
        request = _Request(method="POST", path=self._transport.submit, headers=headers, content=document.content)
        return await self._talk(
            request,
            partial(self._judged, classify.sent, document.document_id, document.digest),
            provisional=document.provisional,
        )

    async def ask(self, document: Document, *, idempotency_key: str) -> Reply:
        """Ask what the state holds under the key; ``Unsure`` where the state offers no such question."""
        if self._transport.query is None:
            return _NO_QUERY
        path = self._transport.query.replace("{idempotency_key}", quote(idempotency_key, safe=""))
        return await self._talk(
            _Request(method="GET", path=path, headers={"Accept": "application/xml"}),
            partial(self._judged, classify.asked, document.document_id, document.digest),
            provisional=document.provisional,
        )

    async def poll(self, document_id: str, digest: str, tracking_id: str) -> Reply:
        """Ask how the state's receipt stands now."""
        path = self._transport.status.replace("{tracking_id}", quote(tracking_id, safe=""))
        return await self._talk(
            _Request(method="GET", path=path, headers={"Accept": "application/xml"}),
            partial(self._judged, classify.polled, document_id, digest),
            provisional=False,  # no document leaves with it
        )

    async def close(self) -> None:
        """Close the connections; a token that is being fetched is not waited for."""
        if self._bearer is not None:
            await self._bearer.close()
        await self._peer.close()

    def _judged(self, judge: Callable[..., _Read], document_id: str, digest: str, response: Response) -> _Read:
        return judge(response, document_id=document_id, digest=digest, reader=self._reader, now=self._clock())

    async def _talk(
        self, request: _Request, judged: Callable[[Response], _Read], *, provisional: bool
    ) -> _Read | TryLater | Unsure | Misconfigured:
        """Pass the interlock, get an answer, judge it: the whole story of one send or one question."""
        patience = self._transport.total_timeout.total_seconds() * _REQUESTS_PER_TALK
        try:
            async with asyncio.timeout(patience):
                await self._interlock.admit(provisional=provisional)
                answer = await self._answer(request)
        except NotReceived as error:
            return TryLater(why=str(error))
        except Unwelcome as error:
            return Misconfigured(why=str(error))
        except MaybeReceived as error:
            return Unsure(why=str(error))
        except TimeoutError:
            return _TOO_LONG if request.begun else _NOT_BEGUN
        return judged(answer) if isinstance(answer, Response) else answer

    async def _answer(self, request: _Request) -> Response | TryLater | Misconfigured:
        """Send it with a token where one is needed; one that is refused is replaced once."""
        if self._bearer is None:
            return await self._persist(request, None)
        token = await self._bearer.token()
        if not isinstance(token, Token):
            return token
        response = await self._persist(request, token)
        if response.status != HTTPStatus.UNAUTHORIZED:
            return response
        token = await self._bearer.token(refused=token)
        return await self._persist(request, token) if isinstance(token, Token) else token

    async def _persist(self, request: _Request, token: Token | None) -> Response:
        """The short clock: try again at once, and only while the peer has certainly received nothing."""
        request.begun = True
        headers = dict(request.headers)
        if token is not None:
            headers["Authorization"] = f"Bearer {token.text}"
        tries = AsyncRetrying(
            retry=retry_if_exception_type(NotReceived),
            stop=stop_after_attempt(self._transport.short_tries),
            wait=self._moment,
            reraise=True,
        )
        return await tries(self._peer.request, request.method, request.path, headers=headers, content=request.content)

    def _moment(self, _: RetryCallState) -> float:
        return self._rng.uniform(0, self._transport.short_wait.total_seconds())


def _bearer(
    peer: Peer,
    transport: Transport,
    credentials: ClientCredentials | None,
    *,
    clock: Callable[[], datetime],
    ids: Callable[[], str],
) -> Bearer | None:
    if transport.auth != "private_key_jwt":
        return None
    if credentials is None or transport.token is None:
        raise ConfigurationError(
            "The specification package in force asks for private_key_jwt: gateway_client_id, gateway_key_id, "
            "gateway_key_file and gateway_audience are needed, and a token path in the package's transport.toml."
        )
    return Bearer(peer, transport.token, credentials, clock=clock, ids=ids)
