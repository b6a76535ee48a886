"""PostgreSQL is killed under load, with everything that it has under way, and started again on the same data."""

from __future__ import annotations

import sys
import time

import pytest
from actor import Actor
from scene import scene

DEATHS = 5
#: Seconds that the database is away: long enough for every worker and every request to notice.
AWAY = 1.0
WEATHER = """
[[weather]]
do = 'drop-after-accept'
share = 0.1
times = 1

[[weather]]
do = 'slow'
seconds = 0.3
share = 0.5
"""
#: What an agency may be told meanwhile: it was taken; nothing can be written down now; or nothing, where the line broke.
ANSWERS = {"202", "503"}


@pytest.mark.timeout(400)
def test_a_database_that_dies_under_load_loses_nothing(tmp_path, postgres_server, capsys):
    """Service and workers outlive five deaths of PostgreSQL and go on by themselves; nothing is lost or doubled."""
    with scene(
        tmp_path, postgres_server.address.replace("postgresql:", "postgresql+psycopg:"), weather=WEATHER, workers=3
    ) as here:
        programs = [here.service, *here.workers]
        _are_up(here.workers)  # one that starts while the database is away ends, and says so: its supervisor's affair
        for _ in range(DEATHS):
            _delivers(here, 10)
            postgres_server.kill()
            time.sleep(AWAY)
            postgres_server.start()
        _delivers(here, 10)
        assert [program.process.pid for program in programs if not program.is_up] == []
        counted = here.finish()
        with capsys.disabled():
            sys.stdout.write(f"\n  PostgreSQL killed {DEATHS} times: answers {dict(here.ehr.answers)}\n    {counted}\n")
        assert counted.is_clean, counted
        assert {answer for answer in here.ehr.answers if answer.isdigit()} <= ANSWERS


def _are_up(workers: list[Actor]) -> None:
    deadline = time.monotonic() + 60
    while not all(worker.owner() for worker in workers):
        assert time.monotonic() < deadline, workers[0].log.read_text()[-2000:]
        time.sleep(0.01)


def _delivers(here, many: int) -> None:
    """Wait until the state has settled that many more documents."""
    before = len(here.book.settled)
    deadline = time.monotonic() + 60
    while len(here.book.settled) < before + many:
        here.book.look()
        assert time.monotonic() < deadline, f"nothing is delivered: {here.workers[0].log.read_text()[-2000:]}"
        time.sleep(0.01)
