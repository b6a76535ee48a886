from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from service.api.problems import Refusal
from service.api.running import Running
from service.main import build_service
from service.settings import Settings


async def test_the_same_request_waits_for_the_first():
    """A twin begins when the first has ended; another request does not wait."""
    running, order = Running(), []

    async def work(name: str, number: int) -> None:
        async with running.alone(name):
            order.append((name, number, "begins"))
            await asyncio.sleep(0.01)
            order.append((name, number, "ends"))

    await asyncio.gather(work("a", 1), work("a", 2), work("b", 3))
    assert [one for one in order if one[0] == "a"] == [
        ("a", 1, "begins"), ("a", 1, "ends"), ("a", 2, "begins"), ("a", 2, "ends"),
    ]  # fmt: skip
    assert order.index(("b", 3, "begins")) < order.index(("a", 1, "ends"))


async def test_a_twin_is_told_when_the_first_takes_long():
    """After its patience a twin is refused as still running, and the first is not disturbed."""
    running, may_end = Running(patience=0.01), asyncio.Event()

    async def slow() -> None:
        async with running.alone("a"):
            await may_end.wait()

    first = asyncio.create_task(slow())
    await asyncio.sleep(0)
    with pytest.raises(Refusal, match="still-running"):
        async with running.alone("a"):
            pass
    may_end.set()
    await first
    async with running.alone("a"):
        pass


async def test_a_first_that_fails_leaves_nothing_behind():
    """A request that ended in a fault is over: the next of its name begins."""
    running = Running(patience=0.01)
    with pytest.raises(ValueError, match="fault"):
        async with running.alone("a"):
            raise ValueError("fault")
    async with running.alone("a"):
        pass


def test_two_processes_take_one_request_once(tmp_path, response):
    """The same request at two processes over one database makes one submission, and all get its answer."""
    service = build_service(Settings(data_dir=tmp_path / "var"))
    key = service.agencies.add("riverbend")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    environment = {**kept, "ECAS_DATA_DIR": str(tmp_path / "var"), "ECAS_LOG_LEVEL": "error"}
    command = [sys.executable, "-m", "service", "serve", "--port", "0"]
    processes = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        places = [urlsplit(process.stdout.readline().split()[-1]) for process in processes]
        content = response(DOCUMENT_ID="one")

        def submit(number: int) -> tuple[int, bytes, str | None]:
            place = places[number % 2]
            connection = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
            connection.request(
                "POST", "/v1/submissions", content, {"Authorization": f"Bearer {key}", "Idempotency-Key": "race"}
            )
            answer = connection.getresponse()
            found = answer.status, answer.read(), answer.getheader("Idempotency-Replayed")
            connection.close()
            return found

        with ThreadPoolExecutor(8) as clients:
            answers = list(clients.map(submit, range(16)))
    finally:
        for process in processes:
            process.terminate()
            process.communicate()
    assert {status for status, _, _ in answers} == {202}
    assert len({body for _, body, _ in answers}) == 1
    assert sum(replayed is None for _, _, replayed in answers) == 1
    entries = service.outbox.entries("riverbend", after=None, limit=9, state=None)
    assert [entry.id for entry in entries] == [json.loads(answers[0][1])["submissions"][0]["id"]]
    service.engine.dispose()
