"""The application on a socket: says when it is ready, and ends in good order when asked to."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from canonical.errors import ConfigurationError

#: Seconds that requests under way are given when the server is asked to end.
_GRACE: Final = 20
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """One listening socket, without access log, proxy headers or any word about what it runs on."""

    def __init__(self, app: ASGIApp, *, host: str, port: int, announce: Callable[[str], None]) -> None:
        """Take the socket now; ``announce`` is told the address as soon as requests are answered.

        Raises:
            ConfigurationError: the address is not to be had.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http="h11",  # httptools has no limit for headers, and drops the body of an upgrade to HTTP/2
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="off",
                timeout_graceful_shutdown=_GRACE,
            )
        )
        self._listening = _listen(host, port)
        self._announce = announce

    def serve_until_ended(self) -> None:
        """Answer requests until a signal, or ``should_exit``, ends it."""
        self.run(sockets=[self._listening])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to answer, and say where."""
        await super().startup(sockets)
        host, port = self._listening.getsockname()[:2]
        self._announce(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM, and count that as success: uvicorn would raise the signal once more."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError):
        raise ConfigurationError(
            f"Nothing can listen on {host}, port {port}: is something else there already?"
        ) from None
