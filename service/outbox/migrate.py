"""Bringing a database to the schema of this release.

Nearly every start finds the schema that it wants: that is seen without alembic, whose import is a tenth of a worker's start.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, column, inspect, select, table

from canonical.errors import ConfigurationError
from service.outbox.engine import alone, reading, writing

if TYPE_CHECKING:
    from alembic.config import Config

MIGRATIONS: Final = Path(__file__).parent / "migrations"
#: Alembic's own table: which migration was replayed last.
_STANDS_AT: Final = table("alembic_version", column("version_num"))


def upgrade(engine: Engine) -> None:
    """Replay the migrations that this database lacks, in one transaction, one process at a time.

    Raises:
        ConfigurationError: the database was written by a later release.
    """
    if revision(engine) == head():
        return
    with alone(engine, "migrate"):
        known = revision(engine)
        if known == head():
            return
        if known is not None and known not in _revisions():
            raise ConfigurationError("The database was written by a later release of ecas-bridge; upgrade this one.")
        with writing(engine) as connection:
            _replay(connection)


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


def _replay(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - needed by the first start of a release only

    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _config() -> Config:
    from alembic.config import Config  # noqa: PLC0415 - see above

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
