"""Three agencies in one service: each has one of everything, and every text of it that can be hers alone is."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from draft import response
from fastapi import FastAPI
from office import ROSTER
from sqlalchemy import select

from canonical.outcome import Receipt
from canonical.submission import State, StuckCause
from canonical.verdict import Verdict
from service.api.app import create_app
from service.api.server import Server
from service.credentials.principal import Role
from service.main import DESTINATION, Service, build_service
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Claim, Settlement
from service.roster.evidence import Evidence
from service.settings import Settings
from service.tenants.tenant import EVERY
from specs.catalog import PACKAGES

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
EXAMPLE = PACKAGES / "2026.1/examples/accepted/five-through-twenty-with-consent.json"
#: Whose the three are. No word is part of another, or of any text of ours.
NAMES = ("qarivqa", "qbharqb", "qcnorqc")
#: What only one row can hold: an id of ours, or a keyed digest.
_OWN = re.compile(r"[a-z]{3,5}_[a-z2-7]{26}|[0-9a-f]{64}")
#: Seconds: what is written by the clock and not by a question would stand among a question's statements.
_NEVER: Final = 1e6


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def whole(self) -> bytes:
        """Every byte that the caller gets."""
        return b"\n".join([f"{name}: {text}".encode("latin-1") for name, text in self.headers] + [self.body])

    @property
    def told(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """What the answer tells: all of it but the names and times that differ between any two requests."""
        every_time = ("date", "correlation-id")
        return self.status, tuple(pair for pair in self.headers if pair[0] not in every_time), self.body


@dataclass
class Holding:
    """What one agency has."""

    agency: str
    #: By role.
    keys: dict[str, str]
    #: By the name of the parameter in a route: what stands in a path.
    ids: dict[str, list[str]] = field(default_factory=dict)
    #: Everything that only this agency may ever see.
    canaries: frozenset[bytes] = frozenset()


@dataclass
class World:
    address: str
    service: Service
    app: FastAPI
    holdings: dict[str, Holding]
    _open: threading.local = field(default_factory=threading.local)
    _opened: list[http.client.HTTPConnection] = field(default_factory=list)

    def ask(self, key: str | None, method: str, path: str, content: bytes | None = None, **headers: str) -> Answer:
        """Ask as whoever holds this key."""
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {key}"
        kept = getattr(self._open, "connection", None) is not None
        try:
            return self._asked(method, path, content, sent)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not kept:
                raise
            return self._asked(method, path, content, sent)  # it was idle for too long, and the service had closed it

    def _asked(self, method: str, path: str, content: bytes | None, headers: Mapping[str, str]) -> Answer:
        connection = self._connection()
        try:
            connection.request(method, path, content, headers)
            answer = connection.getresponse()
            return Answer(answer.status, tuple((k.lower(), v) for k, v in answer.getheaders()), answer.read())
        except (http.client.HTTPException, OSError):
            self._open.connection.close()
            self._open.connection = None
            raise

    def foreign(self, agency: str) -> list[bytes]:
        """Return all that this agency must never see."""
        return [canary for name, held in self.holdings.items() if name != agency for canary in held.canaries]

    def close(self) -> None:
        for connection in self._opened:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if getattr(self._open, "connection", None) is None:
            place = urlsplit(self.address)
            self._open.connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
            self._opened.append(self._open.connection)
        connection: http.client.HTTPConnection = self._open.connection
        return connection


@contextmanager
def world(folder: Path, settings: Mapping[str, Any], roles: Sequence[Role] = tuple(Role)) -> Iterator[World]:
    """Run a service over this database, with everything in it."""
    roster = folder / "roster.csv"
    roster.write_text(ROSTER)
    service = build_service(Settings(data_dir=folder / "var", roster=roster, **settings), clock=lambda: NOW)
    service.credentials.uses._every = _NEVER
    ready, addresses = threading.Event(), list[str]()

    def announce(address: str) -> None:
        addresses.append(address)
        ready.set()

    app = create_app(service)
    server = Server(app, host="127.0.0.1", port=0, announce=announce)
    thread = threading.Thread(target=server.serve_until_ended)
    thread.start()
    assert ready.wait(30)
    made = World(addresses[0], service, app, {})
    try:
        for name in NAMES:
            made.holdings[name] = _holding(made, name, roles)
        yield made
    finally:
        made.close()
        server.should_exit = True
        thread.join()
        service.engine.dispose()


def assessment(agency: str, document: str, **changed: str | None) -> bytes:
    """Return an invented assessment in which whatever may be told apart is this agency's."""
    answers = {
        **json.loads(EXAMPLE.read_text())["answers"],
        "AGENCY_ID": None,
        "DOCUMENT_ID": f"{agency}-{document}",
        "MEMBER_LOCAL_ID": f"{agency}-child-{document}",
        "MEMBER_LAST_NAME": f"{agency}-last",
        "MEMBER_FIRST_NAME": f"{agency}-first",
        **changed,
    }
    return response({item: text for item, text in answers.items() if text is not None})


