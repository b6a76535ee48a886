"""What a worker does beside delivering, each at its own pace: looking again, releasing, replaying."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.exc import DBAPIError

from canonical.errors import EcasBridgeError
from service.telemetry import Ours

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Chore:
    """One of them. It does a bounded piece each time, and two workers at it at once do no harm."""

    name: str
    work: Callable[[], object]
    every: timedelta


class Chores:
    """Knows when each is due next; the first time is at once."""

    def __init__(self, chores: Sequence[Chore]) -> None:
        """Do these."""
        self._due = {chore.name: (chore, 0.0) for chore in chores}

    async def do(self, stored: Callable[[Callable[[], object]], Awaitable[object]]) -> None:
        """Do what is due by ``stored``; one that fails is told, keeps nobody else waiting, and has its turn again."""
        for chore, due in list(self._due.values()):
            if time.monotonic() < due:
                continue
            try:
                await stored(chore.work)
            except (EcasBridgeError, DBAPIError, OSError) as error:
                _log.warning("a chore failed", why=Ours(chore.name), kind=type(error).__name__)
            self._due[chore.name] = (chore, time.monotonic() + chore.every.total_seconds())
