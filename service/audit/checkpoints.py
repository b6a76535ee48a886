"""Signing the heads of chains, and handing the signatures to a file that is shipped off the host.

A worker's chore: a chain is signed again a minute after it grew, or sooner where it grew much. The signer follows what
is new since the last time before it signs, so that it never vouches for what the service did not write.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final

import structlog
from sqlalchemy import ColumnElement, Connection, Engine, Row, ScalarSelect, insert, literal, select, union

from service.audit import trail
from service.audit.audit import Audit
from service.audit.checkpoint import FIRST, Checkpoint, as_line, from_line, sign
from service.audit.entry import BEGINNING, chained
from service.audit.signing import SigningKey, open_key
from service.clock import Clock, to_milliseconds
from service.folders import flush, make_durably
from service.outbox import schema as t
from service.outbox.engine import in_turn, reading, writing
from service.tenants.tenant import EVERY

#: A chain is signed again at the latest after so many entries, or so long.
MOST_ENTRIES: Final = 1000
LONGEST: Final = timedelta(seconds=60)
#: The file below ``ECAS_AUDIT_DIR``.
FILE: Final = "checkpoints.jsonl"
#: Nothing that the last line of the file may be is longer.
_LONGEST_LINE: Final = 4096
_A, _C = t.audit.c, t.audit_checkpoint.c
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoints:
    """Two workers at it at once sign one after the other, and the second finds nothing to do."""

    engine: Engine
    audit: Audit
    clock: Clock
    #: Made at first use.
    key_file: Path
    #: Where the file is.
    folder: Path

    def look(self) -> int:
        """Sign what has grown enough or long enough ago; return how many chains were signed."""
        with reading(self.engine, EVERY) as connection:
            due = any(self._is_due(row) for row in _heads(connection))
        signed = self._sign(self._is_due) if due else 0
        self.ship()
        return signed

    def sign_all(self) -> int:
        """Sign every chain that has grown at all, and return how many."""
        signed = self._sign(lambda row: row.entries > (row.signed or 0))
        self.ship()
        return signed

    def key(self) -> SigningKey:
        """Return the key that signs.

        Raises:
            ConfigurationError: it is not the one that signed before, or cannot be used.
        """
        with reading(self.engine, EVERY) as connection:
            return self._key(connection)

    def ship(self) -> int:
        """Add to the file what was signed and is not in it yet, whoever signed it; return how many lines."""
        make_durably(self.folder)
        file = self.folder / FILE
        fresh = not file.exists()
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as opened:
            fcntl.flock(opened, fcntl.LOCK_EX)  # another worker of this host
            with reading(self.engine, EVERY) as connection:
                unshipped = _unshipped(connection, opened)
            if unshipped:
                opened.write(b"".join(as_line(checkpoint, seq) for seq, checkpoint in unshipped))
                opened.flush()
                os.fsync(opened.fileno())
        if fresh:
            flush(self.folder)
        return len(unshipped)

    def _is_due(self, row: Row[tuple[str, int, int | None, int | None]]) -> bool:
        grown = row.entries - (row.signed or 0)
        since = to_milliseconds(self.clock()) - (row.at or 0)
        return grown >= MOST_ENTRIES or (grown > 0 and since >= LONGEST.total_seconds() * 1000)

    def _sign(self, wanted: Callable[[Row[tuple[str, int, int | None, int | None]]], bool]) -> int:
        done = 0
        with writing(self.engine, EVERY) as connection:
            in_turn(connection, "", purpose="audit checkpoints")
            key = self._key(connection)
            for row in filter(wanted, _heads(connection)):
                checkpoint = self._vouch(connection, row.agency, key)
                if checkpoint is None:
                    _log.error(
                        "the audit trail was altered and is not signed; run “ecas audit verify”", agency=row.agency
                    )
                    continue
                connection.execute(insert(t.audit_checkpoint).values(**checkpoint._asdict()))
                done += 1
        return done

    def _vouch(self, connection: Connection, agency: str, key: SigningKey) -> Checkpoint | None:
        """Return a signed checkpoint of a chain's head; None where what is new does not follow from what was signed."""
        last = _newest(connection, agency)
        digest, number = (last.head, last.entries) if last else (BEGINNING, 0)
        for entry, seal in trail.sealed_entries(connection, agency, after=number):
            whole = entry.number == number + 1 and chained(digest, entry) == entry.digest
            if not whole or self.audit.entry_seal(entry.digest) != seal:
                return None
            digest, number = entry.digest, entry.number
        return sign(
            key,
            agency=agency,
            entries=number,
            head=digest,
            at=to_milliseconds(self.clock()),
            previous=last.digest() if last else FIRST,
        )

    def _key(self, connection: Connection) -> SigningKey:
        used = connection.execute(select(_C.seq).limit(1)).first() is not None
        return open_key(self.key_file, make=not used)


def _heads(connection: Connection) -> list[Row[tuple[str, int, int | None, int | None]]]:
    """Return each chain's length, and how much of it was signed when: four looks into an index each, however long they are."""
    chains = union(select(t.agency.c.id.label("agency")), select(literal("").label("agency"))).subquery()
    c = chains.c

    def newest(value: ColumnElement[int], of: ColumnElement[str], by: ColumnElement[int]) -> ScalarSelect[int]:
        return select(value).where(of == c.agency).order_by(by.desc()).limit(1).scalar_subquery()

    query = select(
        c.agency,
        newest(_A.number, _A.agency, _A.number).label("entries"),
        newest(_C.entries, _C.agency, _C.entries).label("signed"),
        newest(_C.at, _C.agency, _C.entries).label("at"),
    )
    return [row for row in connection.execute(query.order_by(c.agency)) if row.entries is not None]


def _newest(connection: Connection, agency: str) -> Checkpoint | None:
    query = select(*(_C[name] for name in Checkpoint._fields)).where(_C.agency == agency)
    row = connection.execute(query.order_by(_C.entries.desc()).limit(1)).first()
    return None if row is None else Checkpoint._make(row)


def _unshipped(connection: Connection, file: BinaryIO) -> list[tuple[int, Checkpoint]]:
    """Return what the file lacks, and stand at its end; half a line that a power cut left is taken off first.

    One line tells where the file ends. Where that line is not in the database, which was restored from a backup then,
    the whole file is read.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_LINE))
    tail = file.read()
    file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
    file.seek(0, os.SEEK_END)
    last = from_line(tail[: tail.rfind(b"\n") + 1].splitlines(keepends=True)[-1]) if b"\n" in tail else None
    if last is None:
        return trail.checkpoints(connection)
    since = trail.checkpoints(connection, after=last[0] - 1)
    if since[:1] == [last]:
        return since[1:]
    file.seek(0)
    shipped = {from_line(line) for line in file}
    return [one for one in trail.checkpoints(connection) if one not in shipped]
