"""Our own programs as child processes: started, listened to until they say where they listen, and ended."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, TextIO

from canonical.errors import ConfigurationError

#: Seconds for a program to say where it listens, and to end after it was asked to.
_READY_WITHIN: Final = 30
_ENDS_WITHIN: Final = 20
_ADDRESS: Final = re.compile(r"https?://[\w.:\[\]]+:\d+")


class Program:
    """``ecas`` with some arguments, as a process of its own; its output goes to a file."""

    def __init__(self, arguments: Sequence[str], *, folder: Path, settings: Mapping[str, str], log: Path) -> None:
        """Start it in ``folder`` with these settings as environment variables."""
        self.name = arguments[0]
        self._log = log
        self._output: TextIO = log.open("a", encoding="utf-8")
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            _command(arguments),
            cwd=folder,
            env=_environment(settings),
            stdout=subprocess.PIPE,
            stderr=self._output,
            stdin=subprocess.DEVNULL,
            text=True,
        )
        self._said: list[str] = []
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._reader.start()

    def address(self) -> str:
        """Return where it listens, as soon as it says so.

        Raises:
            ConfigurationError: it ended, or said nothing in time.
        """
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if found := next((match for line in self._said if (match := _ADDRESS.search(line))), None):
                return found.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise ConfigurationError(f"ecas {self.name} did not come up; its log is {self._log}.")

    def end(self) -> int:
        """Ask it to end (SIGTERM), end it if it does not, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait()

    def wait(self) -> int:
        """Wait until it has ended, and end it after a while."""
        try:
            self.process.wait(_ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        self._output.close()
        return self.process.returncode

    def _listen(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self._said.append(line)
                self._output.write(line)
                self._output.flush()


def run(arguments: Sequence[str], *, folder: Path, settings: Mapping[str, str], given: str = "") -> str:
    """Run ``ecas`` to its end and return what it printed.

    Raises:
        ConfigurationError: it failed; with what it said.
    """
    done = subprocess.run(  # noqa: S603 - our own program
        _command(arguments),
        cwd=folder,
        env=_environment(settings),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ConfigurationError(f"ecas {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
    return done.stdout


def _command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "service", *arguments]


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Hand on the environment without settings of ours: the child is to have those given here and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    return {**kept, **settings, "PYTHONPATH": _root(), "PYTHONUNBUFFERED": "1"}


def _root() -> str:
    """Return the folder that holds our packages: the child starts elsewhere and must find the same ones."""
    return str(Path(__file__).resolve().parent.parent)
