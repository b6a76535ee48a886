"""The database file: its settings, its schema, and what it gives away."""

from __future__ import annotations

import os
import sqlite3
import stat

import pytest
from sqlalchemy import text

from canonical.errors import ConfigurationError
from service.outbox import migrate
from service.outbox.engine import open_engine, reading, writing


@pytest.fixture
def engine(tmp_path):
    opened = open_engine(f"sqlite:///{tmp_path}/new/outbox.sqlite3")
    yield opened
    opened.dispose()


def test_every_connection_flushes_every_commit(engine):
    """WAL, synchronous=FULL, foreign keys: read back from the connection itself."""
    with reading(engine) as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000}


def test_the_file_is_its_owners_alone(engine, tmp_path):
    """The database and its journal have mode 0600."""
    migrate.upgrade(engine)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "new").glob("outbox.sqlite3*")}
    assert set(modes.values()) == {0o600}, modes


def test_upgrading_twice_changes_nothing(engine):
    """A second start finds its schema and leaves it."""
    migrate.upgrade(engine)
    migrate.upgrade(engine)
    assert migrate.revision(engine) == migrate.head()


def test_a_database_of_a_later_release_is_refused(engine):
    """We would misread it; nothing is touched."""
    migrate.upgrade(engine)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigurationError, match="later release"):
        migrate.upgrade(engine)


def test_a_writing_transaction_takes_the_lock_at_once(engine, tmp_path):
    """Nobody can write between our reading and our writing: the lock is there before the first statement."""
    migrate.upgrade(engine)
    other = sqlite3.connect(tmp_path / "new/outbox.sqlite3", timeout=0)
    with writing(engine), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "no address at all"])
def test_an_outbox_in_memory_or_nowhere_is_refused(url):
    """It would lose what it acknowledged."""
    with pytest.raises(ConfigurationError):
        open_engine(url)


def test_nothing_of_a_failed_transaction_stays(engine):
    """An error inside rolls everything back."""
    migrate.upgrade(engine)

    def fail() -> None:
        with writing(engine) as connection:
            connection.execute(text("INSERT INTO agency VALUES ('riverbend', 0)"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM agency")).scalar() == 0


def test_the_file_is_made_private_even_under_a_generous_umask(tmp_path):
    """The mode does not depend on the shell that started us."""
    before = os.umask(0)
    try:
        open_engine(f"sqlite:///{tmp_path}/open.sqlite3").dispose()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "open.sqlite3").stat().st_mode) == 0o600
