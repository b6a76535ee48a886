"""A sandbox that really listens, and someone who speaks to it without sharing a line with it."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

import pytest
import uvicorn
from lxml import etree

from sandbox.app import create_app
from sandbox.clients import Clients
from sandbox.face import Shelf
from sandbox.ledger import Ledger
from sandbox.main import configuration
from sandbox.weather import Weather
from specs.reader import load
from specs.spec import Spec

PACKAGE = Path(__file__).parents[2] / "specs" / "packages" / "2026.1"


@dataclass(frozen=True)
class Heard:
    """What came back: a status, headers and a body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def receipt(self) -> dict[str, str]:
        """Return the leaves of the one receipt, and its reason codes joined by spaces."""
        root = ET.fromstring(self.body)
        one = root if root.tag.endswith("}Receipt") else root[0]
        leaves = {child.tag.partition("}")[2]: child.text or "" for child in one}
        leaves["Reasons"] = " ".join(code.text or "" for code in one.findall(".//{*}Code"))
        return leaves

    def json(self) -> dict[str, object]:
        return json.loads(self.body)


@dataclass(frozen=True)
class Sender:
    """Speaks HTTP to one address."""

    port: int
    write: Callable[[Mapping[str, str]], bytes]
    #: What the sender trusts, where the sandbox serves TLS.
    trust: ssl.SSLContext | None = None
    path: str = "/v1/assessments"

    def connect(self) -> http.client.HTTPConnection:
        if self.trust is None:
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=20, context=self.trust)

    def ask(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Heard:
        connection = self.connect()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Heard(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def headers(self, body: bytes, key: str) -> dict[str, str]:
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        return {
            "Content-Type": "application/xml",
            "Content-Digest": f"sha-256=:{digest}:",
            "Idempotency-Key": key,
        }

    def submit(self, answers: Mapping[str, str] | bytes, key: str, **headers: str) -> Heard:
        body = answers if isinstance(answers, bytes) else self.write(answers)
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.ask("POST", self.path, body, {**self.headers(body, key), **more})

    def query(self, key: str) -> Heard:
        return self.ask("GET", f"{self.path}?idempotency-key={quote(key)}")

    def status(self, tracking_id: str) -> Heard:
        return self.ask("GET", f"{self.path}/{tracking_id}")

    def weather(self, toml: str) -> None:
        heard = self.ask("POST", "/_sandbox/weather", toml.encode(), {"Content-Type": "application/toml"})
        assert heard.status == 200, heard.body

    def ledger(self) -> dict[str, object]:
        return self.ask("GET", "/_sandbox/ledger").json()

    def documents(self) -> list[dict[str, object]]:
        documents = self.ledger()["documents"]
        assert isinstance(documents, list)
        return documents

    def effects(self) -> list[int]:
        return [row["effects"] for row in self.documents()]


@pytest.fixture(scope="session")
def spec() -> Spec:
    return load(PACKAGE)


@pytest.fixture(scope="session")
def example() -> dict[str, str]:
    """Return the answers of an assessment that the package calls acceptable, with consent."""
    file = PACKAGE / "examples" / "accepted" / "five-through-twenty-with-consent.json"
    answers: dict[str, str] = json.loads(file.read_text())["answers"]
    return answers


def document_of(spec: Spec, answers: Mapping[str, str]) -> bytes:
    """Write answers as the package's document: the tests' own writer."""
    namespace = f"{{{spec.wire.namespace}}}"
    root = etree.Element(f"{namespace}{spec.wire.root}", nsmap={None: spec.wire.namespace})
    groups: dict[str, etree._Element] = {"": root}
    for item in spec.occurrences.values():
        if not item.wire or item.code not in answers:
            continue
        path = ""
        for step in item.wire.split("/"):
            parent, path = groups[path], f"{path}/{step}"
            if path == f"/{item.group}":
                path += f"[{item.occurrence}]"
            if path not in groups:
                groups[path] = etree.SubElement(parent, f"{namespace}{step}")
        groups[path].text = answers[item.code]
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


@pytest.fixture(scope="session")
def write(spec: Spec) -> Callable[[Mapping[str, str]], bytes]:
    return partial(document_of, spec)


@pytest.fixture(scope="session")
def write_as() -> Callable[[Spec, Mapping[str, str]], bytes]:
    """Write the document of any package."""
    return document_of


@pytest.fixture
def sender_at(write: Callable[[Mapping[str, str]], bytes]) -> Callable[[int], Sender]:
    return lambda port: Sender(port, write)


@pytest.fixture
def form(example: dict[str, str]) -> Callable[..., dict[str, str]]:
    """Return a fresh document of a child, with these answers instead of the example's."""

    def answers(document_id: str, **instead: str) -> dict[str, str]:
        return {**example, "DOCUMENT_ID": document_id, **instead}

    return answers


@pytest.fixture
def run(spec: Spec, tmp_path: Path, sender_at: Callable[[int], Sender]) -> Iterator[Callable[..., Sender]]:
    """Start sandboxes on free ports of this process, and stop them in the end."""
    stops: list[Callable[[], None]] = []

    def start(
        weather: str = "",
        clients: Clients | None = None,
        tls: ssl.SSLContext | None = None,
        shelf: Shelf | None = None,
        **transport: object,
    ) -> Sender:
        package = replace(spec, transport=replace(spec.transport, **transport))
        script = tmp_path / f"weather-{len(stops)}.toml"
        script.write_text(weather, "utf-8")
        read = Weather.from_file(script)
        ledger = Ledger.open(tmp_path / f"ledger-{len(stops)}.jsonl")
        app = create_app(package, ledger, read, clients=clients, shelf=shelf)
        config = configuration(app, tls)
        config.port = 0
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.005)

        def stop() -> None:
            server.should_exit = True
            thread.join()
            ledger.close()

        stops.append(stop)
        return sender_at(server.servers[0].sockets[0].getsockname()[1])

    yield start
    for stop in stops:
        stop()
