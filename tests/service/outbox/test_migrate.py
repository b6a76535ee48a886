"""The schema is looked at without the library that changes it."""

from __future__ import annotations

import subprocess
import sys

from alembic.script import ScriptDirectory

from service.outbox import migrate
from service.outbox.engine import open_engine

_START = """
import sys
from service.outbox import migrate
from service.outbox.engine import open_engine
migrate.upgrade(open_engine(sys.argv[1]))
print("alembic" in sys.modules)
"""


def test_files_are_numbered_as_the_migrations_in_them():
    """What the names of the files say is what alembic reads in them: all revisions, and the newest of them."""
    scripts = ScriptDirectory.from_config(migrate._config())
    assert {script.revision for script in scripts.walk_revisions()} == migrate._revisions()
    assert scripts.get_current_head() == migrate.head()


def test_an_empty_database_stands_nowhere(tmp_path):
    """Before the first migration there is no revision, and that is no error."""
    engine = open_engine(f"sqlite:///{tmp_path}/outbox.sqlite3")
    assert migrate.revision(engine) is None
    engine.dispose()


def test_a_start_that_finds_its_schema_does_not_import_alembic(tmp_path):
    """The first start replays the migrations; every other one begins to deliver the sooner for it."""
    said = [
        subprocess.run(
            [sys.executable, "-c", _START, f"sqlite:///{tmp_path}/outbox.sqlite3"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for _ in range(2)
    ]
    assert said == ["True", "False"]
