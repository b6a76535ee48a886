"""Service and workers are killed at every durable step and at random, under load; the state's ledger judges."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kills import Landings, kill_often
from scene import Scene, scene
from sqlalchemy.engine import make_url

#: Some documents meet something bad; the questions about those in doubt take their time.
WEATHER = """
[[weather]]
do = 'refuse-key'
share = 0.05
seed = 1
times = 1

[[weather]]
do = 'unavailable'
share = 0.05
seed = 2
times = 1

[[weather]]
do = 'drop-after-accept'
share = 0.05
seed = 3
times = 1

[[weather]]
do = 'reject'
share = 0.05
seed = 4
reasons = [{ code = 'B901', text = 'The state does not want it.' }]

[[weather]]
do = 'pending'
share = 0.05
seed = 5
polls = 1

[[weather]]
do = 'slow'
seconds = 0.3
share = 0.5
seed = 6

[[weather]]
on = 'query'
do = 'slow'
seconds = 0.2
"""
#: What an agency may meet while its service is killed, also between head and body of an answer; nothing else, no 503
#: and no 500, for the database is well.
ANSWERS = {
    "202", "ConnectionRefusedError", "ConnectionResetError", "RemoteDisconnected", "BrokenPipeError", "IncompleteRead",
}  # fmt: skip
KILLS = 50
CAMPAIGN = 500
#: The workers of each back end: SQLite is for one machine.
WORKERS = {"sqlite": 1, "postgresql": 3}


@pytest.fixture
def running(tmp_path: Path, database_url: str) -> Iterator[Scene]:
    with scene(
        tmp_path, database_url, weather=WEATHER, workers=WORKERS[make_url(database_url).get_backend_name()]
    ) as here:
        yield here


@pytest.mark.timeout(600)
def test_kills_at_every_step_lose_nothing_and_double_nothing(running, capsys):
    """Every acknowledged submission takes effect exactly once and in order, over fifty deaths at every durable step."""
    _kill_and_count(running, KILLS, seed=5, capsys=capsys)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_the_campaign_of_kills_loses_nothing_and_doubles_nothing(running, capsys):
    """The same holds over five hundred deaths on each back end."""
    _kill_and_count(running, CAMPAIGN, seed=random.SystemRandom().randrange(10**6), capsys=capsys)


def _kill_and_count(running: Scene, kills: int, *, seed: int, capsys) -> None:
    landings = kill_often(running, WEATHER, kills, random.Random(seed))
    counted = running.finish()
    with capsys.disabled():
        _tell(running, landings, seed, str(counted))
    assert counted.is_clean, counted
    assert landings.total == kills
    assert landings.part_in_flight >= 0.95
    assert set(running.ehr.answers) <= ANSWERS


def _tell(running: Scene, landings: Landings, seed: int, counted: str) -> None:
    answers = ", ".join(f"{count} x {answer}" for answer, count in sorted(running.ehr.answers.items()))
    back_end = running.inside.engine.dialect.name
    sys.stdout.write(
        f"\n  {back_end}, {landings.total} kills, seed {seed}\n{landings}\n    answers to the agencies: {answers}\n    {counted}\n"
    )
