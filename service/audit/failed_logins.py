"""Requests that carried no credential that works: counted, and told a bounded number of times a minute.

The 1st, 10th, 100th … of a minute is told, so that an attack is on disk while it lasts, and nobody can fill the disk.
"""

from __future__ import annotations

from typing import Final

from service.audit.deed import DEPLOYMENT, Deed
from service.audit.entry import Outcome
from service.clock import Clock

#: The word for it.
REFUSED: Final = "authentication.refused"


class FailedLogins:
    """Counts for this process."""

    def __init__(self, clock: Clock) -> None:
        """Begin with a quiet minute."""
        self._clock = clock
        self._minute = 0
        self._count = 0
        self._before = 0

    def one_more(self) -> Deed | None:
        """Count one, and return what to tell of it; None where this minute has been told of often enough."""
        minute = int(self._clock().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._before, self._count = minute, self._count, 0
        self._count += 1
        if self._count != 10 ** (len(str(self._count)) - 1):
            return None
        detail = f"this_minute={self._count} earlier_minute={self._before}"
        return Deed(agency=DEPLOYMENT, action=REFUSED, actor="nobody", outcome=Outcome.REFUSED, detail=detail)
