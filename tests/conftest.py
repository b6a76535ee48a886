"""What every room's tests may ask for: a clock that stands still, ids that count, an outbox on a real database file."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from vaults import vault_of

from service.outbox import migrate
from service.outbox.engine import open_engine, writing
from service.outbox.schema import agency
from service.outbox.sql_outbox import SqlOutbox

if TYPE_CHECKING:
    from postgres_server import PostgresServer


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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Return the address of a PostgreSQL server: that of DATABASE_URL, else one of our own, started now from its wheel."""
    if given := os.environ.get("DATABASE_URL"):
        yield given
        return
    with _own_server() as server:
        yield server.address


@pytest.fixture
def postgres_server() -> Iterator[PostgresServer]:
    """Return a server that nobody else uses: a test may kill it and start it again."""
    with _own_server() as server:
        yield server


def _own_server() -> AbstractContextManager[PostgresServer]:
    from postgres_server import postgres_server  # noqa: PLC0415 - only whoever asks for it pays for it

    return postgres_server()


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """Return the address of a fresh database."""
    name = f"ecas_{secrets.token_hex(6)}"
    admin = create_engine(make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a fresh database on each back end in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path}/outbox.sqlite3"


@pytest.fixture
def outbox(database_url: str, clock: StandingClock, count_ids: Callable[[str], str]) -> Iterator[SqlOutbox]:
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    with writing(engine) as connection:
        for name in ("riverbend", "harborlight", "northstar"):
            connection.execute(agency.insert().values(id=name, created_at=0))
    yield SqlOutbox(engine, vault_of(engine), destination="ecas", clock=clock, new_id=count_ids)
    engine.dispose()
