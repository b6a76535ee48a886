"""A PostgreSQL database as it should be: one role owns it, another one works in it; and a world on each back end."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import URL, create_engine, make_url
from tenant_world import World, world

from service.outbox import migrate
from service.outbox.engine import open_engine, writing
from service.tenants.database_role import prepare


@dataclass(frozen=True)
class Roles:
    """The addresses of one database: that of its owner, and that of the service."""

    owner: str
    service: str


@pytest.fixture(scope="module")
def empty_database(postgres: str) -> Iterator[Roles]:
    """Return an empty database whose owner is no superuser, and the address of a role that nobody has made yet."""
    name = f"ecas_{secrets.token_hex(6)}"
    admin = create_engine(make_url(postgres).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name}_owner LOGIN CREATEROLE PASSWORD '{name}'")
        connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER {name}_owner")
    owner = admin.url.set(database=name, username=f"{name}_owner", password=name)
    yield Roles(_text(owner), _text(owner.set(username=f"{name}_app", password="of % the 'service'")))
    with admin.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
        connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}_app")
        connection.exec_driver_sql(f"DROP ROLE {name}_owner")
    admin.dispose()


@pytest.fixture(scope="module")
def database(empty_database: Roles) -> Roles:
    """Return a database that was prepared as “ecas database prepare” does it."""
    owner = open_engine(empty_database.owner)
    migrate.upgrade(owner)
    with writing(owner) as connection:
        prepare(connection, make_url(empty_database.service))
    owner.dispose()
    return empty_database


@pytest.fixture(scope="module")
def postgres_world(database: Roles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with _world(tmp_path_factory.mktemp("postgres"), database_url=SecretStr(database.service)) as made:
        yield made


@pytest.fixture(scope="module")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with _world(tmp_path_factory.mktemp("sqlite")) as made:
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def a_world(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue("postgres_world" if request.param == "postgresql" else "sqlite_world")
    return found


def _world(folder: Path, **settings: Any) -> Any:
    return world(folder, settings)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
