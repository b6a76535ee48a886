"""Restoring: a backup into an empty database, which sends nothing from its first moment on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, column, func, insert, select, table, text, update

from canonical.errors import ConfigurationError
from service.backup import archive
from service.backup.archive import Header, Piece
from service.backup.taking import Taken, verify
from service.clock import Clock, to_milliseconds
from service.keyring.master import Masters
from service.outbox import migrate
from service.outbox.engine import open_engine, reading, writing
from service.outbox.quarantines import mark
from service.outbox.schema import metadata
from service.settings import Settings
from service.tenants.tenant import EVERY

#: Rows that are told later what of their own table they refer to, at a time.
_SOME: Final = 500


def restore(file: Path, settings: Settings, masters: Masters, clock: Clock, *, destination: str) -> Taken:
    """Restore a backup into the empty database of these settings, wholly or not at all, in quarantine.

    The file is read twice: proven from end to end before the first row is written.

    Raises:
        ConfigurationError: the backup is damaged or another master's, or the database holds something.
    """
    taken = verify(file, masters)
    if taken.header.schema > migrate.head():
        raise ConfigurationError("This backup was written by a later release of ecas-bridge; restore it with that.")
    owner = settings.database_owner_url
    engine = open_engine(owner.get_secret_value() if owner is not None else settings.database)
    try:
        migrate.upgrade(engine, to=_schema(engine, taken.header))
        with file.open("rb") as opened, writing(engine, EVERY) as connection:
            _refuse_unless_empty(connection)
            header = archive.read_header(opened)
            rows = _fill(connection, archive.read(opened, masters, header))
            if rows != taken.rows:
                raise ConfigurationError("The backup changed while it was read; nothing was restored.")
            mark(connection, destination, to_milliseconds(clock()), header.id, header.made_at)
        migrate.upgrade(engine)
    finally:
        engine.dispose()
    return taken


def _schema(engine: Engine, header: Header) -> str:
    """Return the schema at which the rows are written: the backup's own, in a database that stands nowhere."""
    stands = migrate.revision(engine)
    if stands not in (None, header.schema):
        raise ConfigurationError(
            f"The database stands at schema {stands}, the backup at {header.schema}: restore into a new, empty one."
        )
    return header.schema


def _refuse_unless_empty(connection: Connection) -> None:
    for one in metadata.sorted_tables:
        if connection.execute(select(text("1")).select_from(one).limit(1)).first() is not None:
            raise ConfigurationError(
                "The database is not empty: a backup is restored into a new one, never over what is there."
            )


def _fill(connection: Connection, pieces: Iterator[Piece]) -> Counter[str]:
    rows: Counter[str] = Counter()
    later: list[tuple[Table, dict[str, Any], dict[str, Any]]] = []
    for piece in pieces:
        rows[piece.table] += len(piece.rows)
        if piece.rows:
            known = metadata.tables[piece.table]
            _insert(connection, known, piece, later)
    for known, name, values in later:
        mine = [known.c[part] == value for part, value in name.items()]
        connection.execute(update(known).where(*mine).values(**values))
    for known in metadata.sorted_tables:
        _count_on(connection, known)
    return rows


def _insert(
    connection: Connection, known: Table, piece: Piece, later: list[tuple[Table, dict[str, Any], dict[str, Any]]]
) -> None:
    """Write rows; what refers to rows of the same table is told when all of them are there."""
    own = _own_references(known)
    content = [dict(zip(piece.columns, row, strict=True)) for row in piece.rows]
    for row in content:
        refers = {name: row[name] for name in own if row.get(name) is not None}
        if refers:
            later.append((known, {part.name: row[part.name] for part in known.primary_key}, refers))
            row.update(dict.fromkeys(refers))
    bare = table(piece.table, *(column(name, known.c[name].type) for name in piece.columns))
    connection.execute(insert(bare), content)


def _own_references(known: Table) -> set[str]:
    """Return the columns by which a table's rows refer to others of it, without the agency that is part of the pair."""
    return {
        key.parent.name
        for key in known.foreign_keys
        if key.column.table is known and key.parent.nullable and key.parent.name != "agency"
    }


def _count_on(connection: Connection, known: Table) -> None:
    """Let PostgreSQL count on from the greatest number that was restored; SQLite does so by itself."""
    counted = known.autoincrement_column
    if connection.dialect.name != "postgresql" or counted is None:
        return
    greatest = connection.execute(select(func.max(counted))).scalar()
    if greatest is not None:
        sequence = func.pg_get_serial_sequence(known.name, counted.name)
        connection.execute(select(func.setval(sequence, greatest)))


def is_empty(engine: Engine) -> bool:
    """Return whether nothing at all stands in a database."""
    if migrate.revision(engine) is None:
        return True
    with reading(engine, EVERY) as connection:
        return all(
            connection.execute(select(text("1")).select_from(one).limit(1)).first() is None
            for one in metadata.sorted_tables
        )
