"""A service full of canaries, asked by schemathesis over its own OpenAPI document; every answer is looked at on its way out."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from canonical.payload import Payload
from service.api.app import create_app
from service.api.server import Server
from service.main import Service, build_service
from service.sample_files import SAMPLES
from service.settings import Settings

#: In every text of the neighbour, and in every text of the caller's own records that is no id.
CANARY = "canaryquill"
#: What is there to be read: the record itself, asked for by whoever may.
DISCLOSURES = ("/v1/submissions/{submission}/document", "/v1/submissions/{submission}/worksheet")
#: What each answer is held to; a thing that is not there is 404 before anything else is looked at.
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
_NAMED = {"MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "LDF_COMMENT", "MEMBER_LOCAL_ID"}
_OF_THE_NEIGHBOUR = {*_NAMED, "DOCUMENT_ID"}


@dataclass
class Watched:
    """Counts what is asked, and keeps what should not have been answered."""

    app: ASGIApp
    asked: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        status, told = 0, b""

        async def seen(message: Message) -> None:
            nonlocal status, told
            if message["type"] == "http.response.start":
                status, told = message["status"], repr(message["headers"]).encode()
            else:
                told += message.get("body", b"")
            await send(message)

        await self.app(scope, receive, seen)
        route = getattr(scope.get("route"), "path", "unmatched")
        self.asked += 1
        self.statuses[status] += 1
        if status >= 500:
            self.faults.append(f"{scope['method']} {route}: {status}")
        if CANARY.encode() in told.lower() and not (route in DISCLOSURES and status == 200):
            self.faults.append(f"{scope['method']} {route}: canary")


@contextmanager
def fuzzed_service(folder: Path, response: Callable[..., bytes]) -> Iterator[tuple[str, str, Watched]]:
    """Run the service; yield its address, the key of an agency that has some of everything, and what watches it."""
    service = build_service(
        Settings(data_dir=folder / "var", roster=SAMPLES / "roster.csv"),
        clock=lambda: datetime(2026, 11, 16, 9, 0, tzinfo=UTC),
    )
    key = service.agencies.add("riverbend")
    service.agencies.add("neighbour")
    watched = Watched(create_app(service))
    ready, addresses = threading.Event(), list[str]()
    server = Server(
        watched, host="127.0.0.1", port=0, announce=lambda address: (addresses.append(address), ready.set())
    )
    thread = threading.Thread(target=server.serve_until_ended)
    thread.start()
    assert ready.wait(20)
    try:
        _fill(service, response)
        yield addresses[0], key, watched
    finally:
        server.should_exit = True
        thread.join()
        service.engine.dispose()


def _fill(service: Service, response: Callable[..., bytes]) -> None:
    """Write down, of both agencies, one that is ready, one that is held and one that is blocked."""
    for agency, named in (("riverbend", _NAMED), ("neighbour", _OF_THE_NEIGHBOUR)):
        for number, changed in enumerate(({}, {"ASSESSOR_KEY": "EX-9999-9999"}, {"LDF_SLEEP": "4"})):
            texts = dict.fromkeys(named, f"{CANARY}-{agency}-{number}") | {"AGENCY_ID": None} | changed
            texts.setdefault("DOCUMENT_ID", f"own-{number}")
            payload = Payload(content=response(**texts), name=f"payload:{service.new_id('pay')}", agency=agency)
            service.intake.receive(payload, format="fhir", request=None, answer=lambda *_: (202, b""))


def ids_of(service_address: str, key: str) -> list[str]:
    """Return the ids of the agency's submissions."""
    asked = urllib.request.Request(f"{service_address}/v1/submissions", headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(asked) as answer:
        return [one["id"] for one in json.loads(answer.read())["submissions"]]


def schemathesis(
    address: str, key: str, folder: Path, *, examples: int, seed: int, phases: str, seconds: int, ids: list[str]
) -> subprocess.CompletedProcess[str]:
    """Let schemathesis ask; real ids stand in the addresses where there are some."""
    (folder / "schemathesis.toml").write_text(
        "[parameters]\n" + (f'"path.submission" = {json.dumps(ids)}\n' if ids else ""), "utf-8"
    )
    command = [
        str(Path(sys.executable).with_name("st")),
        "--config-file",
        str(folder / "schemathesis.toml"),
        "run",
        f"{address}/openapi.json",
        "--header",
        f"Authorization: Bearer {key}",
        "--phases",
        phases,
        "--max-examples",
        str(examples),
        "--seed",
        str(seed),
        "--continue-on-failure",
        "--no-shrink",
        "--workers",
        "1",  # with more, Python 3.11 now and then fails to parse its own lambdas
        "--checks",
        ",".join(_CHECKS),
        "--suppress-health-check",
        "all",
        "--warnings",
        "off",
        "--no-color",
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
