"""The worker is killed between the send and the record of its outcome, again and again; the state's ledger judges."""

from __future__ import annotations

import json
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import JudgedBy, Report
from canonical.payload import Payload
from canonical.submission import State
from service.main import Service, build_service
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.outbox import Draft, Entry
from service.processes import Program, run
from service.rehearsal import ORIGINAL, hurried_package
from service.settings import load
from validators.roster import COLUMNS

ANSWERS = json.loads((ORIGINAL / "examples/accepted/five-through-twenty-least.json").read_text())["answers"]
KILLS = 50
#: Each death takes one submission of each child with it at most: more are waiting than fifty deaths can take.
CHILDREN = 6
DOCUMENTS_A_CHILD = 80
#: The state has taken the document and answers this late: the moment in which the worker dies.
WEATHER = "[[weather]]\ndo = 'slow'\nseconds = 0.5\n"


@dataclass
class Landing:
    """Where the kills landed."""

    between_send_and_record: int = 0
    elsewhere: int = 0
    in_doubt: list[int] = field(default_factory=list)


@pytest.mark.timeout(400)
def test_fifty_kills_between_send_and_record_lose_nothing_and_double_nothing(tmp_path, database_url, capsys):
    """Every acknowledged submission takes effect exactly once, each child's in order, over fifty deaths of the worker."""
    settings = {
        "ECAS_DATA_DIR": str(tmp_path / "var"),
        "ECAS_DATABASE_URL": database_url,
        "ECAS_SPEC_PATH": str(hurried_package(tmp_path / "specs")),
    }
    sandbox = _sandbox(tmp_path, settings)
    try:
        settings["ECAS_GATEWAY_URL"] = sandbox.address()
        service = build_service(load(tmp_path, settings))
        service.adopting.now()  # as “ecas serve” does at its start: what is put in below was judged by these packages
        service.agencies.add("riverbend")
        _import_roster(tmp_path, settings)
        acknowledged = _submit(service)
        landing = Landing()
        while landing.between_send_and_record < KILLS:
            assert landing.elsewhere < KILLS, "the kills do not land where they should"
            _live_and_die(tmp_path, settings, service, sandbox.address(), landing)
        _weather(sandbox.address(), "")
        _finish(tmp_path, settings)
        _judge(acknowledged, _ledger(sandbox.address()), service)
    finally:
        sandbox.end()
    with capsys.disabled():
        sys.stdout.write(
            f"\n  {database_url.partition(':')[0]}: kills between send and record: {landing.between_send_and_record}, elsewhere: {landing.elsewhere}, "
            f"submissions in flight at a kill: {min(landing.in_doubt)}-{max(landing.in_doubt)}; "
            f"acknowledged {len(acknowledged)}, lost 0, doubled 0, order breaks 0\n"
        )
    assert landing.between_send_and_record >= KILLS


def _live_and_die(folder: Path, settings: dict[str, str], service: Service, state: str, landing: Landing) -> None:
    """Start a worker, wait until the state took something that the worker has not recorded, and kill it there."""
    before = _written(folder)
    worker = Program(["work"], folder=folder, settings=settings, log=folder / "worker.log")
    deadline = time.monotonic() + 30
    while _written(folder) == before and time.monotonic() < deadline:
        time.sleep(0.005)
    worker.process.kill()
    worker.wait()
    taken = {row["document_id"] for row in _ledger(state)["documents"] if row["effects"]}
    lost = [id_ for id_, document in _being_sent(service) if document in taken]
    if lost:
        landing.between_send_and_record += 1
        landing.in_doubt.append(len(lost))
    else:
        landing.elsewhere += 1


def _being_sent(service: Service) -> list[tuple[str, str]]:
    """Return the submissions of which the database knows only that they were about to be sent."""
    with reading(service.engine) as connection:
        ids = connection.scalars(select(t.submission.c.id).where(t.submission.c.state == State.SENDING)).all()
    entries = [service.outbox.entry("riverbend", id_) for id_ in ids]
    return [(entry.id, entry.document_id) for entry in entries if entry]


