"""The rate limit of a destination, as one number that all nodes share: when the next may leave (GCRA)."""

from __future__ import annotations

from typing import Final

#: What was not used within this time is lost: a quiet minute is no licence for a storm (milliseconds).
_BURST: Final = 1000


def allowed(paced_at: int, now: int, per_second: float | None) -> int | None:
    """Return how many may leave now; None for any number."""
    if per_second is None:
        return None
    return max(0, int((now - _begin(paced_at, now, per_second)) * per_second / 1000))


def spent(paced_at: int, now: int, per_second: float | None, count: int) -> int:
    """Return the number after that many have left."""
    if per_second is None:
        return paced_at
    return _begin(paced_at, now, per_second) + round(count * 1000 / per_second)


def _begin(paced_at: int, now: int, per_second: float) -> int:
    return max(paced_at, now - max(_BURST, round(1000 / per_second)))
