"""The wheel stands on its own: packages, migrations and samples travel inside."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """Build the wheel and unpack it as pip would."""
    dist, target = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("site")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(dist)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = dist.glob("ecas_bridge-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def ecas(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the unpacked ecas in an empty folder, away from the checkout."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
    code = "import service, sys; assert sys.argv.pop(1) in service.__file__; from service.cli.main import run; run()"
    return subprocess.run(
        [sys.executable, "-c", code, str(installed), *arguments],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_doctor_finds_everything_in_its_place(installed, tmp_path):
    """In an empty folder, with nothing configured, nothing is broken, and nothing is written."""
    done = ecas(installed, tmp_path, "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(installed) in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.timeout(120)
def test_the_demo_runs_from_the_wheel_and_leaves_no_process(installed, tmp_path):
    """Twenty-nine assessments, each ending as it must; nothing is left running, nothing is left behind."""
    done = ecas(installed, tmp_path, "demo", "--keep", str(tmp_path / "stage"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "29 assessments: 27 accepted, 1 blocked, 1 held." in done.stdout
    assert _processes_in(tmp_path) == []


def test_nothing_but_our_own_packages_is_inside(installed):
    """No tests, no bench, no tools."""
    found = {entry.name for entry in installed.iterdir() if not entry.name.endswith(".dist-info")}
    assert found == {"adapters", "canonical", "gateway_client", "markup", "sandbox", "service", "specs", "validators"}


def _processes_in(folder: Path) -> list[str]:
    """Return the processes whose working directory is in this folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve().is_relative_to(folder):
                found.append(process.name)
        except OSError:
            continue  # it ended while we looked, or is not ours to look at
    return found
