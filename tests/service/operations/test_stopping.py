from __future__ import annotations

import http.client
import json
import signal
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from stage import Stage, stage

from service.processes import Program, run
from service.sample_files import SAMPLES

BODY = (SAMPLES / "good/birth-through-four.json").read_bytes()
#: The exit code of a process that SIGTERM ended at once.
AT_ONCE = 143
#: The state takes its time over the first document.
_SLOW = '[[weather]]\nmatch = { nth = 1 }\ntimes = 1\ndo = "slow"\nseconds = %s\n'


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[int], tuple[Program, str]]]:
    running: list[Program] = []

    def start(grace: int) -> tuple[Program, str]:
        settings = {"ECAS_DATA_DIR": str(tmp_path / "var"), "ECAS_GRACE_SECONDS": str(grace)}
        key = run(["agencies", "add", "riverbend"], folder=tmp_path, settings=settings).splitlines()[-1]
        running.append(Program(["serve", "--port", "0"], folder=tmp_path, settings=settings, log=tmp_path / "log"))
        return running[-1], key

    yield start
    for program in running:
        program.end()


def _begin(program: Program, key: str, content: bytes) -> http.client.HTTPConnection:
    """Send a request but for its last byte."""
    connection = http.client.HTTPConnection(urlsplit(program.address()).netloc, timeout=30)
    connection.putrequest("POST", "/v1/submissions")
    for name, value in (
        ("Authorization", f"Bearer {key}"), ("Idempotency-Key", "k"), ("Content-Length", str(len(content)))
    ):  # fmt: skip
        connection.putheader(name, value)
    connection.endheaders(content[:-1])
    return connection


def _no_longer_listens(address: str) -> bool:
    place = urlsplit(address)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection((place.hostname or "", place.port or 0), timeout=1).close()
        except OSError:
            return True
        time.sleep(0.05)
    return False


def test_what_is_under_way_is_answered(serve):
    """Told to stop, the service takes no more connections, answers the request that is half here, and ends with 0."""
    program, key = serve(20)
    with closing(_begin(program, key, BODY)) as connection:
        time.sleep(0.3)
        program.process.terminate()
        assert _no_longer_listens(program.address())
        connection.send(BODY[-1:])
        response = connection.getresponse()
        assert response.status == 202
        (taken,) = json.load(response)["submissions"]
    assert program.wait() == 0
    assert taken["id"].startswith("sub_")


def test_the_grace_ends(serve, tmp_path):
    """A request that never ends is left after the grace: the exit is clean, and nothing of it was kept."""
    program, key = serve(1)
    with closing(_begin(program, key, BODY)):
        time.sleep(0.3)
        program.process.terminate()
        assert program.process.wait(20) == 0
    with closing(sqlite3.connect(tmp_path / "var/ecas.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM payload").fetchone() == (0,)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_service_at_once(serve, number):
    """Who will not wait for good order need not."""
    program, key = serve(300)
    with closing(_begin(program, key, BODY)):
        time.sleep(0.3)
        program.process.terminate()
        assert _no_longer_listens(program.address())
        program.process.send_signal(number)
        assert program.process.wait(10) == 128 + number


def _states(here: Stage) -> list[str]:
    return [row["state"] for row in here.ask("/v1/submissions")["submissions"]]


def _sending(here: Stage) -> None:
    """Wait until the worker has begun to send."""
    deadline = time.monotonic() + 30
    while _states(here) != ["sending"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.timeout(120)
def test_a_worker_finishes_what_it_sends(tmp_path):
    """Told to stop while the state takes its time, a worker waits for the answer, records it, and ends with 0."""
    with stage(tmp_path, weather=_SLOW % 2) as here:
        here.run("submit", str(SAMPLES / "good/birth-through-four.json"))
        worker = here.start("work")
        _sending(here)
        worker.process.terminate()
        assert worker.wait() == 0
        assert _states(here) == ["accepted"]
        assert [row["effects"] for row in here.ledger()["documents"]] == [1]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("grace", "signals", "code"), [(1, 1, 0), (300, 2, AT_ONCE)], ids=["grace", "second signal"])
def test_what_a_worker_leaves_is_asked_about(tmp_path, grace, signals, code):
    """After the grace, or at the second signal, the send is left; the next worker asks, and the document took effect once."""
    with stage(tmp_path, weather=_SLOW % 4) as here:
        here.environment["ECAS_GRACE_SECONDS"] = str(grace)
        here.run("submit", str(SAMPLES / "good/birth-through-four.json"))
        worker = here.start("work")
        _sending(here)
        worker.process.terminate()
        time.sleep(0.5)
        if signals > 1:
            worker.process.terminate()
        assert worker.wait() == code
        assert _states(here) in (["sending"], ["in_doubt"])
        here.run("work", "--until-idle")
        assert _states(here) == ["accepted"]
        assert [row["effects"] for row in here.ledger()["documents"]] == [1]
