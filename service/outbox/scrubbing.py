"""Scrubbing: what was overwritten leaves the journal and the free pages too."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine

from service.outbox.engine import BUSY_TIMEOUT

#: How often it is tried while a reader keeps the journal, and how long is waited each time, in milliseconds.
_TRIES: Final = 20
_PATIENCE: Final = 100


def scrub(engine: Engine, tables: Sequence[str]) -> bool:
    """Empty SQLite's journal into its file, where every freed page is zero; on PostgreSQL vacuum these tables.

    False where somebody's long look (a backup, perhaps) kept it from being done now; the next scrubbing does it then.
    """
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in tables:
                connection.exec_driver_sql(f'VACUUM "{table}"')
        return True
    for _ in range(_TRIES):
        raw = engine.raw_connection()
        try:
            cursor = raw.cursor()
            cursor.execute(f"PRAGMA busy_timeout={_PATIENCE}")
            busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        finally:
            raw.close()
        if not busy:
            return True
        time.sleep(_PATIENCE / 1000)
    return False
