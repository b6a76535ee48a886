"""The interlock: a provisional document stays on loopback or goes to a peer that declares itself a sandbox."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Final

from canonical.errors import GatewayError, InterlockClosed
from gateway_client.peer import Peer

_QUESTION: Final = "/_sandbox"


class Interlock:
    """Guards one peer. A sandbox's declaration is remembered while the process lasts; a refusal never is."""

    def __init__(self, peer: Peer) -> None:
        """Guard this peer."""
        self._peer = peer
        self._declared = False

    async def admit(self, *, provisional: bool) -> None:
        """Return if a request may go; nothing but the interlock's own question has left before.

        An official document also needs https on its way to a real endpoint: in the clear it could be read.

        Raises:
            InterlockClosed: where the peer is neither loopback nor a declared sandbox, or could not be asked.
        """
        if self._peer.is_this_machine or (self._peer.base.scheme == "https" and not provisional):
            return
        self._declared = self._declared or await self._declares_itself()
        if not self._declared:
            raise InterlockClosed

    async def _declares_itself(self) -> bool:
        try:
            response = await self._peer.request("GET", _QUESTION, headers={"Accept": "application/json"})
        except GatewayError as error:
            raise InterlockClosed(f"{InterlockClosed.__doc__} It could not be asked: {error}") from None
        if response.status != HTTPStatus.OK or response.body is None:
            return False
        try:
            declaration = json.loads(response.body)
        except (ValueError, RecursionError):
            return False
        return isinstance(declaration, dict) and declaration.get("ecas_sandbox") is True
