"""A worker's turn: what is done is recorded, whatever is wrong with one of it."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from waiting import claim, draft, entry, put

from canonical.submission import State
from service.chores import Chores
from service.delivery import Delivery, UnderWay
from service.outbox.outbox import Settlement
from specs.catalog import Catalog
from specs.windows import Windows

REJECTED = Settlement(state=State.REJECTED, outcome="Rejected", why="So.")
#: No state goes from sending to closed: the table of moves refuses it.
IMPOSSIBLE = Settlement(state=State.CLOSED, outcome="Closed", why="So.")


@pytest.fixture
def delivery(outbox, clock):
    road = SimpleNamespace(transport=Catalog().named("2026.1").transport)
    with ThreadPoolExecutor(1) as store:
        yield Delivery(
            outbox=outbox,
            roads=SimpleNamespace(today=lambda: road),
            attempts=None,
            chores=Chores([]),
            windows=Windows,
            destination="ecas",
            owner=SimpleNamespace(name="one"),
            clock=clock,
            rng=random.Random(1),
            store=store,
        )


async def test_one_settlement_that_cannot_be_recorded_stops_no_other(delivery, outbox):
    """The others are recorded, the worker lives, and the one is left to its lease: after it the state is asked."""
    for number in range(3):
        put(outbox, draft(f"d{number}", child=f"{number:012}"))
    first, bad, last = claim(outbox)
    under_way = UnderWay(done=[(first, REJECTED), (bad, IMPOSSIBLE), (last, REJECTED)])
    await delivery._exchange(under_way, 0)
    states = [entry(outbox, one.submission).state for one in (first, bad, last)]
    assert states == [State.REJECTED, State.SENDING, State.REJECTED]
    assert under_way.done == []
