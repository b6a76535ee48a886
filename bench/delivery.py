"""Delivery beside no queue at all and beside procrastinate: CPU of each submission, and how fast a queue drains.

Every sender has the same documents, the same gateway, the same peer that takes 20 ms, and 64 under way. PostgreSQL
flushes at every commit, as SQLite does. CPU is that of the worker and of every process of the database together.
"""

from __future__ import annotations

import asyncio
import importlib.util
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from sqlalchemy.engine import make_url

from bench.processes import cpu_of, program
from bench.workload import filled, package, settings, work
from tests.postgres_server import PostgresServer, postgres_server
from tests.swift_state import State, state

#: What waits at the beginning, for everybody.
_DOCUMENTS: Final = 10_000
#: Everybody is measured from the document of this number to that one: the start of Python is another figure.
_FROM, _TO = 1_000, 5_000
_QUEUED: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """What it took to empty a queue."""

    name: str
    #: Seconds of CPU for each submission.
    worker: float
    database: float
    per_second: float

    @property
    def cpu(self) -> float:
        """Seconds of CPU of worker and database for each submission."""
        return self.worker + self.database

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.name:<44} {self.per_second:7.0f} /s   CPU each {self.cpu * 1e3:6.2f} ms "
            f"(worker {self.worker * 1e3:5.2f}, database {self.database * 1e3:5.2f})"
        )


def delivery() -> Iterator[str]:
    """Measure all, and say line by line what came of it."""
    with tempfile.TemporaryDirectory(prefix="ecas-bench-") as name, postgres_server() as server:
        folder = Path(name)
        package(folder / "specs")
        client = _bare("client", folder)
        yield str(client)
        gateway = _bare("gateway", folder)
        yield str(gateway)
        ours = {which: _ours(which, folder, server) for which in ("SQLite", "PostgreSQL")}
        yield from map(str, ours.values())
        for which, drain in ours.items():
            yield _told(f"{which}: drain, bare aiohttp : ecas work", client.per_second / drain.per_second, most=3)
        if importlib.util.find_spec("procrastinate") is None:
            yield "NOT MEASURED: procrastinate is missing; install the extra: pip install -e '.[bench]'"
        else:
            rival = _rival(folder, server)
            yield str(rival)
            yield _told("PostgreSQL: CPU each, procrastinate : ecas work", rival.cpu / ours["PostgreSQL"].cpu, least=5)
            alone = (rival.cpu - gateway.cpu) / (ours["PostgreSQL"].cpu - gateway.cpu)
            yield _told("the same without the send (“our gateway, no queue”)", alone, least=5)
        for which in ours:
            yield _restart(which, folder, server)


def _told(what: str, ratio: float, *, most: float | None = None, least: float | None = None) -> str:
    met = (most is None or ratio <= most) and (least is None or ratio >= least)
    aim = f"≤ {most}" if most is not None else f"≥ {least}"
    return f"{what:<58} ratio {ratio:6.2f}  (aim {aim}, {'aim met' if met else 'AIM MISSED'})"


def _bare(which: str, folder: Path) -> Drain:
    with state() as peer:
        name = {"client": "bare aiohttp, documents built before", "gateway": "our gateway, no queue"}[which]
        arguments = ("bench.bare", which, peer.address, str(folder / "specs"), str(_DOCUMENTS))
        with program(*arguments, settings={}, folder=folder, log=folder / "bare.log") as process:
            return _measured(name, peer, process, None)


def _ours(which: str, folder: Path, server: PostgresServer) -> Drain:
    with _database(which, folder, server) as url, state() as peer:
        environment = settings(folder, url, peer.address)
        filled(environment, folder, work(_DOCUMENTS)).engine.dispose()
        database = server.pid if which == "PostgreSQL" else None
        with program("service", "work", settings=environment, folder=folder, log=folder / "work.log") as worker:
            return _measured(f"ecas work on {which}", peer, worker, database)


def _rival(folder: Path, server: PostgresServer) -> Drain:
    from bench import rival  # noqa: PLC0415 - its library is an extra

    with _database("PostgreSQL", folder, server) as url, state() as peer:
        address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        asyncio.run(rival.fill(address, work(_DOCUMENTS)))
        arguments = ("bench.rival", address, peer.address, str(folder / "specs"))
        with program(*arguments, settings={}, folder=folder, log=folder / "rival.log") as worker:
            return _measured("procrastinate on PostgreSQL", peer, worker, server.pid)


def _measured(name: str, peer: State, sender: subprocess.Popen[bytes], database: int | None) -> Drain:
    """Watch the peer, and what the processes have used when it got the first and the last that counts."""

    def used() -> tuple[float, float]:
        return cpu_of(sender.pid), cpu_of(database) if database else 0.0

    first, began, before = _until(lambda: peer.counts()[1], _FROM, sender), time.perf_counter(), used()
    last, ended, after = _until(lambda: peer.counts()[1], _TO, sender), time.perf_counter(), used()
    done = last - first
    return Drain(
        name=name,
        worker=(after[0] - before[0]) / done,
        database=(after[1] - before[1]) / done,
        per_second=done / (ended - began),
    )


def _restart(which: str, folder: Path, server: PostgresServer) -> str:
    """A worker is killed at full speed, 100,000 queued behind it: how long until the next one sends."""
    with _database(which, folder, server) as url, state() as peer:
        environment = settings(folder, url, peer.address)
        filled(environment, folder, work(_QUEUED)).engine.dispose()
        log = folder / "work.log"
        with program("service", "work", settings=environment, folder=folder, log=log) as worker:
            _until(lambda: peer.counts()[0], 500, worker)
            worker.kill()
            worker.wait()
        came = len(peer.arrivals())
        began = time.time()
        with program("service", "work", settings=environment, folder=folder, log=log) as worker:
            _until(lambda: peer.counts()[0], came + 1, worker)
            first = peer.arrivals()[came][0] - began
    return f"{which}: killed with {_QUEUED - came:,} queued; the next worker's first send after {first:.2f} s"


def _until(look: Callable[[], int], enough: int, sender: subprocess.Popen[bytes]) -> int:
    """Wait until there is enough, and return how much there is."""
    deadline = time.monotonic() + 300
    while (seen := look()) < enough:
        assert time.monotonic() < deadline, f"{seen} of {enough} after five minutes"
        assert not sender.poll(), f"a sender ended with {sender.returncode} after {seen} of {enough}"
        time.sleep(0.02)
    return seen


@contextmanager
def _database(which: str, folder: Path, server: PostgresServer) -> Iterator[str]:
    """Return the address of a fresh database."""
    name = f"bench_{secrets.token_hex(4)}"
    if which == "SQLite":
        file = folder / f"{name}.sqlite3"
        yield f"sqlite:///{file}"
        for part in folder.glob(f"{name}*"):
            part.unlink()
        return
    with psycopg.connect(server.address, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        yield (
            make_url(server.address)
            .set(drivername="postgresql+psycopg", database=name)
            .render_as_string(hide_password=False)
        )
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    for line in delivery():
        print(line, flush=True)
