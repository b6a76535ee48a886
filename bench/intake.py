"""Intake: ``POST /v1/submissions`` beside a plain FastAPI echo of the same body, and beside a bare SQLite commit.

A submission is acknowledged after it was read, judged, sealed and committed with an fsync. Each client waits for its answer before
it sends the next; the clients are a process of their own. Every body is another assessment of another child.

``python -m bench.intake echo|whole`` runs one of the echoes and prints its address; it ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from service.sample_files import SAMPLES

ROOT: Final = Path(__file__).parents[1]
CLIENTS: Final = 16
#: Requests that are measured, in rounds taken in turns so that noise meets all.
REQUESTS: Final = 800
ROUNDS: Final = 3
#: The aim of the issue: at least this part of the echo's rate.
AIM: Final = 1 / 6
_AGENCY: Final = "riverbend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How fast something answered sixteen clients."""

    name: str
    per_second: float
    #: The time that 95 of 100 answers stay below, in seconds.
    p95: float

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.name:<62} {self.per_second:8.0f} /s   p95 {self.p95 * 1e3:7.1f} ms"


def intake() -> Iterator[str]:
    """Measure all, and say line by line what came of it."""
    with tempfile.TemporaryDirectory(prefix="ecas-bench-") as name:
        folder = Path(name)
        bodies = folder / "bodies"
        size = _write_bodies(bodies)
        yield f"{CLIENTS} clients, {REQUESTS} requests a round, the best of {ROUNDS} rounds; bodies of {size / 1024:.0f} KB"
        with _serving(folder) as (ours, key), _echoing("echo") as plain, _echoing("whole") as whole:
            found: dict[str, list[Rate]] = {}
            for turn in range(ROUNDS):
                for rate in (
                    _asked(
                        "ecas serve: POST /v1/submissions, after the commit",
                        f"{ours}/v1/submissions",
                        bodies,
                        turn,
                        key,
                    ),
                    _asked("FastAPI echo: body: dict -> dict", f"{plain}/echo", bodies, turn),
                    _asked("FastAPI echo: raw bytes, nothing parsed", f"{whole}/echo", bodies, turn),
                    _committed(folder, bodies, turn),
                ):
                    found.setdefault(rate.name, []).append(rate)
        best = [max(rates, key=lambda rate: rate.per_second) for rates in found.values()]
        yield from map(str, best)
        served, echo, raw, bare = best
        yield _told("the plain echo", served, echo, AIM)
        yield _told("the raw echo", served, raw, None)
        yield _told("the bare commit", served, bare, None)


def _told(against: str, ours: Rate, other: Rate, aim: float | None) -> str:
    ratio = ours.per_second / other.per_second
    met = "" if aim is None else f"  (aim ≥ {aim:.2f}, {'aim met' if ratio >= aim else 'AIM MISSED'})"
    return f"{f'intake : {against}':<62} ratio {ratio:6.3f}{met}"


def _write_bodies(file: Path) -> int:
    """Write one Bundle a line of JSON, each of another child, and return the size of one as it is sent."""
    bundle = json.loads((SAMPLES / "good" / "five-through-twenty.json").read_bytes())
    text = json.dumps(bundle, indent=2)
    lines = []
    for number in range(REQUESTS * ROUNDS):
        own = text.replace("100482917365", f"2{number:011}").replace("RB-20417", f"RB-{number:07}")
        own = own.replace("RB-CANS-2026-00871", f"RB-CANS-{number:07}")
        lines.append(json.dumps(own))
    file.write_text("\n".join(lines), "utf-8")
    return len(text)


