"""The whole of it as real processes: a state with weather, a service, its workers, and agencies that submit."""

from __future__ import annotations

import json
import socket
import threading
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actor import Actor
from checker import Count, check
from ehr import Ehr

from service.main import Service, build_service
from service.rehearsal import hurried_package
from service.settings import load
from validators.roster import COLUMNS

ROOT = Path(__file__).parents[3]
AGENCIES = ("riverbend", "harborlight", "northstar")
#: The assessor of the sample, known to every agency.
_ASSESSOR = {"key": "MA-CANS-48213", "last_name": "Ostrowski", "first_name": "Delphine", "certified_on": "2025-03-11"}


@dataclass(frozen=True, slots=True)
class Came:
    """One line of the ledger, and when we saw it: the state writes it before it answers."""

    at: float
    document: str
    settled: bool


class Book:
    """The ledger as it grows, read by whoever needs it, never more than once a millisecond."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read = 0
        self._looking = threading.Lock()
        self.by_key: dict[str, list[Came]] = defaultdict(list)
        self.settled: set[str] = set()

    def look(self) -> None:
        """Read what was added."""
        with self._looking:
            if not self._file.exists() or self._file.stat().st_size == self._read:
                return
            with self._file.open("rb") as file:
                file.seek(self._read)
                lines = file.read().splitlines(keepends=True)
            for line in lines:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                self._take(json.loads(line))

    def _take(self, entry: dict[str, Any]) -> None:
        if entry["event"] != "arrived":
            return
        document, held = entry["document_id"], entry["held"]
        came = Came(time.time(), document, held is not None)
        self.by_key[entry["idempotency_key"]].append(came)
        if held is not None:
            self.settled.add(document)


@dataclass
class Scene:
    """What runs. The service and the workers come from ``root``, which may be a copy with a planted bug."""

    folder: Path
    settings: dict[str, str]
    root: Path
    service_port: int
    #: Our own look into the same database; only the state of affairs at a kill is read through it.
    inside: Service
    state: Actor
    book: Book
    ehr: Ehr
    service: Actor
    workers: list[Actor] = field(default_factory=list)
    #: Those that were killed or ended; a process that ended by itself is a fault.
    gone: list[Actor] = field(default_factory=list)

    @property
    def record(self) -> Path:
        return self.ehr.record

    @property
    def ledger(self) -> Path:
        return self.folder / "ledger.jsonl"

    def start(self, *arguments: str) -> Actor:
        """Start one program of ours."""
        log = self.folder / f"{arguments[0]}.log"
        return Actor(*arguments, folder=self.folder, settings=self.settings, root=self.root, log=log)

    def replace(self, actor: Actor) -> None:
        """Start the next one in the place of one that was killed."""
        self.gone.append(actor)
        if actor is self.service:
            self.service = self.start("serve", "--port", str(self.service_port))
        else:
            self.workers[self.workers.index(actor)] = self.start("work")

    def weather(self, script: str) -> None:
        """Give the state another weather."""
        request = urllib.request.Request(f"{self.settings['ECAS_GATEWAY_URL']}/_sandbox/weather", script.encode())
        request.add_header("Content-Type", "application/toml")
        with urllib.request.urlopen(request) as answer:
            assert answer.status < 300

    def waiting(self) -> int:
        """Return how many acknowledged documents the state has no word for."""
        self.book.look()
        return self.ehr.acknowledged - len(self.book.settled)

    def finish(self, *, within: float = 120) -> Count:
        """Let the agencies come to an end and the workers finish what is there, under a fair sky; then count."""
        self.weather("")
        self.ehr.end()
        for worker in self.workers:
            assert worker.is_up, f"a worker ended by itself: {worker.log.read_text()[-2000:]}"
            worker.end()
        self.workers = [self.start("work", "--until-idle")]
        self.workers[0].process.wait(within)
        return self.count()

    def count(self) -> Count:
        """Count what went wrong so far."""
        return check(self.record, self.ledger)


@contextmanager
def scene(
    folder: Path,
    database_url: str,
    *,
    weather: str,
    workers: int = 1,
    root: Path = ROOT,
    children: int = 24,
    enough: int = 120,
    threads: int = 4,
    total_timeout: int = 5,
) -> Iterator[Scene]:
    """Set everything up and let it run; end it whatever happens."""
    port = _free_port()
    settings = {
        "ECAS_DATA_DIR": str(folder / "var"),
        "ECAS_DATABASE_URL": database_url,
        "ECAS_SPEC_PATH": str(hurried_package(folder / "specs", total_timeout=total_timeout)),
        "ECAS_ROSTER": str(_roster(folder / "roster.csv")),
    }
    (folder / "weather.toml").write_text(weather)
    started: list[Actor] = []

    def start(*arguments: str, source: Path) -> Actor:
        log = folder / f"{arguments[0]}.log"
        started.append(Actor(*arguments, folder=folder, settings=settings, root=source, log=log))
        return started[-1]

    here: Scene | None = None
    try:
        book = ("--ledger", str(folder / "ledger.jsonl"), "--weather", str(folder / "weather.toml"))
        state = start("sandbox", "--port", "0", *book, source=ROOT)
        settings["ECAS_GATEWAY_URL"] = state.address()
        inside = build_service(load(folder, settings))
        keys = {agency: inside.agencies.add(agency) for agency in AGENCIES}
        service = start("serve", "--port", str(port), source=root)
        ledger = Book(folder / "ledger.jsonl")
        here = Scene(
            folder=folder,
            settings=settings,
            root=root,
            service_port=port,
            inside=inside,
            state=state,
            book=ledger,
            service=service,
            ehr=Ehr(
                address=service.address(),
                keys=keys,
                children=children,
                record=folder / "record.jsonl",
                waiting=lambda: here.waiting() if here else 0,
                enough=enough,
                threads=threads,
            ),
        )
        here.workers = [here.start("work") for _ in range(workers)]
        here.ehr.start()
        yield here
    finally:
        running = [*started, *([here.service, *here.workers] if here else [])]
        for actor in reversed(running):
            actor.end()
        if here:
            here.inside.engine.dispose()


def _roster(file: Path) -> Path:
    line = {**_ASSESSOR, "status": "active"}
    file.write_text(",".join(COLUMNS) + "\n" + ",".join(line.get(column, "") for column in COLUMNS) + "\n")
    return file


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
