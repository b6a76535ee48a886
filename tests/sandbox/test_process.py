from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.connection import CannotHangUp, HangUp
from sandbox.ledger import Ledger, LedgerDefect
from sandbox.main import CannotListen, serve
from sandbox.script import WeatherDefect

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from pathlib import Path
from sandbox.main import serve
from specs.reader import load
weather = Path(sys.argv[2]) if sys.argv[2] else None
serve("127.0.0.1", 0, Path(sys.argv[1]), weather, load(Path("specs/packages/2026.1")))
"""


@pytest.fixture
def launch(write, sender_at) -> Iterator[Callable[..., tuple[subprocess.Popen[str], object]]]:
    """Start sandboxes as processes of their own; none outlives the test."""
    processes: list[subprocess.Popen[str]] = []

    def start(ledger: Path, weather: str = "") -> tuple[subprocess.Popen[str], object]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(ledger), weather], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("sandbox listening on http://127.0.0.1:")
        return process, sender_at(int(line.rsplit(":", 1)[1]))

    yield start
    for process in processes:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def test_restart(launch, form, tmp_path: Path) -> None:
    """A sandbox that is stopped in peace ends with 0, and after a restart knows every key and every receipt."""
    ledger = tmp_path / "ledger.jsonl"
    process, sender = launch(ledger)
    first = sender.submit(form("doc-1"), "key-1")
    before = sender.ledger()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    _, sender = launch(ledger)
    assert sender.ledger() == before
    again = sender.submit(form("doc-1"), "key-1")
    assert (again.status, again.body) == (200, first.body)


def test_killed_while_writing(launch, form, tmp_path: Path) -> None:
    """Killed again and again in the middle of its work, the sandbox forgets nothing that it answered."""
    ledger = tmp_path / "ledger.jsonl"
    answered: list[str] = []
    for life in range(5):
        process, sender = launch(ledger)
        enough = threading.Event()

        def send(lane: int, life: int = life, sender=sender, enough=enough) -> None:
            for number in range(1000):
                name = f"doc-{life}-{lane}-{number}"
                try:
                    heard = sender.submit(form(name, MEMBER_ID=f"10000000000{lane}"), f"key-{name}")
                except (OSError, http.client.HTTPException):
                    return
                if heard.status == 201:
                    answered.append(name)
                if len(answered) >= 25 * (life + 1):
                    enough.set()

        lanes = [threading.Thread(target=send, args=(lane,)) for lane in range(4)]
        for lane in lanes:
            lane.start()
        assert enough.wait(20)
        os.kill(process.pid, signal.SIGKILL)
        for lane in lanes:
            lane.join()
        process.wait()
    book = Ledger.open(ledger)
    documents = list(book.documents())
    assert book.summary()["overlaps"] == 0
    book.close()
    taken = {row["document_id"]: row["effects"] for row in documents}
    assert len(answered) >= 125
    assert [name for name in answered if taken.get(name) != 1] == []
    orders = [row["order"] for row in documents if row["order"]]
    assert sorted(orders) == list(range(1, len(orders) + 1))


def test_cannot_start(spec, tmp_path: Path) -> None:
    """What a sandbox cannot use is said before it listens."""
    ledger = tmp_path / "ledger.jsonl"
    with pytest.raises(WeatherDefect, match="No such file"):
        serve("127.0.0.1", 0, ledger, tmp_path / "none.toml", spec)
    with pytest.raises(LedgerDefect, match="No such file"):
        serve("127.0.0.1", 0, tmp_path / "none" / "ledger.jsonl", None, spec)
    with pytest.raises(CannotListen):
        serve("127.0.0.1", 70000, ledger, None, spec)


async def test_hanging_up_needs_the_server() -> None:
    """Under a server that cannot hang up, no answer is pretended."""

    async def nothing(*_: object) -> dict[str, str]:
        return {"type": "http.disconnect"}

    with pytest.raises(CannotHangUp):
        await HangUp()({"type": "http"}, nothing, nothing)
