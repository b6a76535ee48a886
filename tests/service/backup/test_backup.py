"""Backups: whole or refused; restored on either back end, in quarantine, and reconciled before anything leaves."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from reading_all import unreadable
from sqlalchemy import func, select
from vaults import MASTER, vault_of
from waiting import LEASE, claim, draft, entry, put, sent

from canonical.errors import ConfigurationError
from canonical.submission import State
from service.backup.restoring import restore
from service.backup.taking import take, verify
from service.identifiers import new_id
from service.keyring.master import LocalMaster, Masters
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading
from service.outbox.outbox import Settlement
from service.outbox.sql_outbox import SqlOutbox
from service.settings import Settings
from service.tenants.tenant import EVERY

MASTERS = Masters(current=LocalMaster(MASTER))


@pytest.fixture
def backup(outbox, clock, tmp_path):
    """Return a backup of a database with something in every state that matters."""
    sent(outbox, "accepted", State.ACCEPTED)
    put(outbox, draft("ready"))
    put(outbox, draft("held", "200000000002", state=State.HELD))
    file = tmp_path / "b.backup"
    take(outbox._engine, MASTERS, file, clock, new_id)
    return file


@pytest.fixture
def other(tmp_path, clock, count_ids):
    """Return the address of another, empty place, and what opens its outbox."""
    url = f"sqlite:///{tmp_path}/other.sqlite3"

    def opened() -> SqlOutbox:
        engine = open_engine(url)
        return SqlOutbox(engine, vault_of(engine), destination="ecas", clock=clock, new_id=count_ids)

    return Settings(database_url=url), opened


def test_a_restored_copy_holds_every_row_and_reads_every_record(outbox, backup, other, clock):
    """From either back end: the same number of rows in each table, and nothing that does not open."""
    settings, opened = other
    taken = restore(backup, settings, MASTERS, clock, destination="ecas")
    copy = opened()
    with reading(outbox._engine, EVERY) as before, reading(copy._engine, EVERY) as after:
        for table in (t.submission, t.payload, t.event, t.audit, t.lane, t.child, t.agency_key):
            count = select(func.count()).select_from(table)
            assert after.execute(count).scalar() == before.execute(count).scalar() == taken.rows[table.name], table.name
    assert unreadable(copy._engine, copy._vault) == []
    copy._engine.dispose()


def test_a_restored_copy_leases_nothing_until_it_is_released(backup, other, clock):
    """Not by a worker, not after a resumption of the road; after the release it does."""
    settings, opened = other
    restore(backup, settings, MASTERS, clock, destination="ecas")
    copy = opened()
    assert copy.paused("ecas") is not None
    assert copy.resume("ecas") is False
    assert claim(copy) == []
    assert copy.quarantine().open > 0
    copy.release_quarantine(actor="tester", note="drill")
    (taken,) = claim(copy)
    assert taken.state is State.IN_DOUBT
    assert copy.quarantine() is None
    copy._engine.dispose()


def test_the_state_s_word_about_a_copy_is_recorded_by_legal_moves(backup, other, clock):
    """What was ready or held and is with the state by now is accepted; what it never got stays as it was."""
    settings, opened = other
    restore(backup, settings, MASTERS, clock, destination="ecas")
    copy = opened()
    accepted = Settlement(state=State.ACCEPTED, outcome="Accepted", why="The state accepted it.")
    asked = {entry(copy, one.submission).document_id: one for _, one in copy.to_ask(after=0, limit=10)}
    assert copy.record_asked(asked["held"], "Accepted", accepted)
    assert copy.record_asked(asked["ready"], "NotThere", None)
    assert copy.to_ask(after=0, limit=10) == []
    assert entry(copy, asked["held"].submission).state is State.ACCEPTED
    assert entry(copy, asked["ready"].submission).state is State.READY
    assert copy.quarantine().found == {"Accepted": 1, "NotThere": 1}
    assert copy.release_quarantine(actor="tester", note="drill") == 0
    assert [one.submission for one in copy.claim("ecas", "w", limit=9, lease=LEASE)] == [asked["ready"].submission]
    copy._engine.dispose()


def test_a_backup_is_restored_into_an_empty_database_only(outbox, backup, database_url, clock):
    """Never over what is there."""
    with pytest.raises(ConfigurationError, match="not empty"):
        restore(backup, Settings(database_url=database_url), MASTERS, clock, destination="ecas")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_damaged_backup_is_refused_whole(backup, other, clock, tmp_path):
    """Cut anywhere, or with any byte altered: nothing is restored, and verifying it says so."""
    content, rng = backup.read_bytes(), random.Random(7)
    broken = [content[: rng.randrange(1, len(content))] for _ in range(40)] + [content + b"x"]
    for _ in range(60):
        place = rng.randrange(len(content))
        broken.append(content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :])
    for number, one in enumerate(broken):
        file = tmp_path / f"{number}.backup"
        file.write_bytes(one)
        with pytest.raises(ConfigurationError):
            verify(file, MASTERS)
    with pytest.raises(ConfigurationError):
        restore(tmp_path / "0.backup", other[0], MASTERS, clock, destination="ecas")
    assert not Path(other[0].database.removeprefix("sqlite:///")).exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_is_sealed_and_its_owners_alone(backup, outbox):
    """Without the master key it says when it was taken, and nothing of what it holds; nothing takes its place."""
    content = backup.read_bytes()
    assert b"riverbend" not in content
    assert backup.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigurationError, match="master key"):
        verify(backup, Masters(current=LocalMaster(bytes(32))))
    with pytest.raises(ConfigurationError, match="already"):
        take(outbox._engine, MASTERS, backup, lambda: None, new_id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_backup_of_one_back_end_is_restored_into_the_other(backup, postgres_url, clock, count_ids):
    """Into PostgreSQL: every record opens, the numbers count on, and nothing leaves."""
    restore(backup, Settings(database_url=postgres_url), MASTERS, clock, destination="ecas")
    engine = open_engine(postgres_url)
    copy = SqlOutbox(engine, vault_of(engine), destination="ecas", clock=clock, new_id=count_ids)
    assert unreadable(engine, copy._vault) == []
    assert claim(copy) == []
    assert entry(copy, put(copy, draft("later"))[0]).state is State.READY
    engine.dispose()
