"""Connections that end without an answer, or bring it a byte at a time, as those of a real network do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from canonical.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from sandbox.flights import Flight

#: The ASGI extension by which an application ends its own connection; ASGI itself has no word for that.
EXTENSION: Final = "ecas_sandbox.hang_up"


class CannotHangUp(ConfigurationError):
    """This server cannot end a connection without an answer; run the sandbox with ``sandbox.main.serve``."""


class SandboxProtocol(HttpToolsProtocol):
    """HTTP as uvicorn speaks it, and a way to stop speaking."""

    def on_message_begin(self) -> None:
        """Offer the way out with every request."""
        super().on_message_begin()
        extensions: dict[str, Any] = {EXTENSION: {"hang_up": self.transport.abort}}
        self.scope["extensions"] = extensions


class HangUp(Response):
    """No answer at all: the socket is closed before a byte of one is written."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (nothing is sent)
        """Close the connection, and return only when it is gone.

        Raises:
            CannotHangUp: under a server that does not offer the extension.
        """
        offered = scope.get("extensions", {}).get(EXTENSION)
        if offered is None:
            raise CannotHangUp
        offered["hang_up"]()
        # An application that returns while the connection stands makes uvicorn answer 500 in its place.
        await gone_from(receive)


class Drip(Response):
    """An answer whose headers come at once, and whose body comes a byte at a time."""

    def __init__(self, reply: Response, seconds: float, flight: Flight | None) -> None:
        """Take the answer, the time that all of it takes, and the submission that ends with its last byte."""
        super().__init__(reply.body, reply.status_code, media_type=reply.media_type)
        self._pause = seconds / max(len(self.body), 1)
        self._flight = flight
        if flight is not None:
            flight.goes_on()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 (Starlette's signature)
        """Send byte by byte; whoever hangs up meanwhile gets no more."""
        hung_up = asyncio.ensure_future(gone_from(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            body = bytes(self.body)
            for place in range(len(body)):
                await asyncio.wait([hung_up], timeout=self._pause)
                if hung_up.done():
                    return
                if place + 1 == len(body):
                    self._land()
                await send({"type": "http.response.body", "body": body[place : place + 1], "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            hung_up.cancel()
            self._land()

    def _land(self) -> None:
        if self._flight is not None:
            self._flight.land()


async def gone_from(receive: Receive) -> None:
    """Return when the sender has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass
