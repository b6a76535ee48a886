"""The whole command line as a person runs it: a process, its exit code, and what it printed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
Ecas = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as an agency keeps it: the samples with their roster, mappings and ecas.toml."""
    folder = tmp_path_factory.mktemp("office")
    shutil.copytree(ROOT / "samples", folder, dirs_exist_ok=True)
    return folder


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with nothing but a good assessment: no ecas.toml, no roster."""
    shutil.copy(ROOT / "samples/good/five-through-twenty.json", tmp_path / "export.json")
    return tmp_path


@pytest.fixture(scope="session")
def ecas(office: Path) -> Ecas:
    """Run ``ecas`` in a folder, with an environment that holds nothing of ours."""

    def run(
        *arguments: object, cwd: Path = office, stdin: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
        return subprocess.run(
            [sys.executable, "-m", "service", *map(str, arguments)],
            cwd=cwd,
            input=stdin,
            env={**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run
