"""Entries that belong to no transaction: somebody looked, or was refused. On disk before the answer leaves."""

from __future__ import annotations

import asyncio
from contextvars import Context

from sqlalchemy import Engine

from service.audit.acting import Acting, present
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.outbox.engine import writing
from service.quickly import quickly
from service.tenants.tenant import EVERY

_Waiting = tuple[Deed, Acting | None, "asyncio.Future[None]"]


class AtOnce:
    """Many that look at the same time share one commit: while one is being flushed, the others gather for the next."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        """Write to this database."""
        self._engine = engine
        self._audit = audit
        self._waiting: list[_Waiting] = []
        self._flushing: asyncio.Task[None] | None = None

    async def note(self, deed: Deed) -> None:
        """Return when the entry is on disk.

        Raises:
            DBAPIError: it is not; whoever asked must not be answered.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append((deed, present(), written))
        if self._flushing is None or self._flushing.done():
            # In a context of its own: it writes for everybody, and no agency's request bounds it.
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), context=Context())
        await written

    def note_now(self, deed: Deed) -> None:
        """Write one entry down, and return when it is on disk; for whoever has no loop."""
        self._write([(deed, present())])

    async def _flush(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            fault: BaseException | None = None
            try:
                await quickly(self._write, [(deed, who) for deed, who, _ in batch])
            except BaseException as error:  # noqa: BLE001 - told to everybody who waits for this batch
                fault = error
            for _, _, written in batch:
                if written.done():  # whoever waited has gone
                    continue
                if fault is None:
                    written.set_result(None)
                else:
                    written.set_exception(fault)

    def _write(self, deeds: list[tuple[Deed, Acting | None]]) -> None:
        with writing(self._engine, EVERY) as connection:
            self._audit.write(connection, deeds)
