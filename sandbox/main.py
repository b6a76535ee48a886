"""Runs a sandbox in this process until it is told to stop."""

from __future__ import annotations

import signal
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from canonical.errors import ConfigurationError
from sandbox.app import create_app
from sandbox.clients import Clients
from sandbox.connection import SandboxProtocol
from sandbox.face import Shelf
from sandbox.ledger import Ledger
from sandbox.tls import Tls
from sandbox.weather import Weather
from specs.spec import Spec

#: Seconds that requests under way have when the sandbox is told to stop.
_GRACE: Final = 2
_LAST_PORT: Final = 65535


class CannotListen(ConfigurationError):
    """The sandbox cannot listen at this address."""


class AnnouncingServer(uvicorn.Server):
    """A server that says where it listens, as soon as it does: with port 0 nobody else knows."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and print one line."""
        await super().startup(sockets)
        for listening in sockets or []:
            host, port = listening.getsockname()[:2]
            address = f"[{host}]" if ":" in host else host
            scheme = "https" if self.config.is_ssl else "http"
            sys.stdout.write(f"sandbox listening on {scheme}://{address}:{port}\n")
            sys.stdout.flush()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM, and count that as success: uvicorn would raise the signal once more."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        former = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)


def serve(
    host: str,
    port: int,
    ledger: Path,
    weather: Path | None,
    spec: Spec,
    *,
    clients: Path | None = None,
    tls: Tls | None = None,
    shelf: Shelf | None = None,
) -> None:
    """Run a sandbox until SIGINT or SIGTERM; port 0 takes a free one, named in the line that is printed.

    Raises:
        ConfigurationError: where the address, the ledger, the weather, the clients, the certificate or a package
            cannot be used.
    """
    script = Weather() if weather is None else Weather.from_file(weather)
    registered = None if clients is None else Clients.from_file(clients)
    secured = None if tls is None else tls.context()
    listening = _listen(host, port)
    try:
        book = Ledger.open(ledger)
        try:
            app = create_app(spec, book, script, clients=registered, shelf=shelf)
            AnnouncingServer(configuration(app, secured)).run(sockets=[listening])
        finally:
            book.close()
    finally:
        listening.close()


def configuration(app: ASGIApp, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    """Return how the sandbox is served: it can hang up, and it logs no request."""
    return uvicorn.Config(
        app,
        http=SandboxProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=_GRACE,
        ssl_context_factory=None if tls is None else lambda *_: tls,
    )


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _LAST_PORT:  # the resolver would wrap it around
        raise CannotListen(f"{host}:{port}: ports go from 0 to {_LAST_PORT}.")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"{host}:{port}: {error.strerror}.") from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        listening.close()
        raise CannotListen(f"{host}:{port}: {error.strerror}.") from None
    return listening
