"""The steps of the Containerfile, run for real in a folder: the wheel and its pinned libraries are all that is needed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def steps() -> list[str]:
    """Return the commands of the first stage of the Containerfile."""
    first = (ROOT / "deploy/Containerfile").read_text("utf-8").split("\nFROM ")[1]
    return re.findall(r"^RUN (.*)$", first, re.MULTILINE)


@pytest.mark.campaign
@pytest.mark.timeout(900)
@pytest.mark.enable_socket
def test_the_image_s_steps_make_a_service(tmp_path):
    """Libraries by hash, the wheel alone, an empty folder: doctor finds nothing wrong, the service answers and is ready."""
    build, home = tmp_path / "build", tmp_path / "home"
    build.mkdir()
    home.mkdir()
    made = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(build)]
    subprocess.run(made, cwd=ROOT, check=True, capture_output=True)
    for name in ("requirements.txt", "constraints.txt"):
        shutil.copy(ROOT / name, build)
    for step in steps():
        here = step.replace("/opt/ecas", str(tmp_path / "ecas")).replace("python -m venv", f"{sys.executable} -m venv")
        done = subprocess.run(["bash", "-c", here], cwd=build, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}"
    program = str(tmp_path / "ecas/bin/ecas")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ECAS_", "PYTHON"))}
    environment = {**kept, "ECAS_DATA_DIR": str(home / "var"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, *words], cwd=home, env={**environment, **more}, capture_output=True, text=True, check=False
        )

    doctor = run("doctor")
    assert doctor.returncode == 0, doctor.stdout + doctor.stderr
    assert run("spec", "verify", "2026.1").returncode == 0
    assert run("agencies", "add", "riverbend").returncode == 0
    serve = [program, "serve", "--port", "0"]
    with subprocess.Popen(serve, cwd=home, env=environment, stdout=subprocess.PIPE, text=True) as serving:
        assert serving.stdout is not None
        address = serving.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{address}/healthz") as answer:
            assert answer.status == 200
        ready = run("ready", ECAS_URL=address)
        assert (ready.returncode, ready.stdout) == (0, "ready\n"), ready.stderr
        serving.terminate()
        assert serving.wait(30) == 0
    assert run("ready", ECAS_URL=address).returncode == 3
    assert run("demo").returncode == 0
