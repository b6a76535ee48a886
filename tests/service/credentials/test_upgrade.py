"""Keys that were handed out before there were roles."""

from __future__ import annotations

from alembic import command
from sqlalchemy import text

from service.outbox import migrate
from service.outbox.engine import open_engine


def test_a_key_of_an_earlier_release_goes_on_as_an_administrator_s(empty_url):
    """Whoever held one could do everything, and still can; a revoked one stays revoked."""
    engine = open_engine(empty_url)
    config = migrate._config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0004")
        connection.execute(text("INSERT INTO agency (id, created_at) VALUES ('riverbend', 0)"))
        for name, revoked in (("key_1", "NULL"), ("key_2", "7")):
            connection.execute(
                text(
                    "INSERT INTO api_key (id, agency, digest, created_at, revoked_at) "
                    f"VALUES ('{name}', 'riverbend', 'digest of {name}', 3, {revoked})"
                )
            )
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0005")
        columns = "id, digest, owner, role, scopes, created_at, expires_at, revoked_at, replaced_by, last_used_at"
        kept = connection.execute(text(f"SELECT {columns} FROM api_key ORDER BY id")).all()
    engine.dispose()
    assert [tuple(row) for row in kept] == [
        ("key_1", "digest of key_1", "the agency", "admin", None, 3, None, None, None, None),
        ("key_2", "digest of key_2", "the agency", "admin", None, 3, None, 7, None, None),
    ]
