"""The power fails while the service writes, at hundreds of moments; a restarted service looks at what the disk kept."""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from power.disk import Disk, Mood
from power.places import INSTALLED
from power.restart import Promises, restart
from power.trace import Began, Bind, Event, Flush, Mark, Write, load

ROOT = Path(__file__).parents[4]
DATABASE = "ecas.sqlite3"
#: The power fails more often where that teaches most.
MOODS = (Mood.DROPPED, Mood.DROPPED, Mood.KEPT, *3 * (Mood.TORN,), *4 * (Mood.SCATTERED,))
#: Every so many cuts the service starts with all that it does at a start, not with vault and database alone.
WHOLLY = 20


@dataclass
class Tally:
    """What came of all cuts."""

    cuts: int = 0
    #: Acknowledgements that were given before a cut, over all cuts.
    acknowledged: int = 0
    #: Cuts with unflushed writes in some file, those of them that left a part of these, and those in a checkpoint.
    unflushed: int = 0
    torn: int = 0
    in_checkpoint: int = 0
    lost: int = 0
    #: Cuts after which anything was lost.
    losing: int = 0
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return the figures, on one line."""
        return (
            f"{self.cuts} cuts ({self.unflushed} with unflushed writes, {self.torn} torn, {self.in_checkpoint} in a "
            f"checkpoint), acknowledged before them {self.acknowledged}, lost {self.lost} in {self.losing} cuts, "
            f"sentences about broken databases {len(self.broken)}"
        )


def record(folder: Path, payloads: int, *plants: str, places: dict[str, str] = INSTALLED, seed: int = 0) -> list[Event]:
    """Let a real process live below an empty folder, and return what it asked of the file system."""
    (folder / "disk").mkdir(parents=True)
    arguments = [folder / "disk", folder / "trace", str(payloads), str(seed), json.dumps(places), *plants]
    done = subprocess.run(
        [sys.executable, "-m", "power.process", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(Path(__file__).parents[1])))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return load(folder / "trace")


def cut_and_restart(
    events: list[Event], folder: Path, count: int, places: dict[str, str] = INSTALLED, seed: int = 0
) -> Tally:
    """Cut the power so often, each time with a disk of its own mood, and count."""
    rng = random.Random(seed)
    disk, promises, tally, place = Disk(), Promises(), Tally(), 0
    for moment in _moments(events, count, rng):
        for event in events[place:moment]:
            if isinstance(event, Mark):
                promises.hear(event)
            else:
                disk.tell(event)
        place = moment
        mood = rng.choice(MOODS)
        left = disk.cut(mood, rng)
        left.lay(folder)
        verdict = restart(folder, places, promises, wholly=not (promises.agencies and tally.cuts % WHOLLY))
        shutil.rmtree(folder)
        tally.cuts += 1
        tally.acknowledged += promises.count
        tally.unflushed += bool(left.unflushed)
        tally.torn += bool(left.torn)
        tally.in_checkpoint += any(Path(name).name == DATABASE for name in left.unflushed)
        tally.lost += verdict.lost
        tally.losing += bool(verdict.lost)
        tally.broken += [f"{mood} after {moment} events: {sentence}" for sentence in verdict.broken]
    return tally


def _moments(events: list[Event], count: int, rng: random.Random) -> list[int]:
    """Return how many events are over at each cut: right behind a word of our own code, in a checkpoint, or anywhere."""
    words = [place for place, event in enumerate(events, start=1) if isinstance(event, Mark)]
    database = {event.deed.file for event in _binds(events) if event.deed.name == DATABASE}
    checkpoints = [
        place
        for place, event in enumerate(events, start=1)
        if isinstance(event, Began) and isinstance(event.deed, Write) and event.deed.file in database
    ]
    choices = itertools.cycle((words, checkpoints, range(1, len(events) + 1)))
    return sorted(rng.choice(next(choices)) for _ in range(count))


def _binds(events: list[Event]) -> list[Began]:
    return [event for event in events if isinstance(event, Began) and isinstance(event.deed, Bind)]


def say(capsys: pytest.CaptureFixture[str], sentence: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n  {sentence}\n")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a process that lived with our own settings and was recorded."""
    folder = tmp_path_factory.mktemp("power") / "life"
    record(folder, 140)
    return folder