def _holding(world: World, agency: str, roles: Sequence[Role]) -> Holding:
    service = world.service
    service.agencies.add(agency)
    held = Holding(agency, {role.value: _key(service, agency, role) for role in roles})
    ids = _submissions(world, held)
    stuck = ids["stuck"]
    note = f"{agency}-note"
    assert service.holds.hold(agency, ids["held"], actor=f"{agency}-actor", note=note)
    person = json.loads(
        world.ask(held.keys[Role.ADMIN], "POST", "/v1/assessors", json.dumps({
            "last_name": f"{agency}-assessor", "first_name": "Robin", "agencies": [agency],
            "keys": [{"key": f"EX-{7000 + NAMES.index(agency)}-0001", "certified_on": "2025-06-01"}],
        }).encode()).body
    )  # fmt: skip
    certificate = person["assessor"]["keys"][0]["id"]
    seen = Evidence(note=f"{agency}-evidence", seen_by=f"{agency}-clerk", seen_on=date(2026, 1, 2))
    service.rosters.attest(agency, certificate, seen, actor=f"{agency}-actor")
    begun = world.ask(held.keys[Role.ADMIN], "POST", "/v1/replays", json.dumps(
        {"ids": [stuck], "run": True, "note": note, "not_arrived": True}
    ).encode())  # fmt: skip
    replay = json.loads(begun.body)["replay"]["id"]
    told = world.ask(held.keys[Role.ADMIN], "POST", "/v1/webhooks", json.dumps(
        {"url": f"https://{agency}.example.org/{agency}-hook"}
    ).encode())  # fmt: skip
    webhook = json.loads(told.body)["id"]
    assert world.ask(held.keys[Role.ADMIN], "POST", f"/v1/webhooks/{webhook}/test").status == 200
    world.service.outbox.pause(DESTINATION, f"{agency}-pause", agency=agency)
    held.ids = {
        "submission": [*ids.values()],
        "replay": [replay],
        "assessor": [person["assessor"]["id"]],
        "certificate": [certificate],
        "webhook": [webhook],
    }
    held.canaries = frozenset(
        {agency.encode(), *(key.encode() for key in held.keys.values()), *_own_ids(service, agency)}
    )
    return held


def _key(service: Service, agency: str, role: Role) -> str:
    return service.credentials.keys.issue(agency, owner=f"{agency} {role.value}", role=role).key


def _submissions(world: World, held: Holding) -> dict[str, str]:
    """Hand in one submission for each way in which one can stand, and return their ids."""
    agency, outbox = held.agency, world.service.outbox
    ids: dict[str, str] = {}
    for n, kind in enumerate(("blocked", "accepted", "stuck", "pending", "held", "waiting"), start=1):
        changed = {"LDF_SLEEP": "7"} if kind == "blocked" else {}
        content = assessment(agency, kind, MEMBER_ID=f"{NAMES.index(agency) + 1}{n:011}", **changed)
        key = held.keys[Role.SUBMITTER]
        answer = world.ask(key, "POST", "/v1/submissions", content, idempotency_key=f"{agency}-{kind}")
        (made,) = json.loads(answer.body)["submissions"]
        ids[kind] = made["id"]
        if kind in _ENDS:
            if made["state"] == "held":
                assert world.service.holds.release(agency, ids[kind], actor=f"{agency}-actor", note=f"{agency}-note")
            (claim,) = outbox.claim(DESTINATION, "worker", limit=9, lease=timedelta(minutes=1))
            _end(world.service, claim, *_ENDS[kind])
    return ids


_ENDS: dict[str, tuple[State, Verdict | None, StuckCause | None]] = {
    "accepted": (State.ACCEPTED, Verdict.ACCEPTED, None),
    "stuck": (State.STUCK, None, StuckCause.NO_WAY_TO_ASK),
    "pending": (State.PENDING, Verdict.PENDING, None),
}


def _end(service: Service, claim: Claim, state: State, verdict: Verdict | None, cause: StuckCause | None) -> None:
    receipt = None
    if verdict is not None:
        receipt = Receipt(
            tracking_id=f"{claim.agency}-track-{claim.submission}",
            verdict=verdict,
            document_id="d",
            digest="sha-256:00",
            content=f"<receipt>{claim.agency}</receipt>".encode(),
        )
    outcome = "Unsure" if cause else state.value.title()
    service.outbox.settle(claim, Settlement(state=state, outcome=outcome, why="So.", receipt=receipt, cause=cause))


def _own_ids(service: Service, agency: str) -> Iterator[bytes]:
    """Yield every id and digest in any row of this agency's."""
    with reading(service.engine, EVERY) as connection:
        for table in t.metadata.tables.values():
            if "agency" in table.c:
                for row in connection.execute(select(table).where(table.c.agency == agency)):
                    yield from (text.encode() for text in row if isinstance(text, str) and _OWN.fullmatch(text))
