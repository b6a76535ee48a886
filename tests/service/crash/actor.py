"""One of our programs as a process that may be stopped, looked at and killed from outside, at any moment."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

_ADDRESS = re.compile(r"http://[\w.:]+:\d+")
_READY_WITHIN = 60
_STOPS_WITHIN = 5


class Actor:
    """``ecas`` with some arguments, from the source tree ``root``; what it says goes to files that outlive it."""

    def __init__(self, *arguments: str, folder: Path, settings: Mapping[str, str], root: Path, log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
        self.name = arguments[0]
        self.log = log
        self._said = log.with_suffix(f".{time.monotonic_ns()}.out")
        with log.open("ab") as errors, self._said.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service", *arguments],
                cwd=folder,
                env={**kept, **settings, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        self._lock: Path | None = None

    @property
    def is_up(self) -> bool:
        """Whether the process is there, stopped or not."""
        return self.process.poll() is None

    def address(self) -> str:
        """Return where it listens, as soon as it says so."""
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline and self.is_up:
            if found := _ADDRESS.search(self._said.read_text()):
                return found.group()
            time.sleep(0.01)
        raise AssertionError(f"ecas {self.name} did not come up: {self.log.read_text()[-2000:]}")

    def owner(self) -> str | None:
        """Return the name under which a worker leases, as soon as it has one: that of the lock file that it holds."""
        if self._lock is None:
            descriptors = Path(f"/proc/{self.process.pid}/fd")
            try:
                open_files = [entry.readlink() for entry in descriptors.iterdir()]
            except OSError:  # it is just beginning, or just ending
                return None
            self._lock = next((file for file in open_files if file.match("workers/wrk_*.lock")), None)
        if self._lock is None:
            return None
        host = (self._lock.parent / "host").read_text("ascii")
        return f"{self._lock.stem}@{host}"

    def stop(self) -> None:
        """Freeze it, and return when none of its threads runs any more."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")
        deadline = time.monotonic() + _STOPS_WITHIN
        while time.monotonic() < deadline:
            if all(_state(task) in "TtZX" for task in tasks.iterdir()):
                return
            time.sleep(0.0005)
        raise AssertionError(f"ecas {self.name} does not stop")

    def go_on(self) -> None:
        """Let it run again as if nothing had been."""
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word to it."""
        assert self.is_up, f"ecas {self.name} ended by itself: {self.log.read_text()[-2000:]}"
        self.process.kill()
        self.process.wait()

    def end(self) -> int:
        """Ask it to end, end it if it does not, and return its exit code."""
        if self.is_up:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
        return self.process.wait()


def _state(task: Path) -> str:
    try:
        return (task / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:  # the thread has just ended
        return "X"
