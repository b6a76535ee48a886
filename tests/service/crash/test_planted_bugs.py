"""Each bug that the crash tests are there for, planted in a copy of the sources: the same checker finds it."""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

import planted
import pytest
import sleeper
from kills import kill_at, kill_often
from planted import Bug
from scene import ROOT, scene

WEATHER = """
[[weather]]
do = 'refuse-key'
share = 0.2
seed = 1
times = 1

[[weather]]
do = 'reject'
share = 0.2
seed = 4
reasons = [{ code = 'B901', text = 'The state does not want it.' }]

[[weather]]
do = 'slow'
seconds = 0.2
share = 0.5
seed = 6
"""
BUGS = {
    "acknowledged before the commit": planted.ACKNOWLEDGED_TOO_EARLY,
    "a rejection is sent again": planted.REJECTED_IS_RETRIED,
    "a new key for each attempt": planted.KEY_NOT_STABLE,
    "the same key after a rejection": planted.KEY_KEPT_AFTER_A_REJECTION,
}
#: Seconds in which a bug has to show itself.
SHOWS_WITHIN = 30


@pytest.mark.timeout(300)
@pytest.mark.parametrize("bug", BUGS.values(), ids=BUGS.keys())
def test_a_planted_bug_is_found(tmp_path: Path, bug: Bug, capsys):
    """A few kills, and the count of what went wrong is not nothing: the fault is the one that this bug leads to."""
    root = planted.planted(bug, ROOT, _folder(tmp_path))
    with scene(tmp_path, f"sqlite:///{tmp_path}/outbox.sqlite3", weather=WEATHER, root=root) as here:
        for kill in bug.kills:
            _more_acknowledged(here)
            kill_at(here, WEATHER, [kill], random.Random(1))
        counted = here.finish() if bug.only_at_the_end else _shown(here, bug)
        _tell(capsys, bug, counted)
        assert counted.faults[bug.fault] > 0, counted


@pytest.mark.timeout(300)
def test_a_missing_fence_is_found(tmp_path: Path, capsys):
    """Without its fence a worker that slept over its lease frees what is not its own, and two of one child are in the air."""
    bug = planted.NO_FENCE
    root = planted.planted(bug, ROOT, _folder(tmp_path))
    url = f"sqlite:///{tmp_path}/outbox.sqlite3"
    with scene(
        tmp_path, url, weather=sleeper.WEATHER, workers=0, total_timeout=sleeper.TOTAL_TIMEOUT, root=root
    ) as here:
        sleeper.sleep_over_the_lease(here, 1, sleeper.before_it_sends)
        counted = _shown(here, bug)
        _tell(capsys, bug, counted)
        assert counted.faults[bug.fault] > 0, counted


@pytest.mark.timeout(300)
def test_without_a_bug_the_same_kills_count_nothing(tmp_path: Path):
    """What the planted bugs are found by is the bugs."""
    with scene(tmp_path, f"sqlite:///{tmp_path}/outbox.sqlite3", weather=WEATHER) as here:
        kill_often(here, WEATHER, 5, random.Random(1))
        assert here.finish().is_clean


def _more_acknowledged(here) -> None:
    before, deadline = here.ehr.acknowledged, time.monotonic() + 60
    while here.ehr.acknowledged < before + 20:
        assert time.monotonic() < deadline, "nothing is acknowledged"
        time.sleep(0.005)


def _shown(here, bug: Bug):
    """Count until the fault is there, or the time is over."""
    deadline = time.monotonic() + SHOWS_WITHIN
    while not (counted := here.count()).faults[bug.fault] and time.monotonic() < deadline:
        time.sleep(0.2)
    return counted


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "sources"
    folder.mkdir()
    return folder


def _tell(capsys, bug: Bug, counted) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n  planted in {bug.file}: {counted}\n")
