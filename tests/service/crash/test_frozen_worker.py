"""A worker that slept beyond its lease: what it still believes when it wakes changes nothing."""

from __future__ import annotations

import sys
import time

import pytest
from actor import Actor
from scene import scene
from sleeper import WEATHER, sleep_over_the_lease

OTHERS = {"sqlite": 1, "postgresql": 2}


@pytest.mark.timeout(300)
def test_a_worker_that_wakes_after_its_lease_changes_nothing(tmp_path, database_url, capsys):
    """Its record of what others took over is refused, and what it had not sent yet it does not send beside them."""
    others = OTHERS[database_url.partition("+")[0].partition(":")[0]]
    with scene(tmp_path, database_url, weather=WEATHER, workers=0, total_timeout=1) as here:
        sleeper, mine = sleep_over_the_lease(here, others)
        _notices(sleeper)
        counted = here.finish()
        with capsys.disabled():
            sys.stdout.write(f"\n  {mine} submissions slept over, {others} other workers: {counted}\n")
        assert counted.is_clean, counted


def _notices(sleeper: Actor) -> None:
    """Wait until it found out that its leases are not its own any more."""
    deadline = time.monotonic() + 30
    while "lease lost; nothing recorded" not in sleeper.log.read_text():
        assert sleeper.is_up, sleeper.log.read_text()[-2000:]
        assert time.monotonic() < deadline, "it never noticed"
        time.sleep(0.05)
