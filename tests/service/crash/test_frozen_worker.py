"""A worker that slept beyond its lease: what it still believes when it wakes changes nothing."""

from __future__ import annotations

import sys
import time

import pytest
from actor import Actor
from scene import scene
from sleeper import TOTAL_TIMEOUT, WEATHER, in_the_midst, sleep_over_the_lease
from sqlalchemy.engine import make_url

OTHERS = {"sqlite": 1, "postgresql": 2}


@pytest.mark.timeout(300)
def test_a_worker_that_wakes_after_its_lease_changes_nothing(tmp_path, database_url, capsys):
    """Its record of what others took over is refused, and what it had not sent yet it does not send beside them."""
    others = OTHERS[make_url(database_url).get_backend_name()]
    with scene(tmp_path, database_url, weather=WEATHER, workers=0, total_timeout=TOTAL_TIMEOUT) as here:
        sleeper, mine = sleep_over_the_lease(here, others, in_the_midst)
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
