"""A backup taken under load, everything killed, the copy restored, reconciled, released: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from ehr import Child
from scene import ROOT, Scene, scene

from service.main import build_service
from service.settings import load

WEATHER = """
[[weather]]
do = 'refuse-key'
share = 0.1
seed = 1
times = 1

[[weather]]
do = 'drop-after-accept'
share = 0.1
seed = 3
times = 1

[[weather]]
do = 'pending'
share = 0.05
seed = 5
polls = 1

[[weather]]
do = 'slow'
seconds = 0.1
share = 0.5
seed = 6
"""


def ecas(here: Scene, settings: Mapping[str, str], *arguments: str) -> str:
    """Run a command that must succeed."""
    environment = {**settings, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "service", *arguments]
    done = subprocess.run(command, cwd=here.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def acknowledged(here: Scene) -> list[dict[str, str]]:
    return [json.loads(line) for line in here.record.read_text().splitlines()]


def repeat(here: Scene, address: str, line: Mapping[str, str]) -> None:
    """Submit a document again as its agency's system did, under the same key."""
    agency, _, number = line["child"].partition("/")
    child, document = Child(agency, int(number)), line["document"]
    request = urllib.request.Request(f"{address}/v1/submissions", child.payload(int(document.rsplit("-", 1)[1])))
    request.add_header("Authorization", f"Bearer {here.ehr.keys[agency]}")
    request.add_header("Idempotency-Key", document)
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 202


@pytest.mark.timeout(300)
def test_a_restored_copy_loses_nothing_and_doubles_nothing(tmp_path: Path, capsys):
    """All that was acknowledged before is in it; all that is repeated afterwards takes effect once at the state."""
    here: Scene
    with scene(tmp_path, f"sqlite:///{tmp_path}/first.sqlite3", weather=WEATHER) as here:
        while len(here.book.settled) < 30:
            here.book.look()
            time.sleep(0.05)
        before = acknowledged(here)
        ecas(here, here.settings, "backup", "make", str(tmp_path / "b.backup"))
        settled = len(here.book.settled)
        while len(here.book.settled) < settled + 30:
            here.book.look()
            time.sleep(0.05)
        here.ehr.end()
        here.service.kill()
        here.workers[0].kill()
        here.workers = []

        copy = {**here.settings, "ECAS_DATABASE_URL": f"sqlite:///{tmp_path}/second.sqlite3"}
        ecas(here, copy, "restore", "from", str(tmp_path / "b.backup"))
        service = build_service(load(tmp_path, copy))
        restored = {entry.document_id for agency in here.ehr.keys for entry in _all(service, agency)}
        assert {line["document"] for line in before} <= restored
        arrived = len(here.ledger.read_bytes().splitlines())
        assert "paused" in _refused(here, copy)
        assert not [line for line in here.ledger.read_bytes().splitlines()[arrived:] if b'"arrived"' in line]
        here.weather("")
        said = ecas(here, copy, "restore", "reconcile")
        ecas(here, copy, "restore", "release", "--note", "drill")
        here.settings.update(copy)
        here.service = here.start("serve", "--port", "0")
        address = here.service.address()
        again = acknowledged(here)
        for line in again:
            repeat(here, address, line)
        ecas(here, copy, "work", "--until-idle")
        counted = here.count()
        effects = list(here.book.settled)
        service.engine.dispose()
    with capsys.disabled():
        print(  # noqa: T201
            f"\n  before the backup {len(before)}, in all {len(again)}, in the copy {len(restored)}; "
            f"reconciled: {said.split()}; {counted}; settled {len(effects)}"
        )
    assert counted.is_clean, counted
    assert len(again) > len(before)


def _all(service, agency: str):
    """Yield every submission of an agency."""
    after = None
    while some := service.outbox.entries(agency, after=after, limit=500, state=None):
        yield from some
        after = some[-1].id


def _refused(here: Scene, settings: Mapping[str, str]) -> str:
    """Start a worker, which must end by itself and say why; even one that is told to resume."""
    environment = {**settings, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [sys.executable, "-m", "service", "work", "--until-idle", "--resume"]
    done = subprocess.run(command, cwd=here.folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    return done.stderr
