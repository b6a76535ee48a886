"""Connections that end without an answer, as those of a real network do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from canonical.errors import ConfigurationError

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

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
        while (await receive())["type"] != "http.disconnect":
            pass
