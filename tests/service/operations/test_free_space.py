from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.free_space import FreeSpace
from service.metrics.instruments import FREE_BYTES
from service.processes import Program, run
from service.sample_files import SAMPLES

MB = 1_000_000
BODY = (SAMPLES / "good/birth-through-four.json").read_bytes()


@dataclass
class Disk:
    """A file system of which a test says how much is free."""

    free: int
    f_frsize: int = 1

    @property
    def f_bavail(self) -> int:
        return self.free


def _space(folder: Path, disk: Disk, floor: int = 8 * MB) -> tuple[FreeSpace, list[float]]:
    now = [0.0]
    return FreeSpace({"data": folder}, floor, statvfs=lambda _: disk, clock=lambda: now[0]), now


@pytest.mark.parametrize(("free", "enough"), [(8 * MB, True), (8 * MB - 1, False), (0, False)])
def test_the_floor_is_the_least_that_stays_free(tmp_path, free, enough):
    """At the floor something may be taken in, below it nothing."""
    space, _ = _space(tmp_path, Disk(free))
    assert space.enough() is enough
    assert FREE_BYTES.labels("data")._value.get() == free


def test_it_is_looked_at_again_after_a_second(tmp_path):
    """A disk that was full and is not any more is seen, and not looked at for every request."""
    disk = Disk(0)
    space, now = _space(tmp_path, disk)
    assert not space.enough()
    disk.free = 100 * MB
    assert not space.enough()
    now[0] = 1.0
    assert space.enough()


def test_a_file_system_that_does_not_answer_has_no_room(tmp_path):
    """Where free space cannot be told, nothing is taken in."""

    def broken(_: Path) -> Disk:
        raise OSError

    assert not FreeSpace({"data": tmp_path}, MB, statvfs=broken).enough()


def test_the_ballast_is_thrown_off_before_the_disk_is_full(tmp_path):
    """It takes a quarter of the floor in real blocks where there is plenty, and goes when a quarter of the floor is left."""
    disk = Disk(100 * MB)
    space, now = _space(tmp_path, disk)
    space.keep_ballast()
    ballast = tmp_path / "ballast"
    assert ballast.stat().st_blocks * 512 >= 2 * MB
    disk.free = 2 * MB
    assert not space.enough()
    assert ballast.exists()
    disk.free, now[0] = 2 * MB - 1, 1.0
    assert not space.enough()
    assert not ballast.exists()
    space.keep_ballast()
    assert not ballast.exists()


def test_below_the_floor_a_payload_is_refused_and_the_rest_goes_on(start):
    """POST answers 507 with Retry-After and leaves nothing behind; asking and judging need no room."""
    running = start(free_space_floor_mb=0)
    assert running.submit("before")[0] == 202
    running.app.state.space.floor = 10**18
    status, headers, body = running.ask("POST", "/v1/submissions", BODY, {"Idempotency-Key": "k"})
    assert (status, headers["retry-after"]) == (507, "300")
    assert json.loads(body)["type"] == "urn:ecas-bridge:problem:disk-full"
    assert len(json.loads(running.ask("GET", "/v1/submissions")[2])["submissions"]) == 1
    assert running.ask("POST", "/v1/validate", BODY)[0] == 200
    status, _, body = running.ask("GET", "/readyz")
    assert (status, json.loads(body)["checks"]["space_left"]) == (503, False)
    running.app.state.space.floor = 0
    status, answer = running.submit("k")
    assert (status, len(answer["submissions"])) == (202, 1)


def test_a_file_system_that_is_really_full_takes_nothing_and_loses_nothing(tmp_path):
    """Where writes fail, submissions are refused and not half taken; when there is room, all that was refused goes through."""
    settings = {"ECAS_DATA_DIR": str(tmp_path / "var"), "ECAS_FREE_SPACE_FLOOR_MB": "0"}
    key = run(["agencies", "add", "riverbend"], folder=tmp_path, settings=settings).splitlines()[-1]
    service = Program(["serve", "--port", "0"], folder=tmp_path, settings=settings, log=tmp_path / "log")
    client = [sys.executable, str(Path(__file__).with_name("asking.py")), service.address(), key]

    def ask(*words: str) -> list[int]:
        done = subprocess.run([*client, *words], check=True, capture_output=True, text=True, env={**os.environ})
        return json.loads(done.stdout)

    try:
        assert set(ask("first", "5")) == {202}
        largest = max(file.stat().st_size for file in (tmp_path / "var").iterdir() if file.is_file())
        _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (largest, hard))
        refused = ask("second", "40")
        assert set(refused) <= {202, 503}
        assert refused[-1] == 503
        resource.prlimit(service.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert set(ask("second", "40")) == {202}
        with closing(sqlite3.connect(tmp_path / "var/ecas.sqlite3")) as database:
            assert database.execute("SELECT count(*), count(DISTINCT key_digest) FROM request").fetchone() == (45, 45)
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchone() is None
    finally:
        assert service.end() == 0
