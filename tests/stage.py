"""Sandbox, service and worker as real processes in a folder of their own, for tests that look at them from outside."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.processes import Program, run
from service.rehearsal import hurried_package
from service.sample_files import SAMPLES


@dataclass
class Stage:
    """Everything that runs, and what it printed."""

    folder: Path
    environment: dict[str, str]
    programs: list[Program] = field(default_factory=list)
    #: All that any command printed, on both streams.
    said: list[str] = field(default_factory=list)

    def start(self, *arguments: str) -> Program:
        log = self.folder / f"{arguments[0]}.log"
        self.programs.append(Program(arguments, folder=self.folder, settings=self.environment, log=log))
        return self.programs[-1]

    def run(self, *arguments: str) -> str:
        """Run a command that must succeed."""
        return run(arguments, folder=self.folder, settings=self.environment)

    def try_(self, *arguments: str, given: str = "") -> int:
        """Run a command, keep what it said, and return its exit code."""
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=self.folder,
            env={**self.environment, "PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        self.said += [done.stdout, done.stderr]
        return done.returncode

    def ask(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.environment['ECAS_URL']}{path}")
        request.add_header("Authorization", f"Bearer {self.environment['ECAS_API_KEY']}")
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def ledger(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.environment['ECAS_GATEWAY_URL']}/_sandbox/ledger") as answer:
            return json.load(answer)


@contextmanager
def stage(folder: Path, *, weather: str = "", roster: Path = SAMPLES / "roster.csv") -> Iterator[Stage]:
    """Start everything but the worker for the agency riverbend; end it whatever happens."""
    here = Stage(
        folder=folder,
        environment={
            "ECAS_DATA_DIR": str(folder / "var"),
            "ECAS_SPEC_PATH": str(hurried_package(folder / "specs")),
            "ECAS_MAPPING_PATH": str(SAMPLES / "mappings"),
        },
    )
    try:
        (folder / "weather.toml").write_text(weather)
        sandbox = here.start("sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--weather", "weather.toml")
        here.environment["ECAS_GATEWAY_URL"] = sandbox.address()
        here.environment["ECAS_API_KEY"] = here.run("agencies", "add", "riverbend").splitlines()[-1]
        here.run("keys", "import", str(roster), "--agency", "riverbend")
        here.environment["ECAS_URL"] = here.start("serve", "--port", "0").address()
        yield here
    finally:
        for program in reversed(here.programs):
            program.end()