def _finish(folder: Path, settings: dict[str, str]) -> None:
    last = Program(["work", "--until-idle"], folder=folder, settings=settings, log=folder / "worker.log")
    last.process.wait(120)
    assert last.wait() == 0, (folder / "worker.log").read_text()[-2000:]


def _judge(acknowledged: list[tuple[str, str, str]], ledger: dict, service: Service) -> None:
    """Count from outside: what was acknowledged, against what took effect."""
    effects = {row["document_id"]: row for row in ledger["documents"]}
    assert ledger["overlaps"] == 0
    assert {document for _, document, _ in acknowledged} == set(effects)
    assert Counter(row["effects"] for row in effects.values()) == {1: len(acknowledged)}
    for child in {child for _, _, child in acknowledged}:
        order = [effects[document]["order"] for _, document, of in acknowledged if of == child]
        assert order == sorted(order)
    states = Counter(entry.state for entry in service.outbox.entries("riverbend", after=None, limit=999, state=None))
    assert states == {State.ACCEPTED: len(acknowledged)}


def _import_roster(folder: Path, settings: dict[str, str]) -> None:
    """Know the assessor: a worker that starts judges what waits by its packages, and would hold a stranger's."""
    last, _, first = ANSWERS["ASSESSOR_NAME"].partition(", ")
    line = {"key": ANSWERS["ASSESSOR_KEY"], "last_name": last, "first_name": first, "certified_on": "2025-12-01"}
    line |= {"status": "active"}
    roster = folder / "roster.csv"
    roster.write_text(",".join(COLUMNS) + "\n" + ",".join(line.get(column, "") for column in COLUMNS) + "\n")
    run(["keys", "import", str(roster), "--agency", "riverbend"], folder=folder, settings=settings)


def _submit(service: Service) -> list[tuple[str, str, str]]:
    """Write down every child's assessments; return (submission, document, child) in the order of acknowledgement."""
    acknowledged = []
    for number in range(DOCUMENTS_A_CHILD):
        for child in range(CHILDREN):
            document, member = f"kill-{child}-{number}", f"2000000000{child:02}"
            texts = {**ANSWERS, "DOCUMENT_ID": document, "MEMBER_ID": member, "MEMBER_LOCAL_ID": f"K-{child}"}
            acknowledged.append((_put(service, texts, f"{child}-{number}"), document, member))
    return acknowledged


def _put(service: Service, texts: dict[str, str], name: str) -> str:
    ids: list[str] = []

    def answer(entries: Sequence[Entry]) -> tuple[int, bytes]:
        ids.extend(entry.id for entry in entries)
        return 202, b""

    place = Source(file="payload", label="the assessment")
    draft = Draft(
        assessment=Assessment(
            agency="riverbend",
            origin=place,
            answers={item: Answer(text=text, source=place) for item, text in texts.items()},
        ),
        report=Report(
            findings=(),
            judged_by=JudgedBy(spec="2026.1", spec_status="provisional", spec_digest="sha-256:0", engine="test"),
        ),
        state=State.READY,
        why="It conforms and may leave.",
    )
    service.outbox.put(
        Payload(content=b"{}", name=f"payload:{name}", agency="riverbend"), "fhir", [draft], request=None, answer=answer
    )
    return ids[0]


def _sandbox(folder: Path, settings: dict[str, str]) -> Program:
    weather = folder / "weather.toml"
    weather.write_text(WEATHER)
    arguments = ["sandbox", "--port", "0", "--ledger", str(folder / "ledger.jsonl"), "--weather", str(weather)]
    return Program(arguments, folder=folder, settings=settings, log=folder / "sandbox.log")


def _weather(state: str, script: str) -> None:
    request = urllib.request.Request(f"{state}/_sandbox/weather", data=script.encode(), method="POST")
    request.add_header("Content-Type", "application/toml")
    with urllib.request.urlopen(request) as answer:
        assert answer.status < 300


def _ledger(state: str) -> dict:
    with urllib.request.urlopen(f"{state}/_sandbox/ledger") as answer:
        return json.load(answer)


def _written(folder: Path) -> int:
    """Return how much the state has written down: it does so before it answers."""
    ledger = folder / "ledger.jsonl"
    return ledger.stat().st_size if ledger.exists() else 0
