"""The long clock, as pure decisions: when the next attempt is due, and when a person must decide."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta


def next_due(
    schedule: Sequence[timedelta], attempts: int, retry_after: timedelta | None, rng: random.Random
) -> timedelta:
    """Return how long to wait after that many attempts (from 1); the last delay of the schedule repeats.

    ``max(delay x U(0.5, 1), retry_after x U(1, 1.1))``: never sooner than the state asks, and never all at once.
    """
    delay = schedule[min(max(attempts, 1), len(schedule)) - 1] * rng.uniform(0.5, 1)
    asked = (retry_after or timedelta(0)) * rng.uniform(1, 1.1)
    return max(delay, asked)


def given_up(give_up_after: timedelta, open_road: timedelta) -> bool:
    """Return whether a submission is stuck after that much time with the breaker closed and outside windows."""
    return open_road >= give_up_after
