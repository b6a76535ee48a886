"""``ecas database``: what the owner of a PostgreSQL database does for the service."""

from __future__ import annotations

import sys

import click
from sqlalchemy.engine import make_url

from canonical.errors import ConfigurationError
from service import settings
from service.outbox import migrate
from service.outbox.engine import open_engine, writing
from service.reports.run import Exit
from service.tenants.database_role import prepare as prepare_role


@click.group(epilog="Example:  ecas database prepare")
def command() -> None:
    """Bring a PostgreSQL database to this release, and make the role that the service works as."""


@command.command(epilog="Example:  ecas database prepare")
def prepare() -> int:
    """Upgrade the schema as its owner (ECAS_DATABASE_OWNER_URL), and let the role of ECAS_DATABASE_URL use it."""
    chosen = settings.load()
    if chosen.database_owner_url is None:
        raise ConfigurationError("Name the owner of the PostgreSQL database in ECAS_DATABASE_OWNER_URL.")
    owner = open_engine(chosen.database_owner_url.get_secret_value())
    try:
        if owner.dialect.name != "postgresql":
            raise ConfigurationError("Only PostgreSQL has roles: an SQLite file needs no preparation.")
        migrate.upgrade(owner)
        with writing(owner) as connection:
            role = prepare_role(connection, make_url(chosen.database))
    finally:
        owner.dispose()
    sys.stdout.write(f"The schema is at {migrate.head()}; the role {role} may use it and owns nothing of it.\n")
    return Exit.CLEAN
