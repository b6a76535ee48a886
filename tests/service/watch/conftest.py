"""A real service, and a folder that real processes of ``ecas watch`` look into."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
#: Seconds for a process to end; the machine may have other things to do.
PATIENCE = 60
SAMPLE = (ROOT / "samples/good/five-through-twenty.json").read_text("utf-8")


@dataclass(frozen=True)
class Inbox:
    """The watched folder, and the service that it leads to."""

    folder: Path
    settings: dict[str, str]
    #: Whatever was started here: a test that fails leaves none of it behind.
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def drop(self, name: str, number: int) -> bytes:
        """Put an assessment with its own document id into the folder, whole at once, and return its bytes."""
        content = numbered(number)
        unfinished = self.folder / f".{name}"
        unfinished.write_bytes(content)  # a process that waits for no span would take half of it
        unfinished.rename(self.folder / name)
        return content

    def start(self, *options: str, program: tuple[str, ...] = ("-m", "service")) -> subprocess.Popen[str]:
        command = [sys.executable, *program, "watch", str(self.folder), *options]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.started.append(subprocess.Popen(command, env=environment(self.settings), text=True, **pipes))
        return self.started[-1]

    def watch(self, *options: str) -> tuple[int, str, str]:
        """Run ``ecas watch --once`` to its end."""
        process = self.start("--once", "--settle", "0.2", *options)
        printed, complained = process.communicate(timeout=120)
        return process.returncode, printed, complained

    def names(self, part: str = "") -> set[str]:
        """Return the names of the files in a part of the folder, the results apart."""
        return {one.name for one in (self.folder / part).iterdir() if one.is_file() and not _is_own(one.name)}

    def result(self, name: str, part: str = "done") -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.folder / part / f"{name}.result.json").read_bytes())
        return data

    def submissions(self) -> list[str]:
        """Return every submission that the service holds."""
        request = urllib.request.Request(f"{self.settings['ECAS_URL']}/v1/submissions?limit=200")
        request.add_header("Authorization", f"Bearer {self.settings['ECAS_API_KEY']}")
        with urllib.request.urlopen(request) as answer:
            return [one["id"] for one in json.load(answer)["submissions"]]


def _is_own(name: str) -> bool:
    return name == ".lock" or name.endswith(".result.json")


def numbered(number: int) -> bytes:
    """Return the sample as another document."""
    bundle = json.loads(SAMPLE)
    (response,) = (
        one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "QuestionnaireResponse"
    )
    response["identifier"]["value"] = f"WATCHED-{number:04}"
    return json.dumps(bundle).encode()


def environment(settings: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """A folder beside a service of its own."""
    with _served(tmp_path, {}) as made:
        yield made


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Inbox]:
    """The same, where only one submission may wait."""
    with _served(tmp_path, {"ECAS_MAX_WAITING_PER_AGENCY": "1"}) as made:
        yield made


@contextmanager
def _served(tmp_path: Path, given: dict[str, str]) -> Iterator[Inbox]:
    own = {**given, "ECAS_DATA_DIR": str(tmp_path / "var"), "ECAS_MAPPING_PATH": str(ROOT / "samples/mappings")}
    ecas = [sys.executable, "-m", "service"]
    added = subprocess.run(
        [*ecas, "agencies", "add", "riverbend"], env=environment(own), capture_output=True, text=True, check=True
    )
    with (tmp_path / "serve.log").open("w") as log:
        serving = subprocess.Popen(
            [*ecas, "serve", "--port", "0"], env=environment(own), stdout=subprocess.PIPE, stderr=log, text=True
        )
    started: list[subprocess.Popen[str]] = []
    try:
        assert serving.stdout is not None
        found = re.search(r"http://\S+", serving.stdout.readline())
        assert found
        folder = tmp_path / "inbox"
        folder.mkdir()
        made = Inbox(folder, {"ECAS_URL": found[0], "ECAS_API_KEY": added.stdout.strip()})
        started = made.started
        yield made
    finally:
        for process in started:
            with process:
                process.kill()
        serving.terminate()
        serving.communicate(timeout=PATIENCE)
