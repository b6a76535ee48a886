"""A service in this process, with a clock that a test sets and a state that answers as a test says."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from draft import response

from canonical.outcome import Accepted, Document, Receipt
from canonical.payload import Payload
from canonical.verdict import Verdict
from service.main import Service, build_service, open_delivery
from service.outbox.outbox import Entry
from service.roads import Roads
from service.settings import Settings

AGENCY = "riverbend"
ROSTER = (
    "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"
    "EX-0001-0001,Example,Robin,,,MA,2025-06-01,,2031-06-01,,\n"
)
_numbers = itertools.count(1)


@dataclass
class Peer:
    """The state's side: what it was sent or asked, and what it will answer; it accepts where nothing else is said."""

    outcomes: list[Callable[[Document], Any]] = field(default_factory=list)
    said: list[tuple[str, str, Document]] = field(default_factory=list)

    def answer(self, deed: str, version: str, document: Document) -> Any:
        self.said.append((deed, version, document))
        return self.outcomes.pop(0)(document) if self.outcomes else accepted(document)


@dataclass
class Recorder:
    """A gateway under one package."""

    version: str
    state: Peer
    closed: bool = False

    async def send(self, document: Document, *, idempotency_key: str) -> Any:
        assert idempotency_key
        return self.state.answer("send", self.version, document)

    async def ask(self, document: Document, *, idempotency_key: str) -> Any:
        assert idempotency_key
        return self.state.answer("ask", self.version, document)

    async def poll(self, document_id: str, digest: str, tracking_id: str) -> Any:
        raise AssertionError(f"nothing is pending here: {document_id}, {digest}, {tracking_id}")

    async def close(self) -> None:
        self.closed = True


@dataclass
class Office:
    """The service of one folder, opened again as often as a test restarts it."""

    folder: Path
    moment: datetime = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
    state: Peer = field(default_factory=Peer)
    roster: str = ROSTER
    #: Where there is none, an SQLite file in the folder.
    database_url: str | None = None
    opened: list[Service] = field(default_factory=list)

    def open(self, *shelves: Path, spec: str | None = None) -> Service:
        """Start the service with these folders of packages; an earlier start is over."""
        (self.folder / "roster.csv").write_text(self.roster)
        settings = Settings(
            data_dir=self.folder / "var",
            roster=self.folder / "roster.csv",
            spec_path=shelves,
            spec=spec,
            database_url=self.database_url,
            gateway_url="http://127.0.0.1:1",  # nothing is ever sent there: the recorder stands in its place
        )
        self.close()
        service = build_service(settings, clock=self.clock)
        self.opened.append(service)
        if AGENCY not in {agency.id for agency in service.agencies.list()}:
            service.agencies.add(AGENCY)
        return service

    def clock(self) -> datetime:
        """Tell the time, which goes on by a second each time that somebody asks."""
        self.moment += timedelta(seconds=1)
        return self.moment

    @property
    def service(self) -> Service:
        return self.opened[-1]

    def submit(self, given: dict[str, str]) -> Entry:
        """Hand in one assessment and return how it stands."""
        entries: list[Entry] = []

        def answer(made: Sequence[Entry], _: object) -> tuple[int, bytes]:
            entries.extend(made)
            return 202, b""

        payload = Payload(content=response(given), name=f"payload:pay_{next(_numbers)}", agency=AGENCY)
        self.service.intake.receive(payload, format=None, request=None, answer=answer)
        (entry,) = entries
        return entry

    def look(self, entry: Entry) -> Entry:
        found = self.service.outbox.entry(AGENCY, entry.id)
        assert found is not None
        return found

    def rules(self, entry: Entry) -> set[str]:
        report = self.service.outbox.report(AGENCY, entry.id)
        assert report is not None
        return {finding.rule for finding in report.findings}

    def deliver(self) -> None:
        """Run a worker until it is idle."""
        service = self.service
        roads = Roads(service.judge, service.clock, lambda spec: Recorder(spec.version, self.state))  # type: ignore[arg-type,return-value]
        with open_delivery(service) as delivery:
            rng = random.Random(1)
            worker = replace(delivery, roads=roads, rng=rng, attempts=replace(delivery.attempts, roads=roads, rng=rng))
            asyncio.run(worker.run(until_idle=True, stopping=asyncio.Event()))

    def close(self) -> None:
        while self.opened:
            self.opened.pop().engine.dispose()


def accepted(document: Document) -> Accepted:
    return Accepted(
        receipt=Receipt(
            tracking_id="trk_1", verdict=Verdict.ACCEPTED, document_id=document.document_id, digest=document.digest
        )
    )
