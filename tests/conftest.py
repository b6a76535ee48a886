"""What every room's tests may ask for: a clock that stands still, ids that count, an outbox on a real database file."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.outbox import migrate
from service.outbox.engine import open_engine, writing
from service.outbox.schema import agency
from service.outbox.sql_outbox import SqlOutbox
from service.vault import Vault


@dataclass
class StandingClock:
    """A clock that moves only when told to."""

    moment: datetime = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, span: timedelta) -> None:
        self.moment += span


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def count_ids() -> Callable[[str], str]:
    numbers = itertools.count(1)
    return lambda prefix: f"{prefix}_{next(numbers):04}"


@pytest.fixture
def outbox(tmp_path: Path, clock: StandingClock, count_ids: Callable[[str], str]) -> Iterator[SqlOutbox]:
    engine = open_engine(f"sqlite:///{tmp_path}/outbox.sqlite3")
    migrate.upgrade(engine)
    with writing(engine) as connection:
        for name in ("riverbend", "harborlight", "northstar"):
            connection.execute(agency.insert().values(id=name, route="ecas", created_at=0))
    yield SqlOutbox(engine, Vault(bytes(range(32))), destination="ecas", clock=clock, new_id=count_ids)
    engine.dispose()
