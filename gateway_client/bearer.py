"""The access token: fetched with the client's assertion, and again ahead of its end while the old one still serves."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlencode

from canonical.errors import GatewayError, Unwelcome
from canonical.outcome import Misconfigured, TryLater
from gateway_client.credentials import ClientCredentials
from gateway_client.peer import Peer
from gateway_client.response import Response

#: So long before its end a token is renewed, or a fifth of its life where that is shorter.
_AHEAD: Final = timedelta(seconds=60)
#: So long before its end it is used no more, for the time that a request takes and clocks that differ; or a tenth.
_MARGIN: Final = timedelta(seconds=10)
#: After a renewal that failed, while the old token serves, the next is tried no sooner.
_AGAIN: Final = timedelta(seconds=10)
_NO_TOKEN: Final = TryLater(why="The state's token endpoint gave no token.")
_REFUSED: Final = Misconfigured(why="The state's token endpoint refuses our credentials.")
_PASSING: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
#: RFC 6750 section 2.1; anything else could smuggle a second header in.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token, the moment from which it is renewed, and that from which it is no longer used."""

    text: str = field(repr=False)
    renew_at: datetime
    until: datetime


class Bearer:
    """Holds one token for all requests of a gateway; however many wait for it, it is fetched once."""

    def __init__(
        self,
        peer: Peer,
        path: str,
        credentials: ClientCredentials,
        *,
        clock: Callable[[], datetime],
        ids: Callable[[], str],
    ) -> None:
        """Fetch tokens from that path of the peer; ``ids`` gives each assertion its own ``jti``."""
        self._peer = peer
        self._path = path
        self._credentials = credentials
        self._clock = clock
        self._ids = ids
        self._token: Token | None = None
        self._fetching: asyncio.Task[Token | TryLater | Misconfigured] | None = None
        self._renewal_failed_at: datetime | None = None

    async def token(self, *, refused: Token | None = None) -> Token | TryLater | Misconfigured:
        """Return a token, or why there is none; never the one that the peer has just refused.

        While a token serves nobody waits: it is renewed beside the requests, and a renewal that fails changes nothing.
        """
        if refused is not None and self._token is refused:
            self._token = None
        now, held = self._clock(), self._token
        if held is None or now >= held.until:
            # Shielded: whoever gives up waiting must not take the token from the others.
            return await asyncio.shield(self._fetch())
        if now >= held.renew_at and not self._just_failed(now):
            self._fetch()
        return held

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _fetch(self) -> asyncio.Task[Token | TryLater | Misconfigured]:
        """Return the one fetch under way, begun now if there is none."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._kept())
        return self._fetching

    async def _kept(self) -> Token | TryLater | Misconfigured:
        fetched = await self._fetched()
        if isinstance(fetched, Token):
            self._token, self._renewal_failed_at = fetched, None
        else:
            self._renewal_failed_at = self._clock()
        return fetched

    def _just_failed(self, now: datetime) -> bool:
        return self._renewal_failed_at is not None and now < self._renewal_failed_at + _AGAIN

    async def _fetched(self) -> Token | TryLater | Misconfigured:
        now = self._clock()
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": self._credentials.assertion(now=now, jti=self._ids()),
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        try:
            response = await self._peer.request(
                "POST", self._path, headers=headers, content=urlencode(form).encode("ascii")
            )
        except Unwelcome as error:
            return Misconfigured(why=str(error))
        except GatewayError:
            # No document has left: that the assertion may have arrived does not matter, the next one is another.
            return _NO_TOKEN
        if response.status == HTTPStatus.OK:
            return _granted(response, now) or _NO_TOKEN
        passing = response.status in _PASSING or not _refuses(response.status)
        return _NO_TOKEN if passing else _REFUSED


def _refuses(status: int) -> bool:
    return HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.INTERNAL_SERVER_ERROR


def _granted(response: Response, now: datetime) -> Token | None:
    """Return the token in the answer (RFC 6749 section 5.1), or None; without ``expires_in`` it serves one request."""
    try:
        grant = json.loads(response.body or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(grant, dict) or str(grant.get("token_type")).lower() != "bearer":
        return None
    text, seconds = grant.get("access_token"), grant.get("expires_in", 0)
    if not isinstance(text, str) or not _TOKEN.fullmatch(text) or not isinstance(seconds, int):
        return None
    try:
        life = timedelta(seconds=max(seconds, 0))
        end = now + life
    except OverflowError:
        return None
    return Token(text=text, renew_at=end - min(_AHEAD, life / 5), until=end - min(_MARGIN, life / 10))
