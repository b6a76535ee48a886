"""Workbooks at the door: each is unfolded by a process of its own, so few are at once, and few wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from adapters.workbook import MAGIC
from canonical.payload import Payload
from service.api.problems import Problem, Refusal

#: Processes at once: each may take a gigabyte, and half a minute of one core.
AT_ONCE: Final = 2
#: Requests that wait for one, at most, and seconds that they do.
IN_LINE: Final = 16
PATIENCE: Final = 30.0

WORKBOOKS_WAIT: Final = Problem(
    name="workbooks-wait",
    status=503,
    title="Too many workbooks at once",
    detail="Others are being read, and nothing was taken. Send the request again later, with the same Idempotency-Key; "
    "payloads that are no workbooks are taken all the while.",
    headers={"Retry-After": "10"},
)


class Workbooks:
    """The turns in which workbooks are read."""

    def __init__(self, at_once: int = AT_ONCE, in_line: int = IN_LINE, patience: float = PATIENCE) -> None:
        """Let so many be read at once, and so many wait for so many seconds."""
        self._free = asyncio.Semaphore(at_once)
        self._in_line = in_line
        self._patience = patience
        self._waiting = 0

    @asynccontextmanager
    async def turn(self, payload: Payload) -> AsyncIterator[None]:
        """Wait for a turn to read a payload; what is no workbook needs none.

        Raises:
            Refusal: too many wait already, or it took too long.
        """
        if not payload.content.startswith(MAGIC):
            yield
            return
        await self._wait()
        try:
            yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._waiting >= self._in_line:
            raise Refusal(WORKBOOKS_WAIT)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError:
            raise Refusal(WORKBOOKS_WAIT) from None
        finally:
            self._waiting -= 1
