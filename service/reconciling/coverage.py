"""All the days that the exports cover together, and those that they leave out between."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import date
from itertools import pairwise

from service.reconciling.period import Period


class Coverage:
    """Periods stitched together."""

    def __init__(self, periods: Iterable[Period]) -> None:
        """Stitch what joins or overlaps."""
        spans: list[Period] = []
        for period in sorted(periods):
            if spans and spans[-1].joins(period):
                spans[-1] = Period(spans[-1].first, max(spans[-1].last, period.last))
            else:
                spans.append(period)
        #: Without a gap within, with one between.
        self.spans = tuple(spans)
        self._firsts = [span.first for span in spans]

    def __contains__(self, day: date) -> bool:
        """Return whether some export covers this day."""
        place = bisect_right(self._firsts, day)
        return place > 0 and day in self.spans[place - 1]

    @property
    def gaps(self) -> tuple[Period, ...]:
        """The days that no export covers, between those that some do."""
        return tuple(before.until(after) for before, after in pairwise(self.spans))

    @property
    def whole(self) -> Period | None:
        """From the first day to the last, gaps and all; None where nothing is covered."""
        return Period(self.spans[0].first, self.spans[-1].last) if self.spans else None
