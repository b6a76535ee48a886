"""The second lock: PostgreSQL itself shows an agency's transaction that agency's rows, and nobody's transaction none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine, func, insert, make_url, select, text
from sqlalchemy.exc import DBAPIError

from canonical.errors import ConfigurationError
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, reading, writing
from service.tenants.connections import as_operator
from service.tenants.database_role import prepare
from service.tenants.row_security import weaknesses
from service.tenants.tenant import EVERY, NOBODY

GUARDED = sorted(name for name, table in t.metadata.tables.items() if "agency" in table.c or name == "agency")
TWO = ("qariv", "qbhar")


@pytest.fixture(scope="module")
def engine(database) -> Iterator[Engine]:
    opened = open_engine(database.service)
    for agency in TWO:
        with writing(opened, agency) as connection:
            connection.execute(insert(t.agency).values(id=agency, created_at=0))
            connection.execute(insert(t.child).values(id=f"chi_{agency}", agency=agency))
    yield opened
    opened.dispose()


def count(connection: Connection, table: str) -> int:
    return connection.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one()


def test_every_table_of_an_agency_is_guarded(database):
    """Whoever adds a table with an agency has it guarded by the next migration: none is left out, and FORCE binds the owner."""
    owner = open_engine(database.owner)
    with reading(owner) as connection:
        rows = connection.execute(
            text(
                "SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid)"
                " FROM pg_class c WHERE relname = ANY(:names)"
            ),
            {"names": GUARDED},
        ).all()
    owner.dispose()
    assert sorted((name, on, forced, policies) for name, on, forced, policies in rows) == [
        (name, True, True, 2) for name in GUARDED
    ]


@pytest.mark.parametrize(("tenant", "seen"), [(NOBODY, 0), (TWO[0], 1), (TWO[1], 1), ("qcnor", 0), (EVERY, 2)], ids=str)
def test_a_transaction_sees_its_tenants_rows(engine, tenant, seen):
    """Unset it sees nothing; an agency sees its own; only what is named for it sees all."""
    with reading(engine, tenant) as connection:
        assert (count(connection, "agency"), count(connection, "child")) == (seen, seen)


def test_the_owner_is_bound_too(database):
    """FORCE: without it the tables' owner would see everything, silently."""
    owner = open_engine(database.owner)
    with reading(owner) as connection:
        assert count(connection, "agency") == 0
    owner.dispose()


def test_a_connection_goes_back_to_the_pool_as_nobodys(engine):
    """The setting ends with its transaction, also with one that failed."""
    with reading(engine, EVERY) as connection:
        assert count(connection, "agency") == 2
    with pytest.raises(DBAPIError), reading(engine, TWO[0]) as connection:
        connection.execute(text("SELECT 1 / 0"))
    for _ in range(engine.pool.size() + 1):  # type: ignore[attr-defined]
        with engine.connect() as connection, connection.begin():
            assert count(connection, "agency") == 0


def test_one_question_over_all_ends_with_itself(engine):
    """What is asked as an operator sees all; what is asked after it sees the agency's own again."""
    with reading(engine, TWO[0]) as connection:
        with as_operator(connection):
            assert count(connection, "child") == 2
        assert count(connection, "child") == 1


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO child (id, agency) VALUES ('chi_new', 'qbhar')",
        "UPDATE child SET agency = 'qbhar' WHERE id = 'chi_qariv'",
        (
            "INSERT INTO closure (destination, kind, agency, programme, began_at, actor, why)"
            " VALUES ('ecas', 'pause', '', '', 0, 'a', 'w')"
        ),
        "TRUNCATE child CASCADE",
        "ALTER TABLE child DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_agency ON child",
        "CREATE TABLE of_mine (agency text)",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET ROLE postgres",
    ],
)
def test_the_service_cannot_step_over(engine, statement):
    """No row goes to another agency, and the role can neither empty a table nor take the lock off."""
    with pytest.raises(DBAPIError), writing(engine, TWO[0]) as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("change", ["UPDATE child SET born_digest = 'x'", "DELETE FROM child"])
def test_without_a_where_only_ones_own_is_changed(engine, change):
    """A forgotten WHERE changes no row of another agency."""
    with engine.connect() as connection, connection.begin() as transaction:
        connection.execute(text("SELECT set_config('ecas.tenant', 'qariv', true)"))
        assert connection.execute(text(change)).rowcount == 1
        transaction.rollback()


def test_nothing_weakens_it_here_and_weakness_is_told(database, engine, postgres):
    """The doctor's look: the service's role is bound; an owner could unlock, a superuser is not bound at all."""
    with reading(engine) as connection:
        assert weaknesses(connection) == []
    for address, words, open_ in (
        (database.owner, "owns the tables", False),
        (
            str(make_url(postgres).set(drivername="postgresql+psycopg", database=make_url(database.owner).database)),
            "superuser",
            True,
        ),
    ):
        other = open_engine(address)
        with reading(other) as connection:
            (weakness,) = weaknesses(connection)
        other.dispose()
        assert words in weakness.words
        assert weakness.open is open_


def test_preparing_again_changes_nothing(database):
    """The command may be run at every upgrade."""
    owner = open_engine(database.owner)
    with writing(owner) as connection:
        assert prepare(connection, make_url(database.service)) == make_url(database.service).username
    owner.dispose()


@pytest.mark.parametrize("whose", ["owner", "superuser"])
def test_a_role_that_is_not_bound_is_refused(database, postgres, whose):
    """The owner itself, or a superuser, is no role for the service."""
    superuser = make_url(database.service).set(username=make_url(postgres).username)
    owner = open_engine(database.owner)
    with pytest.raises(ConfigurationError), writing(owner) as connection:
        prepare(connection, make_url(database.owner) if whose == "owner" else superuser)
    owner.dispose()


def test_the_service_does_not_migrate(database, engine):
    """A service whose database is older than itself says what to run, and changes nothing."""
    owner = open_engine(database.owner)
    with writing(owner) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0008'"))
    with pytest.raises(ConfigurationError, match="ecas database prepare"):
        migrate.upgrade(engine)
    with writing(owner) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :head"), {"head": migrate.head()})
    owner.dispose()
