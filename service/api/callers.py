"""All connections of one server: how many there may be, and who makes room when there are too many."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway_client.loopback import is_loopback
from service.metrics.instruments import CONNECTIONS, HUNG_UP


class Why(StrEnum):
    """Why a connection was ended by us."""

    HEAD = "head"
    TOTAL = "total"
    NOT_READING = "not-reading"
    CROWDED = "crowded"
    ADDRESS = "address"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a peer may take, and how many there may be."""

    #: From the connection, or from the first byte of a further request, to the end of its head.
    head_seconds: float = 10.0
    #: Between two requests.
    idle_seconds: int = 5
    #: From the end of a head to the end of the answer; a body has a deadline of its own (``bodies.Limits``).
    total_seconds: float = 180.0
    #: How often it is looked whether a peer reads what is written, and how many bytes a second that must be. The kernel
    #: takes more only when a third of what it keeps was read, so in truth it is some 3 kB a second.
    reading_seconds: float = 30.0
    reading_rate: int = 1024
    #: Connections at once, and of one address; a proxy's (loopback) are everybody's.
    connections: int = 1000
    of_one_address: int = 200


class Peer(Protocol):
    """A connection, as much of it as matters here."""

    @property
    def address(self) -> str:
        """The address of the other end."""

    def hang_up(self, why: Why) -> None:
        """End now."""


class Callers:
    """Who waits (for a head, or between two requests) goes when somebody new needs the room, the longest first.

    So half-open connections crowd one another out and nobody else: a request under way is never ended for room.
    """

    def __init__(self, patience: Patience) -> None:
        """Begin with none."""
        self.patience = patience
        self._open: set[Peer] = set()
        self._waiting: dict[Peer, None] = {}
        self._of: Counter[str] = Counter()

    def admit(self, peer: Peer) -> bool:
        """Take one more, if need be in the place of another; False where there is no room."""
        address = peer.address
        full = not is_loopback(address) and self._of[address] >= self.patience.of_one_address
        if full and not self._make_room(Why.ADDRESS, address):
            return False
        if len(self._open) >= self.patience.connections and not self._make_room(Why.CROWDED):
            return False
        self._open.add(peer)
        self._of[address] += 1
        self._tell()
        return True

    def waits(self, peer: Peer) -> None:
        """Know that it has no request under way from now on."""
        self._waiting.pop(peer, None)
        if peer in self._open:
            self._waiting[peer] = None

    def works(self, peer: Peer) -> None:
        """Know that it has one."""
        self._waiting.pop(peer, None)

    def gone(self, peer: Peer) -> None:
        """Forget it; once is enough."""
        if peer not in self._open:
            return
        self._open.discard(peer)
        self._waiting.pop(peer, None)
        self._of[peer.address] -= 1
        if not self._of[peer.address]:
            del self._of[peer.address]
        self._tell()

    def count(self, why: Why) -> None:
        """Count one that was ended."""
        HUNG_UP.labels(why.value).inc()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._open)

    def _make_room(self, why: Why, address: str | None = None) -> bool:
        longest = next((peer for peer in self._waiting if address in (None, peer.address)), None)
        if longest is None:
            self.count(why)
            return False
        self.gone(longest)
        longest.hang_up(why)
        return True

    def _tell(self) -> None:
        CONNECTIONS.set(len(self._open))
