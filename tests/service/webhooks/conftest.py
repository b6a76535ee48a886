"""An endpoint on loopback, and a count of every connection that this process so much as tries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING

import pytest
from webhook_office import Hooks
from webhook_receiver import WATCH, Receiver, Watch, receiving

from service.outbox.sql_outbox import SqlOutbox

if TYPE_CHECKING:
    from conftest import StandingClock


@pytest.fixture
def watch() -> Iterator[Watch]:
    WATCH.begin()
    yield WATCH
    WATCH.on = False


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


@pytest.fixture
def hooks(outbox: SqlOutbox, clock: StandingClock) -> Hooks:
    return Hooks(outbox, clock)
