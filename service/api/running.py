"""Requests under way: the same one again waits a little for the first, and is told so where that takes longer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from service.api.intake_problems import STILL_RUNNING
from service.api.problems import Refusal

#: Seconds that the same request waits: most are answered long before, and then it needs no second try.
PATIENCE: Final = 10.0


class Running:
    """The requests that this process works on, by their names.

    Another process may be at work on the same one: the database then lets one of them write, and both get its answer.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        """Let a request wait so many seconds for its twin."""
        self._patience = patience
        self._ended: dict[tuple[str, ...], asyncio.Event] = {}

    @asynccontextmanager
    async def alone(self, *name: str) -> AsyncIterator[None]:
        """Work on a request while no other one of this name does.

        Raises:
            Refusal: another one still does after all that time.
        """
        try:
            async with asyncio.timeout(self._patience):
                while (ended := self._ended.get(name)) is not None:
                    await ended.wait()
        except TimeoutError:
            raise Refusal(STILL_RUNNING) from None
        self._ended[name] = asyncio.Event()
        try:
            yield
        finally:
            self._ended.pop(name).set()
