"""Who is alive: the kernel knows, and tells at once."""

from __future__ import annotations

import subprocess
import sys

from service.owners import Owner

LIVE = """
import sys, time
from pathlib import Path
from service.owners import Owner
with Owner(Path(sys.argv[1]), "wrk_other"):
    print("alive", flush=True)
    time.sleep(60)
"""


def test_a_killed_worker_is_known_to_be_dead_at_once(tmp_path):
    """As long as its process lives it is alive; after SIGKILL it is not, and its lock file is cleared away."""
    with Owner(tmp_path, "wrk_self") as owner:
        assert owner.alive("wrk_self")
        other = subprocess.Popen([sys.executable, "-c", LIVE, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert other.stdout is not None
        assert other.stdout.readline() == "alive\n"
        assert owner.alive("wrk_other")
        other.kill()
        other.wait()
        other.stdout.close()
        assert not owner.alive("wrk_other")
        assert not owner.alive("wrk_never")
    assert list(tmp_path.iterdir()) == []
