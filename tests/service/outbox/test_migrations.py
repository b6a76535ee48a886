"""The steps from one release's tables to the next, on every back end."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from service.outbox import migrate
from service.outbox.engine import open_engine, reading, writing
from service.outbox.schema import metadata


@pytest.fixture
def engine(empty_url):
    opened = open_engine(empty_url)
    yield opened
    opened.dispose()


def step(engine, revision: str) -> None:
    """Bring the database to the tables of an earlier release."""
    config = Config()
    config.set_main_option("script_location", str(migrate.MIGRATIONS))
    with writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)


def differences(engine) -> list[object]:
    with reading(engine) as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True, "compare_type": True})
        return compare_metadata(context, metadata)


def test_replayed_migrations_give_the_schema_of_the_code(engine):
    """A database built step by step differs in nothing from the tables that the code describes."""
    migrate.upgrade(engine)
    assert differences(engine) == []
    assert migrate.revision(engine) == migrate.head()


def test_a_database_of_the_first_release_is_brought_forward_whole(engine):
    """Agencies keep their routes, pauses stay pauses, stuck work has a cause, and nothing waits less long than it did."""
    step(engine, "0003")
    with writing(engine) as connection:
        for statement in (
            "INSERT INTO agency (id, route, created_at) VALUES ('riverbend', 'ecas', 5), ('northstar', 'not_live', 6)",
            "INSERT INTO destination (id, paused_at, paused_why) VALUES ('ecas', 7, 'It refuses us.')",
            "INSERT INTO payload (id, agency, format, received_at, sealed) VALUES ('pay_1', 'riverbend', 'fhir', 1, 'x')",
            "INSERT INTO child (id, agency) VALUES ('chi_1', 'riverbend')",
            "INSERT INTO lane (destination, agency, child, due_at, fence) VALUES ('ecas', 'riverbend', 'chi_1', 9, 3)",
            (
                "INSERT INTO submission (id, agency, payload, ordinal, lane, state, holds, sealed_document_id, "
                "document_digest, content_digest, idempotency_key, attempts, second_try, received_at, updated_at, "
                "sealed_assessment, sealed_report) VALUES ('sub_1', 'riverbend', 'pay_1', 0, 1, 'stuck', '', 'x', 'd', "
                "'c', 'idem_1', 2, false, 1, 8, 'x', 'x')"
            ),
            "INSERT INTO attempt (submission, number, started_at, outcome, why) VALUES ('sub_1', 2, 8, 'TryLater', '')",
        ):
            connection.execute(text(statement))
    migrate.upgrade(engine)
    assert differences(engine) == []
    with reading(engine) as connection:

        def rows(query: str) -> list[tuple[object, ...]]:
            return [tuple(row) for row in connection.execute(text(query))]

        assert rows("SELECT agency, programme, route, starts_at FROM route ORDER BY agency") == [
            ("northstar", "", "not_live", 6),
            ("riverbend", "", "ecas", 5),
        ]
        assert rows("SELECT destination, kind, began_at, ended_at, why FROM closure") == [
            ("ecas", "pause", 7, None, "It refuses us.")
        ]
        assert rows("SELECT cause, since, attempts, programme FROM submission") == [("gave_up", 8, 2, "")]
        assert rows("SELECT kind, number FROM attempt") == [("send", 2)]
        assert rows("SELECT due_at, fence, deadline_at FROM lane") == [(9, 3, 2**53)]


def test_upgrading_twice_changes_nothing(engine):
    """A second start finds its schema and leaves it."""
    migrate.upgrade(engine)
    migrate.upgrade(engine)
    assert migrate.revision(engine) == migrate.head()
