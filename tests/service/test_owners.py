"""Who is alive: the kernel knows, and tells at once."""

from __future__ import annotations

import subprocess
import sys

from service.owners import Owner

LIVE = """
import sys, time
from pathlib import Path
from service.owners import Owner
with Owner(Path(sys.argv[1]), "wrk_other") as owner:
    print(owner.name, flush=True)
    time.sleep(60)
"""


def test_a_killed_worker_is_known_to_be_dead_at_once(tmp_path):
    """As long as its process lives it is alive; after SIGKILL it is not, and its lock file is cleared away."""
    with Owner(tmp_path, "wrk_self") as owner:
        assert owner.alive(owner.name)
        other = subprocess.Popen([sys.executable, "-c", LIVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        name = other.stdout.readline().strip()
        assert name.startswith("wrk_other@")
        assert owner.alive(name)
        other.kill()
        other.wait()
        other.stdout.close()
        assert not owner.alive(name)
        assert not owner.alive(name.replace("other", "never"))
    assert [file.name for file in tmp_path.iterdir()] == ["host"]


def test_of_another_host_nothing_is_presumed(tmp_path):
    """A worker that shares the database and not this folder lives until its lease runs out."""
    with Owner(tmp_path / "here", "wrk_self") as owner, Owner(tmp_path / "there", "wrk_other") as other:
        assert owner.alive(other.name)
        assert owner.name != other.name