def _read_bodies(file: Path, turn: int) -> list[bytes]:
    lines = file.read_text("utf-8").splitlines()[turn * REQUESTS : (turn + 1) * REQUESTS]
    return [json.loads(line).encode() for line in lines]


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[str, str]]:
    """Run ``ecas serve`` over a fresh SQLite file; yield its address and an agency's key."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    environment = {**kept, "ECAS_DATA_DIR": str(folder / "var"), "ECAS_ROSTER": str(SAMPLES / "roster.csv")}
    environment |= {"PYTHONPATH": str(ROOT), "ECAS_LOG_LEVEL": "error"}
    ecas = [sys.executable, "-m", "service"]
    added = subprocess.run(
        [*ecas, "agencies", "add", _AGENCY], env=environment, cwd=folder, check=True, capture_output=True, text=True
    )
    process = subprocess.Popen(
        [*ecas, "serve", "--port", "0"], env=environment, cwd=folder, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1], added.stdout.split()[-1]
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def _echoing(which: str) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.intake", which],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.communicate()


def _asked(name: str, address: str, bodies: Path, turn: int, key: str = "") -> Rate:
    """Let the clients, a process of their own, send a round."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.intake", "clients", address, str(bodies), str(turn)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "BENCH_KEY": key},
    ).stdout
    return Rate(name=name, **json.loads(told))


def _committed(folder: Path, bodies: Path, turn: int) -> Rate:
    """Insert the bodies into a file of SQLite's, sixteen threads, one commit each, flushed as ours are."""
    contents = iter(_read_bodies(bodies, turn))
    file = folder / f"bare-{turn}.sqlite3"
    with sqlite3.connect(file, isolation_level=None) as first:
        first.execute("PRAGMA journal_mode=WAL")
        first.execute("CREATE TABLE payload (id INTEGER PRIMARY KEY, content BLOB NOT NULL)")
    first.close()
    times: list[float] = []
    guard = threading.Lock()

    def one(_: int) -> None:
        connection = sqlite3.connect(file, isolation_level=None, timeout=60)
        connection.execute("PRAGMA synchronous=FULL")
        while True:
            with guard:
                content = next(contents, None)
            if content is None:
                connection.close()
                return
            began = time.perf_counter()
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO payload (content) VALUES (?)", (content,))
            connection.execute("COMMIT")
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, range(CLIENTS)))
    return Rate(name="bare SQLite: one insert and commit, synchronous=FULL", **_summary(times, began))


def _summary(times: list[float], began: float) -> dict[str, float]:
    lasted = time.perf_counter() - began
    return {"per_second": len(times) / lasted, "p95": sorted(times)[int(len(times) * 0.95)]}


async def _clients(address: str, contents: list[bytes], key: str) -> dict[str, float]:
    import aiohttp  # noqa: PLC0415 - the clients' process alone

    numbered = iter(list(enumerate(contents)))
    times: list[float] = []

    async def one(session: aiohttp.ClientSession) -> None:
        for number, content in numbered:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            headers["Idempotency-Key"] = f"{os.getpid()}-{number}"
            began = time.perf_counter()
            async with session.post(address, data=content, headers=headers) as answer:
                said = await answer.read()
                times.append(time.perf_counter() - began)
                assert answer.status in {200, 202}, said
                assert answer.status != 202 or b'"state":"ready"' in said, said  # noqa: PLR2004 - taken

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        began = time.perf_counter()
        await asyncio.gather(*(one(session) for _ in range(CLIENTS)))
    return _summary(times, began)


def _echo(which: str) -> None:
    """Run an echo as a beginner's guide writes it, with the server that FastAPI's guide starts."""
    import socket  # noqa: PLC0415 - the echo's process alone

    import uvicorn  # noqa: PLC0415
    from fastapi import FastAPI, Request, Response  # noqa: PLC0415

    app = FastAPI()

    async def plain(body: dict[str, Any]) -> dict[str, Any]:
        return body

    async def whole(request: Request) -> Response:
        return Response(await request.body(), media_type="application/json")

    # annotations are text in this file, and these names are local to this function
    plain.__annotations__ = {"body": dict[str, Any], "return": dict[str, Any]}
    whole.__annotations__ = {"request": Request, "return": Response}
    app.post("/echo")(plain if which == "echo" else whole)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", access_log=False))
    threading.Thread(target=lambda: (sys.stdin.read(), setattr(server, "should_exit", True)), daemon=True).start()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    server.run(sockets=[listening])


if __name__ == "__main__":
    if sys.argv[1:2] == ["clients"]:
        address, file, turn = sys.argv[2:]
        contents = _read_bodies(Path(file), int(turn))
        print(json.dumps(asyncio.run(_clients(address, contents, os.environ["BENCH_KEY"]))))
    elif sys.argv[1:]:
        _echo(sys.argv[1])
    else:
        for line in intake():
            print(line, flush=True)
