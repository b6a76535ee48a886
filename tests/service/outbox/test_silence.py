"""A writer on PostgreSQL that falls silent, frozen or cut off, while all others wait for its locks."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.outbox import engine as our_engine
from service.outbox.engine import alone, open_engine, reading, writing
from service.tenants.connections import of
from service.tenants.tenant import EVERY

#: Milliseconds: so short that a test can wait for it.
SHORT = 300
_HOLD = text("SELECT pg_advisory_xact_lock(4711)")
_ALLOWED = text("SHOW idle_in_transaction_session_timeout")


@pytest.fixture
def engine(postgres_url):
    opened = open_engine(postgres_url)
    yield opened
    opened.dispose()


def test_a_silent_writer_loses_its_transaction_and_its_locks(engine):
    """Others go on, and when it wakes, nothing that it had begun is recorded."""
    silent = engine.connect()
    begun = silent.begin()
    with of(silent, EVERY, silence=SHORT):
        silent.execute(_HOLD)
        asleep = time.monotonic()
        with writing(engine) as other:
            other.execute(_HOLD)
        assert time.monotonic() - asleep >= SHORT / 1000 * 0.9
        with pytest.raises(DBAPIError):
            silent.execute(_HOLD)
    begun.close()
    silent.close()


def test_every_writer_may_be_silent_for_so_long_and_readers_for_as_long_as_they_like(engine):
    """A backup and a long listing hold up nobody; the limit ends with the transaction that it was set for."""
    with writing(engine) as connection:
        assert connection.execute(_ALLOWED).scalar_one() == f"{our_engine.SILENCE // 1000}s"
    with reading(engine) as connection, alone(engine, "a test"):
        assert connection.execute(_ALLOWED).scalar_one() == "0"


def test_a_transaction_that_the_server_ends_is_told_as_an_error_of_the_database(engine):
    """A worker waits for the database to come back; any other error would end it."""
    with pytest.raises(DBAPIError), writing(engine) as connection:  # noqa: PT012 - the error comes from within
        mine = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with writing(engine) as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        connection.execute(text("SELECT 1"))
