"""The application on a socket: says when it is ready, and ends in good order when asked to."""

from __future__ import annotations

import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, Final, cast

import uvicorn
from starlette.types import ASGIApp

from canonical.errors import ConfigurationError
from service.api.callers import Callers, Patience
from service.api.connection import Connection
from service.ending import end_at_once

#: Seconds that requests under way are given when the server is asked to end.
GRACE: Final = 20
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)
#: Descriptors that are no connections: the database's, the log's, files while they are read.
_OTHER_DESCRIPTORS: Final = 128


class Server(uvicorn.Server):
    """One listening socket, without access log, proxy headers or any word about what it runs on."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        host: str,
        port: int,
        announce: Callable[[str], None],
        patience: Patience | None = None,
        grace: int = GRACE,
    ) -> None:
        """Take the socket now; ``announce`` is told the address as soon as requests are answered.

        Raises:
            ConfigurationError: the address is not to be had.
        """
        self.callers = Callers(_within_descriptors(patience or Patience()))
        super().__init__(
            uvicorn.Config(
                app,
                # h11: httptools has no limit for headers, and drops the body of an upgrade to HTTP/2
                http=cast("Any", partial(Connection, callers=self.callers)),
                timeout_keep_alive=self.callers.patience.idle_seconds,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                lifespan="off",
                timeout_graceful_shutdown=grace,
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

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End in good order at the first signal, at once at the second: what was acknowledged is on disk."""
        if self.should_exit:
            end_at_once(sig)
        super().handle_exit(sig, frame)

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


def _within_descriptors(patience: Patience) -> Patience:
    """Return it with no more connections than the process may have: one too many would keep everybody out."""
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return replace(patience, connections=max(1, min(patience.connections, most - _OTHER_DESCRIPTORS)))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except (OSError, OverflowError):
        raise ConfigurationError(
            f"Nothing can listen on {host}, port {port}: is something else there already?"
        ) from None
