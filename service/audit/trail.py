"""Reading the trail: pages for an auditor, and whole chains for whoever verifies or exports them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import ColumnElement, Connection, Select, select

from service.audit.audit import Note
from service.audit.checkpoint import Checkpoint
from service.audit.entry import Entry
from service.outbox import schema as t

#: Rows that are in memory at a time.
_BATCH: Final = 10_000
_A, _C, _N = t.audit.c, t.audit_checkpoint.c, t.audit_note.c
_ENTRY: Final = tuple(_A[name] for name in Entry._fields)
_CHECKPOINT: Final = tuple(_C[name] for name in Checkpoint._fields)


def page(
    connection: Connection, agency: str, *, after: int = 0, limit: int, about: str = "", newest: bool = False
) -> list[Entry]:
    """Return entries of one chain in their order, those after a number; or the newest ones."""
    query = select(*_ENTRY).where(_A.agency == agency, _A.number > after)
    if about:
        query = query.where(_A.about == about)
    if newest:
        rows = connection.execute(query.order_by(_A.number.desc()).limit(limit)).all()
        return [Entry._make(row) for row in reversed(rows)]
    return [Entry._make(row) for row in connection.execute(query.order_by(_A.number).limit(limit))]


def entries(connection: Connection, agency: str | None = None, *, after: int = 0) -> Iterator[Entry]:
    """Return one chain, or all of them one after the other, without holding them in memory."""
    for *fields, _ in _rows(connection, agency, after):
        yield Entry._make(fields)


def sealed_entries(connection: Connection, agency: str | None = None, *, after: int = 0) -> Iterator[tuple[Entry, str]]:
    """Return the same, each with the seal that stands beside it in the database."""
    for *fields, seal in _rows(connection, agency, after):
        yield Entry._make(fields), str(seal)


def checkpoints(connection: Connection, agency: str | None = None, *, after: int = 0) -> list[tuple[int, Checkpoint]]:
    """Return what was signed, oldest first, each with its row; those after a row."""
    query = select(_C.seq, *_CHECKPOINT).where(_C.seq > after, *_of(_C.agency, agency)).order_by(_C.seq)
    return [(seq, Checkpoint._make(fields)) for seq, *fields in connection.execute(query)]


def notes(connection: Connection, agency: str, numbers: list[int]) -> list[Note]:
    """Return the notes that are still there, sealed, beside these entries."""
    s = t.submission.c
    joined = t.audit_note.outerjoin(t.submission, (s.agency == _N.agency) & (s.id == _N.about))
    query = select(_N.agency, _N.number, _N.about, _N.sealed, s.data_key).select_from(joined)
    rows = connection.execute(query.where(_N.agency == agency, _N.number.in_(numbers)))
    return [Note._make(row) for row in rows]


def _rows(connection: Connection, agency: str | None, after: int) -> Iterator[tuple[object, ...]]:
    columns = (*_ENTRY, _A.seal)
    query: Select[tuple[object, ...]] = select(*columns).where(_A.number > after, *_of(_A.agency, agency))
    ordered = query.order_by(_A.agency, _A.number)
    for part in connection.execute(ordered, execution_options={"yield_per": _BATCH}).partitions():
        yield from map(tuple, part)


def _of(column: ColumnElement[str], agency: str | None) -> tuple[ColumnElement[bool], ...]:
    return () if agency is None else (column == agency,)
