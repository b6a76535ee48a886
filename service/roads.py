"""The way to the state on a given day: the package in force then, and a gateway that speaks its transport."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway_client.gateway import Gateway
from service.clock import Clock
from service.judging import Judge
from specs.spec import Spec, Transport


@dataclass(frozen=True, slots=True, kw_only=True)
class Road:
    """What is sent or asked today goes this way."""

    spec: Spec
    gateway: Gateway

    @property
    def transport(self) -> Transport:
        """How the state is spoken to."""
        return self.spec.transport


class Roads:
    """One road for each package under which something is sent; the day decides, so nothing restarts at midnight."""

    def __init__(self, judge: Judge, clock: Clock, gateway_for: Callable[[Spec], Gateway]) -> None:
        """Open no gateway before it is needed."""
        self._judge = judge
        self._clock = clock
        self._gateway_for = gateway_for
        self._roads: dict[str, Road] = {}

    def today(self) -> Road:
        """Return the road of the package in force now.

        Raises:
            NoSpecInForce: no published specification covers today.
        """
        spec = self._judge.sending(self._clock().date())
        if spec.digest not in self._roads:
            self._roads[spec.digest] = Road(spec=spec, gateway=self._gateway_for(spec))
        return self._roads[spec.digest]

    async def close(self) -> None:
        """Close every gateway that was opened."""
        for road in self._roads.values():
            await road.gateway.close()
