from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest

from service.processes import run
from service.sample_files import SAMPLES

ROOT = Path(__file__).parents[3]
SLOW = 500
_BODY = (SAMPLES / "good/birth-through-four.json").read_bytes()
#: Descriptors of the service that are no connections of ours.
_OTHERS = 100
#: KiB that slow peers may cost in memory.
_GROWTH = 100_000
_RECONNECTS = 0.2


@dataclass
class Served:
    """The service in a process, seen from outside."""

    address: tuple[str, int]
    key: str
    pid: int
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def submit(self) -> int:
        number = next(self.numbers)
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"good-{number}"}
        body = _BODY.replace(b"RB-CANS-2026-00934", b"RB-CANS-%08d" % number).replace(b"RB-20388", b"RB-%08d" % number)
        body = body.replace(b"100739120584", b"1%011d" % number)
        connection = http.client.HTTPConnection(*self.address, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", "/v1/submissions", body, headers)
            return connection.getresponse().status

    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())

    def kibibytes(self) -> int:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Callable[[float, float], Served]]:
    running: list[subprocess.Popen[str]] = []
    settings = {"ECAS_DATA_DIR": str(tmp_path / "var"), "ECAS_MAX_WAITING": "1000000"}

    def start(head: float, body: float) -> Served:
        key = run(["agencies", "add", "riverbend"], folder=tmp_path, settings=settings).splitlines()[-1]
        process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("serving.py"), str(head), str(body)],
            cwd=tmp_path,
            env={**os.environ, **settings, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        place = urlsplit(process.stdout.readline().strip())
        assert place.hostname is not None
        assert place.port is not None
        return Served((place.hostname, place.port), key, process.pid)

    yield start
    for process in running:
        process.terminate()
        assert process.wait(30) == 0
        assert process.stdout is not None
        process.stdout.close()


@dataclass
class Slow:
    """One slow peer: what it sends at once, what it drips afterwards, and whether it ever reads."""

    kind: str
    at_once: bytes
    drip: bytes = b""
    reads: bool = True


def kinds(key: str) -> list[Slow]:
    post = f"POST /v1/submissions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nIdempotency-Key: k\r\n".encode()
    asking = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n"
    return [
        Slow("idle", b""),
        Slow("half a head", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Half"),
        Slow("dripping head", b"GET /healthz HTTP/1.1\r\nX-Drip: ", drip=b"x"),
        Slow("dripping body", post + b"Content-Length: 100000\r\n\r\n", drip=b"x"),
        Slow("never reading", asking * 40, reads=False),
    ]


class Crowd:
    """Five hundred slow peers on one thread; whoever is hung up comes back at once."""

    def __init__(self, served: Served) -> None:
        self.opened: Counter[str] = Counter()
        self.closed: Counter[str] = Counter()
        self._address = served.address
        self._kinds = kinds(served.key)
        self._stop = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._be)

    def __enter__(self) -> Self:
        """Come."""
        for number in range(SLOW):
            self._open(self._kinds[number % len(self._kinds)])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Go."""
        self._stop.set()
        self._thread.join()
        for key in [*self._selector.get_map().values()]:
            key.fileobj.close()
        self._selector.close()

    def _open(self, slow: Slow) -> None:
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(self._address)
        peer.settimeout(0)
        with contextlib.suppress(BlockingIOError):
            peer.send(slow.at_once)
        self._selector.register(peer, selectors.EVENT_READ, slow)
        self.opened[slow.kind] += 1

    def _be(self) -> None:
        while not self._stop.wait(_RECONNECTS):
            for key in [*self._selector.get_map().values()]:
                if self._ended(key.fileobj, key.data):
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
                    self.closed[key.data.kind] += 1
                    self._open(key.data)

    @staticmethod
    def _ended(peer: socket.socket, slow: Slow) -> bool:
        try:
            if slow.drip:
                peer.send(slow.drip)
            if slow.reads:
                return peer.recv(4096) == b""
            # It looks whether the other end has gone, and takes nothing of what waits.
            return peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 1
        except BlockingIOError:
            return False
        except OSError:
            return True


def _ask(served: Served, seconds: float) -> tuple[list[float], Counter[int], int, int]:
    """Send good requests from four clients; return their times, answers, and the most descriptors and KiB."""
    times: list[float] = []
    answers: Counter[int] = Counter()
    ends = time.monotonic() + seconds

    def client() -> None:
        while time.monotonic() < ends:
            began = time.perf_counter()
            answers[served.submit()] += 1
            times.append(time.perf_counter() - began)

    clients = [threading.Thread(target=client) for _ in range(4)]
    for one in clients:
        one.start()
    most, size = 0, 0
    while any(one.is_alive() for one in clients):
        most, size = max(most, served.descriptors()), max(size, served.kibibytes())
        time.sleep(0.1)
    return times, answers, most, size


def _hold(served: Served, seconds: float) -> None:
    _ask(served, min(seconds, 5))  # warm
    quiet, before, _, base = _ask(served, seconds)
    with Crowd(served) as crowd:
        slow, during, descriptors, size = _ask(served, seconds)
    print(  # noqa: T201 - the figure
        f"\ngood requests: p99 {_p99(quiet):.0f} ms quiet ({len(quiet)}), {_p99(slow):.0f} ms beside {SLOW} slow "
        f"peers ({len(slow)}); descriptors {descriptors}; memory {base} -> {size} KiB; "
        f"opened {dict(crowd.opened)}, ended {dict(crowd.closed)}"
    )
    assert {*before, *during} == {202}
    assert min(crowd.closed[kind.kind] for kind in kinds("")) >= SLOW / 5, crowd.closed
    assert descriptors <= SLOW + _OTHERS
    assert size - base <= _GROWTH


def _p99(times: list[float]) -> float:
    return statistics.quantiles(times, n=100)[98] * 1000


@pytest.mark.timeout(120)
def test_slow_peers_are_ended_and_nobody_else_notices(served):
    """Five hundred idle, half-open, dripping and deaf peers: each is hung up, all good requests are taken, nothing grows."""
    _hold(served(2, 2), 9)


@pytest.mark.campaign
@pytest.mark.timeout(600)
def test_a_minute_of_slow_peers(served):
    """The same for a minute, with the deadlines that a deployment has."""
    _hold(served(10, 20), 60)
