"""Bringing a database to the schema of this release."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from canonical.errors import ConfigurationError
from service.outbox.engine import alone, reading, writing

_MIGRATIONS: Final = Path(__file__).parent / "migrations"


def upgrade(engine: Engine) -> None:
    """Replay the migrations that this database lacks, in one transaction, one process at a time.

    Raises:
        ConfigurationError: the database was written by a later release.
    """
    with alone(engine, "migrate"):
        if revision(engine) == head():
            return
        if (known := revision(engine)) and known not in _revisions():
            raise ConfigurationError("The database was written by a later release of ecas-bridge; upgrade this one.")
        with writing(engine) as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def revision(engine: Engine) -> str | None:
    """Return the revision that the database stands at; None for an empty one."""
    with reading(engine) as connection:
        return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """Return the newest revision of this release."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
