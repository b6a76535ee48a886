"""How many requests came, and how fast: what shows a storm of attempts from outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, kw_only=True)
class Tally:
    """One kind of request: how many, when first and last, and the most in one second."""

    requests: int = 0
    first_at: str | None = None
    last_at: str | None = None
    #: The most requests in one second of the clock, and which second that was.
    peak: int = 0
    peak_at: str | None = None
    #: Those of the latest second.
    _now: int = 0

    def count(self, at: str) -> None:
        """Count one request of this second (``2026-11-16T09:00:00Z``)."""
        self._now = self._now + 1 if at == self.last_at else 1
        self.requests += 1
        self.first_at = self.first_at or at
        self.last_at = at
        if self._now > self.peak:
            self.peak, self.peak_at = self._now, at

    def as_json(self) -> dict[str, Any]:
        """Return the rate, as the ledger's page shows it."""
        return {"peak": self.peak, "peak_at": self.peak_at, "first_at": self.first_at, "last_at": self.last_at}
