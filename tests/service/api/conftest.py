"""The API as its callers meet it: a real uvicorn on a free loopback port, over a real SQLite file."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi import FastAPI

from service.api.app import create_app
from service.api.bodies import Limits
from service.api.server import Server
from service.main import Service, build_service
from service.settings import Settings
from specs.catalog import PACKAGES

EXAMPLES = PACKAGES / "2026.1" / "examples"
ROSTER = (
    "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
    "EX-0001-0001,Example,Robin,,,MA,2025-06-01,,2027-06-01,,\n"
)
_numbers = itertools.count(1)


@dataclass
class Answer:
    """One answer as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)

    @property
    def whole(self) -> str:
        """Everything that the caller can see."""
        return f"{self.headers}\n{self.body.decode('utf-8', 'replace')}"


@dataclass
class Caller:
    """An agency at the door."""

    api: Api
    id: str
    key: str

    def ask(self, method: str, path: str, content: Any = None, **headers: str) -> Answer:
        return self.api.ask(method, path, content, {"Authorization": f"Bearer {self.key}", **_headers(headers)})

    def submit(self, content: bytes, *, key: str, query: str = "") -> Answer:
        return self.ask("POST", f"/v1/submissions{query}", content, idempotency_key=key)


@dataclass
class Api:
    """A running service."""

    address: str
    service: Service
    app: FastAPI = field(repr=False)

    def connect(self, timeout: float = 30) -> http.client.HTTPConnection:
        place = urlsplit(self.address)
        assert place.hostname is not None
        return http.client.HTTPConnection(place.hostname, place.port, timeout=timeout)

    def ask(self, method: str, path: str, content: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        connection = self.connect()
        try:
            connection.request(method, path, content, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def caller(self, name: str | None = None) -> Caller:
        """Return a new agency, a stranger to all others."""
        name = name or f"agency-{next(_numbers)}"
        return Caller(self, name, self.service.agencies.add(name))


def _headers(named: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


@pytest.fixture(scope="session")
def running() -> Callable[..., Iterator[Api]]:
    """Give what runs a service in a folder, with settings of a test's own, until it is closed."""
    return _running


def _running(folder: Path, limits: Limits | None = None, **given: Any) -> Iterator[Api]:
    """Run a service in this folder until the generator is closed."""
    roster = folder / "roster.csv"
    roster.write_text(ROSTER)
    service = build_service(
        Settings(data_dir=folder / "var", roster=roster, **given),
        clock=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC),
    )
    ready = threading.Event()
    addresses: list[str] = []

    def announce(address: str) -> None:
        addresses.append(address)
        ready.set()

    app = create_app(service, limits)
    server = Server(app, host="127.0.0.1", port=0, announce=announce)
    thread = threading.Thread(target=server.serve_until_ended)
    thread.start()
    assert ready.wait(20)
    yield Api(addresses[0], service, app)
    server.should_exit = True
    thread.join()
    service.engine.dispose()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    yield from _running(tmp_path_factory.mktemp("api"))


@pytest.fixture
def caller(api: Api) -> Caller:
    return api.caller()


@pytest.fixture(scope="session")
def response() -> Callable[..., bytes]:
    return _response


def _response(example: str = "accepted/five-through-twenty-with-consent.json", **changed: str | None) -> bytes:
    """Return an invented assessment as a QuestionnaireResponse, with these answers changed, or left out."""
    answers = {**json.loads((EXAMPLES / example).read_text())["answers"], "AGENCY_ID": None, **changed}
    items = [{"linkId": k, "answer": [{"valueString": v}]} for k, v in answers.items() if v is not None]
    return json.dumps({"resourceType": "QuestionnaireResponse", "status": "completed", "item": items}).encode()


@pytest.fixture(scope="session")
def assert_problem() -> Callable[[Answer, int, str], None]:
    return _assert_problem


def _assert_problem(answer: Answer, status: int, name: str) -> None:
    """Hold an answer against RFC 9457 and our own promises."""
    assert (answer.status, answer.headers["content-type"]) == (status, "application/problem+json"), answer.body
    assert answer.data["type"] == f"urn:ecas-bridge:problem:{name}"
    assert answer.data["status"] == status
    assert answer.data["title"]
    assert answer.data["detail"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["correlation-id"].startswith("req_")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Start services of a test's own, with limits of its own."""
    running: list[Iterator[Api]] = []

    def begin(limits: Limits | None = None) -> Api:
        running.append(_running(tmp_path, limits))
        return next(running[-1])

    yield begin
    for service in running:
        next(service, None)