def test_five_hundred_power_cuts_lose_nothing_acknowledged(life, tmp_path, capsys):
    """Whatever of the unflushed the disk drops, tears or reorders, all that was acknowledged is there and whole."""
    tally = cut_and_restart(load(life / "trace"), tmp_path / "left", 500)
    say(capsys, f"power cuts, SQLite as we open it: {tally}")
    assert (tally.lost, tally.broken) == (0, [])
    assert (tally.cuts, tally.torn > 100, tally.in_checkpoint > 50) == (500, True, True)


@pytest.mark.parametrize(
    "places",
    [{"data_dir": "var"}, {"data_dir": ".", "key_file": "keys/master.key"}],
    ids=["a data folder of its own making", "a key elsewhere"],
)
def test_folders_that_the_service_makes_are_durable_before_anything_in_them(places, tmp_path, capsys):
    """A database that was flushed is lost all the same if the name of its folder, or of its key, was not."""
    tally = cut_and_restart(record(tmp_path / "life", 30, places=places), tmp_path / "left", 60, places=places)
    say(capsys, f"power cuts, {places}: {tally}")
    assert (tally.lost, tally.broken) == (0, [])


def test_the_record_is_whole(life):
    """With nothing dropped, the disk that the record describes is the folder that the process left, byte for byte."""
    disk = Disk()
    for event in load(life / "trace"):
        if not isinstance(event, Mark):
            disk.tell(event)
    there = {
        str(file.relative_to(life / "disk")): file.read_bytes() for file in (life / "disk").rglob("*") if file.is_file()
    }
    assert disk.cut(Mood.KEPT, random.Random(1)).files == there


@pytest.mark.parametrize("folders_only", [True, False], ids=["of folders", "of files and folders"])
def test_a_flush_that_is_not_done_is_caught(life, folders_only, tmp_path, capsys):
    """The same cuts find what is lost where the disk ignores the flush of a folder, or every flush."""
    events = load(life / "trace")
    folders = {event.deed.folder for event in _binds(events)}
    ignored = {
        event.number
        for event in events
        if isinstance(event, Began)
        and isinstance(event.deed, Flush)
        and (event.deed.file in folders or not folders_only)
    }
    told = [event for event in events if isinstance(event, Mark) or event.number not in ignored]
    tally = cut_and_restart(told, tmp_path / "left", 30)
    say(capsys, f"power cuts, flushes ignored{' of folders' if folders_only else ''}: {tally}")
    assert tally.lost > 0


@pytest.mark.parametrize(
    ("journal", "flushes", "loses"),
    [
        ("WAL", "FULL", False),  # our own words: what is caught below is the setting, not the planting
        ("WAL", "NORMAL", True),
        ("WAL", "OFF", True),
        ("DELETE", "FULL", True),  # the unlinked journal may come back and undo the last commit
        ("MEMORY", "FULL", True),
    ],
)
def test_a_weaker_setting_is_caught(journal, flushes, loses, tmp_path, capsys):
    """The same cuts find what the same process loses once SQLite flushes less than we ask it to."""
    planted = (f"journal_mode={journal}", f"synchronous={flushes}")
    tally = cut_and_restart(record(tmp_path / "life", 30, *planted), tmp_path / "left", 45)
    say(capsys, f"power cuts, planted {', '.join(planted)}: {tally}")
    assert (tally.lost > 0) is loses


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_five_thousand_power_cuts_lose_nothing_acknowledged(tmp_path, capsys):
    """Ten processes, each with a record of its own and a database that grows larger: still nothing is lost."""
    tallies = [
        cut_and_restart(record(tmp_path / f"life{n}", 100 + 20 * n, seed=n), tmp_path / "left", 500, seed=n)
        for n in range(10)
    ]
    for tally in tallies:
        say(capsys, f"power cuts, SQLite as we open it: {tally}")
    assert sum(tally.cuts for tally in tallies) == 5_000
    assert [(tally.lost, tally.broken) for tally in tallies] == [(0, [])] * 10
