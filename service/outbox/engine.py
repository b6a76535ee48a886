"""Opening the database so that a commit is a commit."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, create_engine, event, func, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from canonical.errors import ConfigurationError
from service.folders import make_durably
from service.tenants import database_log
from service.tenants.connections import of
from service.tenants.tenant import EVERY, NOBODY, Tenant

#: Milliseconds that a writer waits for another one.
BUSY_TIMEOUT: Final = 30_000
#: Milliseconds after which PostgreSQL ends the transaction of a writer that says nothing: its process is frozen or its
#: host is gone, and all others would wait for its locks. SQLite cannot do that: there a frozen writer stops everybody.
SILENCE: Final = 30_000
#: Connections that are kept open to an SQLite file, at the most: as many as a server has threads, for to open one takes
#: seven statements.
_POOL: Final = 32
_WRITES: Final = "ecas_writes"
_LAST: Final = "ecas_last"
_Finish = TypeVar("_Finish", bound=Callable[[Connection], None])
#: Whose turn it is to write to an SQLite file, by engine.
_turns: Final[WeakKeyDictionary[Engine, Lock]] = WeakKeyDictionary()


def open_engine(url: str) -> Engine:
    """Open the database at this SQLAlchemy URL.

    An SQLite file is made with mode 0600, journalled ahead (WAL) and flushed at every commit: ``synchronous=NORMAL``
    would lose acknowledged submissions at a power cut. The setting is read back, not hoped for.

    Raises:
        ConfigurationError: the URL is not one, or the database does not take these settings.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "ECAS_DATABASE_URL is not a database URL (sqlite:///path or postgresql+psycopg://…)."
        ) from None
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(parsed, hide_parameters=True, pool_pre_ping=True, isolation_level="READ COMMITTED")
        event.listen(engine, "connect", database_log.quiet)
        return engine
    if parsed.get_backend_name() != "sqlite":
        raise ConfigurationError("The outbox keeps its promises on SQLite and PostgreSQL only.")
    _make_private(parsed)
    # The connection that was used last is taken first: it has the pages of the file, and its statements, in memory.
    waits = {"timeout": BUSY_TIMEOUT / 1000}
    engine = create_engine(parsed, hide_parameters=True, connect_args=waits, pool_size=_POOL, pool_use_lifo=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    _turns[engine] = Lock()
    return engine


@contextmanager
def writing(engine: Engine, tenant: Tenant = NOBODY) -> Iterator[Connection]:
    """Begin a transaction of this tenant that will write, and commit it at the end (``service.tenants.tenant``).

    On SQLite it takes the write lock at once (BEGIN IMMEDIATE): a deferred transaction that reads, then writes is
    refused as busy, whatever the timeout, or acts on what it read too early. The threads of one process take turns before
    that, each woken as soon as the one before has committed: SQLite itself looks again only after naps of up to 100 ms.
    """
    turn = _turns.get(engine) or nullcontext()
    with (
        engine.connect().execution_options(**{_WRITES: True, _LAST: {}}) as connection,
        turn,
        connection.begin(),
        of(connection, tenant, silence=SILENCE),
    ):
        yield connection
        for finish in connection.get_execution_options()[_LAST].values():
            finish(connection)


def at_the_end(connection: Connection, name: str, make: Callable[[], _Finish]) -> _Finish:
    """Return what a writing transaction does last of all, under this name; it is made at the first call.

    For work whose locks must be taken after all others, and held only while the commit is flushed.
    """
    finish: _Finish = connection.get_execution_options()[_LAST].setdefault(name, make())
    return finish


@contextmanager
def reading(engine: Engine, tenant: Tenant = NOBODY) -> Iterator[Connection]:
    """Begin a transaction of this tenant that only reads: one consistent look, short, so that the journal can be emptied."""
    with engine.connect() as connection, connection.begin(), of(connection, tenant):
        yield connection


@contextmanager
def rebuilding(engine: Engine) -> Iterator[Connection]:
    """Begin the transaction of a migration: SQLite changes a table by making it anew, so rows lose sight of one another.

    Raises:
        ConfigurationError: afterwards some row refers to one that is not there; nothing was changed.
    """
    with engine.connect().execution_options(**{_WRITES: True}) as connection:
        if engine.dialect.name == "sqlite":
            connection.detach()  # this setting is heeded outside of transactions only, and nobody else shall have it
            connection.connection.cursor().execute("PRAGMA foreign_keys=OFF")
        with connection.begin(), of(connection, EVERY):
            yield connection
            if engine.dialect.name == "sqlite" and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                raise ConfigurationError("A row of the database refers to one that is not there; restore a backup.")


@contextmanager
def alone(engine: Engine, purpose: str) -> Iterator[None]:
    """Let no other process do the same to this database meanwhile: a file lock beside SQLite, else an advisory lock."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection, connection.begin():
            connection.execute(select(func.pg_advisory_xact_lock(_lock_number(purpose))))
            yield
        return
    lock = os.open(f"{engine.url.database}.{purpose}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def in_turn(connection: Connection, agency: str, *, purpose: str = "intake") -> None:
    """Let an agency's payloads be written down one after the other, so that the order of a lane is that of the commits.

    On SQLite there is one writer anyway. On PostgreSQL a lock that ends with the transaction keeps an earlier,
    uncommitted submission of a child from being overtaken by a later one, and a document from racing itself.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(_lock_number(f"{purpose} {agency}"))))


def database_moment(connection: Connection) -> int:
    """Return the database's own time, in milliseconds: on many hosts there must be one clock for due times and leases."""
    return int(connection.execute(select(func.extract("epoch", func.clock_timestamp()) * 1000)).scalar_one())


def _lock_number(purpose: str) -> int:
    """Return the number of an advisory lock, the same on every host."""
    return int.from_bytes(hashlib.sha256(f"ecas-bridge {purpose}".encode()).digest()[:7])


def _make_private(url: URL) -> None:
    if not url.database or url.database == ":memory:":
        raise ConfigurationError(
            "The outbox needs a database file: an outbox in memory would lose what it acknowledged."
        )
    file = Path(url.database)
    make_durably(file.parent)
    os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _prepare(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver must not begin by itself: ``_begin`` does, explicitly
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    journal = cursor.execute("PRAGMA journal_mode").fetchone()[0]
    flushes = cursor.execute("PRAGMA synchronous").fetchone()[0]
    cursor.close()
    if (journal, flushes) != ("wal", 2):
        raise ConfigurationError("This SQLite does not keep WAL with synchronous=FULL here; a local disk is needed.")


def _begin(connection: Connection) -> None:
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(_WRITES) else "BEGIN")
