"""A database of the release before: every row of an agency's gets its agency, and nothing is lost on the way."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import text

from service.outbox import migrate
from service.outbox.engine import open_engine, reading, rebuilding
from service.tenants.tenant import EVERY

_BEFORE = "0008"
_TWO = ("riverbend", "harborlight")
_ROWS = """
INSERT INTO agency (id, created_at) VALUES ('{0}', 0);
INSERT INTO payload (id, agency, format, received_at, sealed) VALUES ('pay_{0}', '{0}', 'fhir', 0, '');
INSERT INTO child (id, agency) VALUES ('chi_{0}', '{0}');
INSERT INTO child (id, agency, merged_into) VALUES ('chj_{0}', '{0}', 'chi_{0}');
INSERT INTO lane (id, destination, agency, child, fence) VALUES ({1}, 'ecas', '{0}', 'chi_{0}', 4);
INSERT INTO submission (seq, id, agency, payload, ordinal, lane, state, holds, sealed_document_id, document_digest,
 content_digest, idempotency_key, attempts, second_try, received_at, updated_at, sealed_assessment, sealed_report)
 VALUES ({1}, 'sub_{0}', '{0}', 'pay_{0}', 0, {1}, 'ready', '', '', 'd', 'c', 'idem_{0}', 1, FALSE, 0, 0, '', '');
INSERT INTO event (submission, at, became, actor, why) VALUES ('sub_{0}', 0, 'ready', 'intake', 'So.');
INSERT INTO attempt (submission, number, started_at, why) VALUES ('sub_{0}', 1, 0, '');
INSERT INTO receipt (submission, received_at, verdict, tracking_id, sealed) VALUES ('sub_{0}', 0, 'pending', 'k', '');
INSERT INTO replay (id, agency, state, how, filter, per_minute, next_at, created_at, actor)
 VALUES ('rep_{0}', '{0}', 'running', 'send', '{{}}', 1, 0, 0, 'a');
INSERT INTO replay (id, agency, state, how, filter, per_minute, next_at, created_at, actor)
 VALUES ('rex_{0}', NULL, 'running', 'send', '{{}}', 1, 0, 0, 'a');
INSERT INTO replay_item (replay, submission, place) VALUES ('rep_{0}', 'sub_{0}', 0);
INSERT INTO replay_item (replay, submission, place) VALUES ('rex_{0}', 'sub_{0}', 0);
INSERT INTO withdrawal (id, agency, child, withdrawn_at, actor) VALUES ('wdr_{0}', '{0}', 'chi_{0}', 0, 'a')
"""
_TABLES = (
    "payload",
    "child",
    "lane",
    "submission",
    "event",
    "attempt",
    "receipt",
    "replay",
    "replay_item",
    "withdrawal",
)


@pytest.fixture
def engine(empty_url):
    opened = open_engine(empty_url)
    with rebuilding(opened) as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, _BEFORE)
        for number, agency in enumerate(_TWO, start=41):
            for statement in _ROWS.format(agency, number).split(";"):
                connection.execute(text(statement))
    yield opened
    opened.dispose()


def test_rows_of_the_release_before_bear_their_agency(engine):
    """Nothing is lost; what was known by its submission alone is of its agency; a replay keeps its scope."""

    def counts() -> dict[str, int]:
        with reading(engine, EVERY) as connection:
            return {table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in _TABLES}

    before = counts()
    migrate.upgrade(engine)
    assert counts() == before
    with reading(engine, EVERY) as connection:
        for table in ("event", "attempt", "receipt"):
            rows = connection.execute(text(f"SELECT agency, submission FROM {table} ORDER BY seq")).all()
            assert rows == [(agency, f"sub_{agency}") for agency in _TWO]
        items = set(connection.execute(text("SELECT replay, agency, scope FROM replay_item")).all())
        scopes = {(f"rep_{agency}", agency, agency) for agency in _TWO}
        assert items == scopes | {(f"rex_{agency}", agency, "*") for agency in _TWO}


def test_numbers_go_on_where_they_were(engine):
    """A table that was made anew still never uses a number twice, and the next row comes after the last."""
    migrate.upgrade(engine)
    with rebuilding(engine) as connection:
        if engine.dialect.name == "sqlite":
            kept = dict(connection.execute(text("SELECT name, seq FROM sqlite_sequence")).all())
            assert kept["submission"] == 42
            assert kept["event"] == 2
        connection.execute(
            text(
                "INSERT INTO event (agency, submission, at, became, actor, why)"
                " VALUES ('riverbend', 'sub_riverbend', 0, 'ready', 'a', 'So.')"
            )
        )
        assert connection.execute(text("SELECT max(seq) FROM event")).scalar_one() == 3
