"""What every room's tests may ask for: a clock that stands still, ids that count, an outbox on a real database file."""

from __future__ import annotations

import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Let no test leave its ballast behind: a service sets 64 MB aside, and a whole run would fill the disk with them."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    yield
    for place, _, names in os.walk(folder) if folder else ():
        if "ballast" in names:
            (Path(place) / "ballast").unlink(missing_ok=True)


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


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file at the schema of this release, to be copied: twelve migrations take a third of a second."""
    file = tmp_path_factory.mktemp("migrated") / "outbox.sqlite3"
    _migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_name(postgres: str) -> Iterator[str]:
    """Return the name of a PostgreSQL database at the schema of this release, likewise."""
    with _database(postgres) as url:
        _migrate(url)
        yield str(make_url(url).database)


@pytest.fixture
def postgres_url(postgres: str, migrated_name: str) -> Iterator[str]:
    """Return the address of a database that is the test's own, at the schema of this release."""
    with _database(postgres, f"TEMPLATE {migrated_name}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the address of a database at the schema of this release, with nothing in it, on each back end in turn."""
    if request.param == "postgresql":
        return str(request.getfixturevalue("postgres_url"))
    file = tmp_path / "outbox.sqlite3"
    shutil.copy(request.getfixturevalue("migrated_file"), file)
    return f"sqlite:///{file}"


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of a database without any table, on each back end in turn."""
    if request.param == "postgresql":
        with _database(request.getfixturevalue("postgres")) as url:
            yield url
    else:
        yield f"sqlite:///{tmp_path}/outbox.sqlite3"


@contextmanager
def _database(server: str, like: str = "") -> Iterator[str]:
    name = f"ecas_{secrets.token_hex(6)}"
    admin = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} {like}")
    yield admin.url.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


def _migrate(url: str) -> None:
    engine = open_engine(url)
    migrate.upgrade(engine)
    engine.dispose()


@pytest.fixture
def outbox(database_url: str, clock: StandingClock, count_ids: Callable[[str], str]) -> Iterator[SqlOutbox]:
    engine = open_engine(database_url)
    with writing(engine) as connection:
        for name in ("riverbend", "harborlight", "northstar"):
            connection.execute(agency.insert().values(id=name, created_at=0))
    yield SqlOutbox(engine, vault_of(engine), destination="ecas", clock=clock, new_id=count_ids)
    engine.dispose()
