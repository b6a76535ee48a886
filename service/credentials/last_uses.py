"""When each credential was last used: to a minute, and never in anybody's way."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog
from sqlalchemy import Engine, or_, update
from sqlalchemy.exc import SQLAlchemyError

from service.clock import Clock, to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import writing
from service.tenants.tenant import EVERY

#: Seconds between two writes.
PACE: Final = 60.0
_CLIENT: Final = "client:"
_log = structlog.get_logger()


class LastUses:
    """Remembers uses, and writes them down together, in a thread and a transaction of their own.

    A request only leaves a note in memory: it neither waits for the database's one writer nor fails with it. What was
    noted since the last write is lost when the process dies: at most a minute's.
    """

    def __init__(self, engine: Engine, clock: Clock, every: float = PACE) -> None:
        """Write to this database, at most once in so many seconds."""
        self._engine = engine
        self._clock = clock
        self._every = every
        self._noted: dict[str, int] = {}
        self._next = 0.0
        self._waiting = False

    def note(self, principal: str) -> None:
        """Remember that this one was used now; called on the server's event loop."""
        self._noted[principal] = to_milliseconds(self._clock())
        if not self._waiting:
            self._waiting = True
            loop = asyncio.get_running_loop()
            loop.call_at(max(self._next, loop.time()), self._begin, loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        noted, self._noted = self._noted, {}
        self._next = loop.time() + self._every
        self._waiting = False
        loop.run_in_executor(None, self.write, noted)

    def write(self, noted: dict[str, int]) -> None:
        """Write uses down; a database that does not answer now loses them, and nothing else."""
        try:
            with writing(self._engine, EVERY) as connection:
                for principal, at in sorted(noted.items()):
                    table = t.client if principal.startswith(_CLIENT) else t.api_key
                    c = table.c
                    connection.execute(
                        update(table)
                        .where(
                            c.id == principal.removeprefix(_CLIENT),
                            or_(c.last_used_at.is_(None), c.last_used_at < at),
                        )
                        .values(last_used_at=at)
                    )
        except SQLAlchemyError as error:
            _log.warning("last uses of credentials were not written", kind=type(error).__qualname__, count=len(noted))
