"""Taking a backup: one look at the whole database, at one moment, while everybody goes on writing."""

from __future__ import annotations

import os
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, Table, select

from canonical.errors import ConfigurationError
from canonical.version import __version__
from service.backup import archive
from service.backup.archive import Header, Piece
from service.clock import Clock, to_milliseconds
from service.folders import flush
from service.identifiers import NewId
from service.keyring.master import Masters
from service.outbox import migrate
from service.outbox.schema import metadata
from service.tenants.connections import of
from service.tenants.tenant import EVERY

#: Rows, and about how many bytes of them, of one piece.
_ROWS: Final = 500
_BYTES: Final = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A backup, as it was taken or as it was found to be."""

    header: Header
    rows: Counter[str]


def take(engine: Engine, masters: Masters, file: Path, clock: Clock, new_id: NewId) -> Taken:
    """Write a backup to this file, which only its owner may read; it has its name when it is whole and on the disk.

    Everything that was acknowledged before this began is in it. Writers are not kept waiting: on SQLite the journal
    grows meanwhile, on PostgreSQL vacuuming waits.

    Raises:
        ConfigurationError: there is a file of that name already.
    """
    if file.exists():
        raise ConfigurationError(f"{file} is there already; a backup never takes the place of another one.")
    draft = file.with_name(f".{file.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened, _one_look(engine) as connection:
            header = {
                "id": new_id("bak"),
                "made_at": to_milliseconds(clock()),
                "schema": migrate.revision(engine),
                "release": __version__,
            }
            rows = archive.write(opened, masters, header, _pieces(connection))
            opened.flush()
            os.fsync(opened.fileno())
        os.link(draft, file)
    except FileExistsError:
        raise ConfigurationError(f"{file} is there already; a backup never takes the place of another one.") from None
    finally:
        draft.unlink()
        flush(file.parent)
    with file.open("rb") as written:
        return Taken(header=archive.read_header(written), rows=rows)


def verify(file: Path, masters: Masters) -> Taken:
    """Read a backup from end to end, and prove every piece.

    Raises:
        ConfigurationError: it is damaged, not whole, no backup, or under another master key.
    """
    with file.open("rb") as opened:
        header = archive.read_header(opened)
        rows: Counter[str] = Counter()
        for piece in archive.read(opened, masters, header):
            rows[piece.table] += len(piece.rows)
    return Taken(header=header, rows=rows)


@contextmanager
def _one_look(engine: Engine) -> Iterator[Connection]:
    """Begin a transaction that sees the database as it is now until it ends."""
    level = {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {}
    with engine.connect().execution_options(**level) as connection, connection.begin(), of(connection, EVERY):
        yield connection


def _pieces(connection: Connection) -> Iterator[Piece]:
    for table in metadata.sorted_tables:
        yield from _of(connection, table)


def _of(connection: Connection, table: Table) -> Iterator[Piece]:
    columns = tuple(column.name for column in table.columns)
    some: list[list[object]] = []
    size = 0
    query = select(table).order_by(*table.primary_key.columns)
    for row in connection.execute(query, execution_options={"yield_per": _ROWS}):
        some.append(list(row))
        size += sum(len(value) for value in row if isinstance(value, bytes | str))
        if len(some) >= _ROWS or size >= _BYTES:
            yield Piece(table=table.name, columns=columns, rows=some)
            some, size = [], 0
    yield Piece(table=table.name, columns=columns, rows=some)
