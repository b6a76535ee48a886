"""How much of a destination's silence is borne, and how gently it is met afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How soon the breaker opens, tries again, and how fast it lets go."""

    #: Failures in a row after which it opens.
    failures: int = 5
    #: The first probe comes this long after it opened; later ones grow with the outage.
    first_probe: timedelta = timedelta(seconds=5)
    #: No two probes are further apart than this, so that recovery is seen in time.
    slowest_probe: timedelta = timedelta(minutes=5)
    #: How long after closing the full breadth is reached.
    ramp: timedelta = timedelta(seconds=30)
    #: Refusals without a reason, of different documents in a row, after which the destination is paused.
    refusals: int = 3


#: What is borne where a package says nothing else: our assumption.
USUAL: Final = Patience()
