"""Rotation, killed at every step: everything stays readable, and at the end nothing is under what was retired."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from first_release import AGENCIES, EACH, leave, sqlite
from reading_all import unreadable
from sqlalchemy import Engine, event, func, select
from vaults import MASTER, vault_of

from canonical.errors import ConfigurationError
from service.clock import utc_now
from service.keyring.master import LocalMaster, Masters
from service.keyring.ring import FIRST_RELEASE, StoredRing
from service.keyring.rotation import Rotation
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading, writing
from service.vault import Vault

NEXT = bytes(range(32, 64))
Work = Callable[[Engine, Vault], object]


def opened(url: str, masters: Masters | None = None) -> tuple[Engine, Vault]:
    engine = open_engine(url)
    migrate.upgrade(engine)
    return engine, vault_of(engine) if masters is None else Vault(StoredRing(engine, masters))


def rotate(engine: Engine, vault: Vault) -> Rotation:
    rotation = Rotation(engine=engine, vault=vault, clock=utc_now, wait=lambda _: None)
    rotation.run()
    return rotation


def killed_at(url: str, number: int, work: Work, masters: Masters | None = None) -> bool:
    """Do the work in a process that SIGKILL ends before its ``number``-th statement; False where it came to its end."""
    child = os.fork()
    if child == 0:
        try:
            engine, vault = opened(url, masters)
            seen = 0

            def count(*_: object) -> None:
                nonlocal seen
                seen += 1
                if seen == number:
                    os.kill(os.getpid(), signal.SIGKILL)

            for name in ("before_cursor_execute", "commit"):
                event.listen(engine, name, count)
            work(engine, vault)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


@pytest.fixture
def old(tmp_path):
    """Return the folder of a database of the first release, brought to this schema and opened once."""
    folder = tmp_path / "old"
    folder.mkdir()
    leave(sqlite(folder)).dispose()
    engine, _ = opened(sqlite(folder))
    engine.dispose()
    return folder


def test_an_upgraded_database_reads_all_that_the_first_release_sealed(empty_url):
    """On either back end: nothing is unreadable, and nothing was sealed anew by the upgrade alone."""
    leave(empty_url).dispose()
    engine, vault = opened(empty_url)
    assert unreadable(engine, vault) == []
    rotation = Rotation(engine=engine, vault=vault, clock=utc_now, wait=lambda _: None)
    assert rotation.standing().first_form == 2 * EACH * len(AGENCIES)
    engine.dispose()


def test_rotation_brings_everything_to_the_new_form_and_destroys_the_old_keys(empty_url):
    """No row of the first form, no retired version, no key of the first release; every value opens as before."""
    leave(empty_url).dispose()
    engine, vault = opened(empty_url)
    done = rotate(engine, vault).done
    assert (done.agencies, done.converted > 0) == (len(AGENCIES) + 1, True)
    again = rotate(engine, vault).done
    assert (again.converted, again.rewrapped, again.destroyed) == (0, 2 * EACH * len(AGENCIES), len(AGENCIES) + 1)
    _nothing_is_under_the_old(engine)
    fresh = vault_of(engine)
    assert unreadable(engine, fresh) == []
    assert fresh.ring.deployment(FIRST_RELEASE) is None
    engine.dispose()


def _nothing_is_under_the_old(engine: Engine) -> None:
    with reading(engine) as connection:
        k = t.agency_key.c
        per_agency = connection.execute(select(k.agency, func.count()).group_by(k.agency)).all()
        assert {count for _, count in per_agency} == {1}
        assert connection.execute(select(func.count()).where(k.retired_at.is_not(None))).scalar() == 0
        for table in (t.payload, t.submission):
            assert connection.execute(select(func.count()).where(table.c.wrapped_by.is_(None))).scalar() == 0
        names = set(connection.scalars(select(t.vault_key.c.name)))
        assert FIRST_RELEASE not in names


@pytest.mark.timeout(600)
def test_rotation_killed_in_the_middle_leaves_everything_readable(old, tmp_path, capsys):
    """SIGKILL before every fifth statement or commit in turn, then a look, then the rest: unreadable rows 0."""
    _kill_and_look(old, tmp_path, capsys, stride=5)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_rotation_killed_at_every_step_leaves_everything_readable(old, tmp_path, capsys):
    """The same before every single one."""
    _kill_and_look(old, tmp_path, capsys, stride=1)


def _kill_and_look(old: Path, tmp_path: Path, capsys, *, stride: int) -> None:
    number, killed = 1, True
    while killed:
        folder = tmp_path / f"n{number}"
        shutil.copytree(old, folder)
        killed = killed_at(sqlite(folder), number, rotate)
        engine, vault = opened(sqlite(folder))
        assert unreadable(engine, vault) == [], number
        rotation = rotate(engine, vault)
        if rotation.done.agencies == 0 or rotation.standing().retired:
            rotate(engine, vault)
        _nothing_is_under_the_old(engine)
        assert unreadable(engine, vault_of(engine)) == [], number
        engine.dispose()
        shutil.rmtree(folder)
        number += stride
    with capsys.disabled():
        print(f"\n  rotation killed at every {stride}. of some {number} steps, unreadable rows 0")  # noqa: T201
    assert number > 50


@pytest.mark.timeout(600)
def test_a_change_of_the_master_killed_at_every_step_leaves_everything_readable(old, tmp_path):
    """With both masters everything opens all the time; at the end the new one suffices, and the old one opens nothing."""
    both = Masters(current=LocalMaster(NEXT), previous=LocalMaster(MASTER))

    def change(engine: Engine, vault: Vault) -> None:
        Rotation(engine=engine, vault=vault, clock=utc_now).change_master()

    number = 0
    while True:
        number += 1
        folder = tmp_path / f"m{number}"
        shutil.copytree(old, folder)
        killed = killed_at(sqlite(folder), number, change, both)
        engine, vault = opened(sqlite(folder), both)
        assert unreadable(engine, vault) == [], number
        change(engine, vault)
        assert unreadable(engine, Vault(StoredRing(engine, Masters(current=LocalMaster(NEXT))))) == []
        with pytest.raises(ConfigurationError):
            vault_of(engine)
        engine.dispose()
        shutil.rmtree(folder)
        if not killed:
            break
    assert number > 10


def test_a_process_that_slept_through_a_rotation_seals_nothing_under_a_destroyed_key(old):
    """The database refuses the row: a client that is told so repeats it, where a row that nobody can read is lost."""
    engine, asleep = opened(sqlite(old))
    stale = asleep.new_key("riverbend", "pay_late")
    awake = opened(sqlite(old))[1]
    rotate(engine, awake)
    row = {"id": "pay_late", "agency": "riverbend", "format": "fhir", "received_at": 0, "sealed": b"x", **stale}
    with pytest.raises(Exception, match="FOREIGN KEY"), writing(engine) as connection:
        connection.execute(t.payload.insert().values(**row))
    engine.dispose()


def test_a_retired_key_leaves_no_byte_behind(old):
    """Not in the file, not in the journal beside it, not in a free page."""
    engine, vault = opened(sqlite(old))
    rotate(engine, vault)
    k = t.agency_key.c
    with reading(engine) as connection:
        before = [bytes(wrapped) for wrapped in connection.scalars(select(k.wrapped))]
    rotate(engine, vault)
    found = [file.name for file in _files(old) for wrapped in before if wrapped[:20] in file.read_bytes()]
    assert found == []
    engine.dispose()


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.iterdir() if file.is_file()]
