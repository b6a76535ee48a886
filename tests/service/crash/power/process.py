"""The recorded process: our real service writes down, takes out and settles, in two threads as ``serve`` and ``work`` do."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import random
import sqlite3
import sys
import threading
import traceback
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from power.files import Files
from power.places import settings
from power.recorder import Recorder
from power.trace import Trace
from sqlalchemy import event

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Finding, JudgedBy, Kind, Report, Severity
from canonical.outcome import Receipt
from canonical.payload import Payload
from canonical.submission import State
from canonical.verdict import Verdict
from service.main import DESTINATION, Service, build_service
from service.outbox import engine, records
from service.outbox.outbox import Claim, Draft, Entry, Request, Settlement

AGENCIES = ("riverbend", "harborlight")
LEASE = timedelta(seconds=60)
JUDGED = Report(
    findings=(),
    judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:00", engine="test"),
)


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Office:
    """One life of the service after the other, on the same folder."""

    def __init__(self, folder: Path, places: dict[str, str], trace: Trace, plants: Sequence[str]) -> None:
        self.trace = trace
        self.numbers = itertools.count(1)
        self._settings = settings(folder, places)
        self._plants = plants
        self.service = self._start()
        for agency in AGENCIES:
            self.service.agencies.add(agency)
            trace.mark("agency", id=agency)

    def _start(self) -> Service:
        service = build_service(self._settings)
        if self._plants:
            service.engine.dispose()  # what the migrations opened
            event.remove(service.engine, "connect", engine._prepare)
            event.listen(service.engine, "connect", self._prepare_worse)
        return service

    def _prepare_worse(self, connection: sqlite3.Connection, _: Any) -> None:
        """Open a connection as ``engine._prepare`` does, but with the planted words."""
        connection.isolation_level = None
        for pragma in (f"busy_timeout={engine.BUSY_TIMEOUT}", "foreign_keys=ON", *self._plants):
            connection.execute(f"PRAGMA {pragma}")

    def restart(self) -> None:
        """End and begin anew: the last connection empties the journal and unlinks it, the next one makes another."""
        self.service.engine.dispose()
        self.service = self._start()

    def receive(self, rng: random.Random) -> None:
        """Write one payload down; what the sender was told is marked after it returned, never before."""
        number, agency = next(self.numbers), rng.choice(AGENCIES)
        payload = Payload(
            content=rng.randbytes(rng.choice((40, 900, 6_000))), name=f"payload:pay_{number}", agency=agency
        )
        drafts = [_draft(agency, f"d{number}-{n}", rng.randrange(12), rng) for n in range(rng.choice((1, 1, 1, 3)))]
        request = Request(endpoint="submissions", key=f"k{number}", body="sha-256:aa")
        ids: list[str] = []

        def answer(entries: Sequence[Entry]) -> tuple[int, bytes]:
            ids.extend(entry.id for entry in entries)
            return 202, f"taken {number}".encode()

        self.trace.mark("putting", payload=f"pay_{number}", agency=agency, count=len(drafts))
        reply = self.service.outbox.put(payload, "fhir", drafts, request=request, answer=answer)
        self.trace.mark(
            "put",
            payload=f"pay_{number}",
            agency=agency,
            content=digest(payload.content),
            submissions={
                id_: digest(records.write_assessment(draft.assessment)) for id_, draft in zip(ids, drafts, strict=True)
            },
            request=request,
            answer=reply.content,
        )

    def deliver(self, rng: random.Random) -> None:
        """Take out what is due and record what became of it."""
        for claim in self.service.outbox.claim(DESTINATION, "worker", limit=rng.choice((1, 4)), lease=LEASE):
            self.trace.mark("claimed", submission=claim.submission, agency=claim.agency, attempt=claim.attempts)
            settlement = _settlement(claim, rng)
            self.service.outbox.settle(claim, settlement)
            self._tell("settled", claim.submission, claim.agency, settlement, attempt=claim.attempts)
        for poll in self.service.outbox.polls(DESTINATION, limit=4, lease=LEASE):
            settlement = _accepted(poll.submission, rng)
            self.service.outbox.settle_poll(poll, settlement)
            self._tell("polled", poll.submission, poll.agency, settlement)

    def _tell(self, what: str, id_: str, agency: str, settlement: Settlement, **more: int) -> None:
        kept = settlement.receipt and digest(records.write_receipt(settlement.receipt))
        told = {"submission": id_, "agency": agency, "state": settlement.state, "outcome": settlement.outcome}
        self.trace.mark(what, **told, receipt=kept, **more)


def _draft(agency: str, document: str, child: int, rng: random.Random) -> Draft:
    place = Source(file="payload:p", label="row 2")
    texts = {"DOCUMENT_ID": document, "MEMBER_ID": f"1000000000{child:02}", "LDF_COMMENT": "x" * rng.randrange(3_000)}
    answers = {item: Answer(text=text, source=place) for item, text in texts.items()}
    return Draft(
        assessment=Assessment(agency=agency, origin=place, answers=answers),
        report=JUDGED,
        state=State.READY,
        why="It conforms and may leave.",
    )


def _settlement(claim: Claim, rng: random.Random) -> Settlement:
    kind = rng.choice(("accepted", "accepted", "pending", "rejected", "later"))
    if kind == "accepted":
        return _accepted(claim.submission, rng)
    if kind == "later":
        return Settlement(state=State.READY, outcome="TryLater", why="The state was busy.")
    receipt = _receipt(claim.submission, Verdict(kind), rng)
    if kind == "pending":
        return Settlement(state=State.PENDING, outcome="Pending", why="It has not decided.", receipt=receipt)
    finding = Finding(
        rule="R001", severity=Severity.ERROR, kind=Kind.STRUCTURE, title="Refused", message="It refused it."
    )
    return Settlement(
        state=State.REJECTED, outcome="Rejected", why="The state refused it.", receipt=receipt, findings=(finding,)
    )


def _accepted(submission: str, rng: random.Random) -> Settlement:
    receipt = _receipt(submission, Verdict.ACCEPTED, rng)
    return Settlement(state=State.ACCEPTED, outcome="Accepted", why="The state accepted it.", receipt=receipt)


def _receipt(submission: str, verdict: Verdict, rng: random.Random) -> Receipt:
    content = rng.randbytes(rng.choice((200, 2_500)))
    return Receipt(
        tracking_id=f"trk {submission}", verdict=verdict, document_id="d", digest="sha-256:00", content=content
    )


def _live(office: Office, payloads: int, seed: int) -> None:
    """Receive and deliver at once; neither gets far ahead of the other, whoever SQLite lets write."""
    received, delivered = threading.Event(), threading.Semaphore()

    def deliver() -> None:
        rng = random.Random(seed + 1)
        while not received.is_set():
            office.deliver(rng)
            delivered.release()

    worker = threading.Thread(target=deliver)
    worker.start()
    rng = random.Random(seed)
    try:
        for number in range(payloads):
            office.receive(rng)
            if number % 2:
                delivered.acquire()
    finally:
        received.set()
        worker.join()


def _fall(failure: Any) -> None:
    """End at once: what a callback raised would be printed and forgotten."""
    traceback.print_exception(failure.exc_type, failure.exc_value, failure.exc_traceback)
    sys.stderr.flush()
    os._exit(70)


def main(folder: Path, file: Path, payloads: int, seed: int, places: dict[str, str], *plants: str) -> None:
    """Live below ``folder``, which is empty, and leave the trace in ``file``."""
    sys.unraisablehook = _fall
    trace = Trace()
    files = Files(folder, trace)
    files.watch_python()
    recorder = Recorder(files)
    recorder.install()
    office = Office(folder, places, trace, plants)
    for life in range(2):
        if life:
            office.restart()
        _live(office, payloads // 2, seed=seed * 10 + life * 2)
    office.service.engine.dispose()
    trace.save(file)
    del recorder  # until here C holds pointers into it


if __name__ == "__main__":
    main(
        Path(sys.argv[1]).resolve(),
        Path(sys.argv[2]),
        int(sys.argv[3]),
        int(sys.argv[4]),
        json.loads(sys.argv[5]),
        *sys.argv[6:],
    )
