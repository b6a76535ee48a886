"""A running service with patience, limits and settings of a test's choice, in this process."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from service.api.app import create_app
from service.api.bodies import Limits
from service.api.callers import Patience
from service.api.server import Server
from service.main import Service, build_service
from service.sample_files import SAMPLES
from service.settings import Settings

BODY = (SAMPLES / "good/birth-through-four.json").read_bytes()


@dataclass
class Running:
    """A service that runs, and the address at which it does."""

    address: tuple[str, int]
    service: Service
    app: FastAPI
    server: Server
    key: str

    def ask(
        self, method: str, path: str, content: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        with closing(connection):
            connection.request(method, path, content, {"Authorization": f"Bearer {self.key}", **(headers or {})})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()

    def submit(self, key: str, content: bytes = BODY) -> tuple[int, Any]:
        status, _, body = self.ask("POST", "/v1/submissions", content, {"Idempotency-Key": key})
        return status, json.loads(body)

    def connect(self, *, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(self.address, timeout=20, source_address=(source, 0))


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    ending: list[tuple[Running, threading.Thread]] = []

    def begin(patience: Patience | None = None, limits: Limits | None = None, **chosen: Any) -> Running:
        service = build_service(Settings(data_dir=tmp_path / "var", **chosen))
        ready = threading.Event()
        addresses: list[str] = []
        app = create_app(service, limits)

        def announce(address: str) -> None:
            addresses.append(address)
            ready.set()

        server = Server(app, host="127.0.0.1", port=0, announce=announce, patience=patience)
        thread = threading.Thread(target=server.serve_until_ended)
        thread.start()
        assert ready.wait(20)
        place = urlsplit(addresses[0])
        assert place.hostname is not None
        assert place.port is not None
        agency = service.agencies.add("riverbend")
        ending.append((Running((place.hostname, place.port), service, app, server, agency), thread))
        return ending[-1][0]

    yield begin
    for running, thread in ending:
        running.server.should_exit = True
        thread.join()
        running.service.engine.dispose()
