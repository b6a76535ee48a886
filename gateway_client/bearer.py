"""The access token: fetched with the client's assertion, kept until shortly before it expires."""

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

from canonical.errors import GatewayError
from canonical.outcome import Misconfigured, TryLater
from gateway_client.credentials import ClientCredentials
from gateway_client.peer import Peer
from gateway_client.response import Response

#: A token is renewed so long before it expires, for the time that a request takes and clocks that differ.
_MARGIN: Final = timedelta(seconds=60)
_NO_TOKEN: Final = TryLater(why="The state's token endpoint gave no token.")
_REFUSED: Final = Misconfigured(why="The state's token endpoint refuses our credentials.")
_PASSING: Final = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)
#: RFC 6750 section 2.1; anything else could smuggle a second header in.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and the moment from which it is no longer used."""

    text: str = field(repr=False)
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
        self._fetching = asyncio.Lock()

    async def token(self, *, refused: Token | None = None) -> Token | TryLater | Misconfigured:
        """Return a token, or why there is none; never the one that the peer has just refused."""
        async with self._fetching:
            held = self._token
            if held is not None and held is not refused and self._clock() < held.until:
                return held
            fetched = await self._fetched()
            self._token = fetched if isinstance(fetched, Token) else None
            return fetched

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
        return Token(text=text, until=now + timedelta(seconds=seconds) - _MARGIN)
    except OverflowError:
        return None
