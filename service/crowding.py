"""Whether there is room for more: how many submissions may wait, of one agency and of all, and what who is refused is told.

The count is looked at again after a second at the soonest, and what this process takes in meanwhile is added to it. So
processes beside one another may together exceed a limit by what they take in a second; it is a dam and no promise.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

from canonical.errors import EcasBridgeError
from service.outbox.crowd import Crowd

#: Seconds between two looks, at the least; a look may not take more than a fiftieth of the time.
_FRESH: Final = 1.0
_SHARE: Final = 50
#: Seconds after which somebody who was refused may come again: what waits leaves in seconds, held work in days.
RETRY_AFTER: Final = 60


class Full(EcasBridgeError):
    """There is no room for more; nothing of it was written down."""

    def __init__(self, *, whose: str, waiting: int, most: int) -> None:
        """Say whose queue is full (``agency`` or ``service``), how many wait in it and how many may."""
        super().__init__(f"The queue of the {whose} is full.")
        self.whose, self.waiting, self.most = whose, waiting, most


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many may wait."""

    of_agency: int
    in_all: int


class Crowding:
    """Asked before a body is read, and again when it is known how many submissions there would be."""

    def __init__(self, look: Callable[[], Crowd], room: Room, clock: Callable[[], float] = time.monotonic) -> None:
        """Look by ``look``; the clock counts seconds and never goes back."""
        self._look, self._room, self._clock = look, room, clock
        self._guard = Lock()
        self._crowd = Crowd(of={}, leaving=0)
        self._came: Counter[str] = Counter()
        self._until = -1.0

    def check(self, agency: str, more: int = 1) -> None:
        """See that so many more may wait.

        Raises:
            Full: they may not.
        """
        with self._guard:
            self._refresh()
            own, everyone = self._crowd.of.get(agency, 0) + self._came[agency], self._crowd.total + self._came.total()
        if own + more > self._room.of_agency:
            raise Full(whose="agency", waiting=own, most=self._room.of_agency)
        if everyone + more > self._room.in_all:
            raise Full(whose="service", waiting=everyone, most=self._room.in_all)

    @property
    def fresh(self) -> bool:
        """Whether the last look still holds, so that asking now waits for no database."""
        return self._clock() < self._until

    def took(self, agency: str, count: int) -> None:
        """Say that so many were written down."""
        with self._guard:
            self._came[agency] += count

    def leaving(self) -> int:
        """Return how many of all agencies may leave as soon as their turn comes, as of the last look."""
        with self._guard:
            self._refresh()
            return self._crowd.leaving

    def _refresh(self) -> None:
        now = self._clock()
        if now < self._until:
            return
        self._crowd = self._look()
        self._came.clear()
        after = self._clock()
        self._until = after + max(_FRESH, (after - now) * _SHARE)
