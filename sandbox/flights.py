"""Which children have a request under way: two at once would mean that nobody keeps their order."""

from __future__ import annotations

from collections import Counter
from typing import Self


class Flights:
    """The submissions that are in the air, counted by child."""

    def __init__(self) -> None:
        self._in_air: Counter[str] = Counter()

    def take_off(self, child: str) -> Flight:
        """Begin a flight, and know whether another of the same child is still in the air."""
        overlaps = self._in_air[child] > 0
        self._in_air[child] += 1
        return Flight(self, child, overlaps=overlaps)

    def land(self, child: str) -> None:
        """End a flight, and forget a child that has none left."""
        self._in_air[child] -= 1
        if not self._in_air[child]:
            del self._in_air[child]


class Flight:
    """One submission, from its last byte to the answer or to the sender's hanging up."""

    def __init__(self, flights: Flights, child: str, *, overlaps: bool) -> None:
        #: Whether another submission of the same child was in the air when this one took off.
        self.overlaps = overlaps
        self._flights = flights
        self._child = child
        self._landed = False
        self._goes_on = False

    def land(self) -> None:
        """End the flight; a second landing changes nothing."""
        if not self._landed:
            self._landed = True
            self._flights.land(self._child)

    def goes_on(self) -> None:
        """Stay in the air beyond the block; whoever says so lands it."""
        self._goes_on = True

    def __enter__(self) -> Self:
        """Land by itself, whatever happens on the way."""
        return self

    def __exit__(self, *_: object) -> None:
        """Land, unless somebody else will."""
        if not self._goes_on:
            self.land()
