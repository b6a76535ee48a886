"""The processes of a bench: ours, the peer's and the database's, and the CPU that each has used so far."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]


class State:
    """The stub of ``bench/state.py`` as a process."""

    def __init__(self, milliseconds: float = 20) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.state", str(milliseconds)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def counts(self) -> tuple[int, int]:
        """Return how many documents came, and how many were answered."""
        came, answered = self._get("/").split()
        return int(came), int(answered)

    def arrivals(self) -> list[tuple[float, str]]:
        """Return when which document came, in order."""
        return [(at, document) for at, document in json.loads(self._get("/arrivals"))]

    def end(self) -> None:
        """Close its standard input, and wait."""
        self._process.communicate()

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path) as answer:  # noqa: S310 - our own stub
            return str(answer.read().decode())


@contextmanager
def state(milliseconds: float = 20) -> Iterator[State]:
    """Run the stub for as long as the context lasts."""
    running = State(milliseconds)
    try:
        yield running
    finally:
        running.end()


@contextmanager
def program(
    *arguments: str, settings: Mapping[str, str], folder: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module for as long as the context lasts; only these settings of ours are in its environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    path = os.pathsep.join(filter(None, [str(ROOT), kept.get("PYTHONPATH", "")]))
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments],
            cwd=folder,
            env={**kept, **settings, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def cpu_of(*roots: int) -> float:
    """Return the CPU seconds of these processes and of all that they ever started, those that have ended too."""
    total = 0.0
    for root in roots:
        for process in (psutil.Process(root), *psutil.Process(root).children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
    return total
