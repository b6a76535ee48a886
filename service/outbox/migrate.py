"""Bringing a database to the schema of this release.

Nearly every start finds the schema that it wants: that is seen without alembic, whose import is a tenth of a worker's start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table

from canonical.errors import ConfigurationError
from service.outbox.engine import alone, open_engine, reading, rebuilding
from service.tenants import row_security
from service.tenants.database_role import may_change

if TYPE_CHECKING:
    from alembic.config import Config
    from pydantic import SecretStr

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: Alembic's own table: which migration was replayed last.
_STANDS_AT: Final = table("alembic_version", column("version_num"))


def upgrade(engine: Engine, owner: SecretStr | None = None, *, to: str | None = None) -> None:
    """Replay the migrations that this database lacks, in one transaction, one process at a time.

    They run as the owner of the tables, where the service works as another role. A backup is restored at its own
    schema (``to``) and brought to this release's after it.

    Raises:
        ConfigurationError: the database was written by a later release, or this role may not change it.
    """
    wanted = to or head()
    if revision(engine) == wanted:
        return
    if owner is not None:
        owners = open_engine(owner.get_secret_value())
        try:
            upgrade(owners, to=to)
        finally:
            owners.dispose()
        return
    with reading(engine) as connection:
        if not may_change(connection):
            raise ConfigurationError(
                "The database is not at the schema of this release, and the service's role may not change it: "
                "run “ecas database prepare” with ECAS_DATABASE_OWNER_URL."
            )
    with alone(engine, "migrate"):
        known = revision(engine)
        if known == wanted:
            return
        if known is not None and known not in _revisions():
            raise ConfigurationError("The database was written by a later release of ecas-bridge; upgrade this one.")
        with rebuilding(engine) as connection:
            _replay(connection, wanted)
            row_security.enforce(connection)


def revision(engine: Engine) -> str | None:
    """Return the revision that the database stands at; None for an empty one."""
    with reading(engine) as connection:
        if not inspect(connection).has_table(_STANDS_AT.name):
            return None
        return connection.scalars(select(_STANDS_AT.c.version_num)).first()


def head() -> str:
    """Return the newest revision of this release."""
    return max(_revisions())


def _revisions() -> set[str]:
    """Return the revisions of this release: the numbers that the files of migrations begin with."""
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*_*.py")}


def _replay(connection: Connection, to: str) -> None:
    from alembic import command  # noqa: PLC0415 - needed by the first start of a release only

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
