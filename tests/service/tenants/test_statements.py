"""SQLite has no second lock: there every statement of an agency's transaction says itself whose rows it means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, event, select, update
from sqlalchemy.sql.expression import Delete, Executable, Select, Update
from tenant_matrix import Question, ask, reaching, routes, sent_to_its_own
from tenant_mutants import TENANT_TABLES, names_agency, tables_of, without_agency
from tenant_world import NAMES, World

from service.credentials.principal import Role
from service.outbox import schema as t
from service.outbox.engine import reading
from service.tenants.connections import tenant_of
from service.tenants.tenant import EVERY, ForeignTenant, Wide, asks, nobody_asks


@contextmanager
def looked_at(world: World) -> Iterator[dict[str, bool]]:
    """Collect the statements of agencies' transactions that touch a tenant table, with whether they name the agency."""
    seen: dict[str, bool] = {}

    def look(connection: Connection, statement: Executable, *_: Any) -> None:
        if isinstance(tenant_of(connection), Wide) or not isinstance(statement, Select | Update | Delete):
            return
        if tables_of(statement):
            seen[str(statement)] = names_agency(statement)

    event.listen(world.service.engine, "before_execute", look)
    yield seen
    event.remove(world.service.engine, "before_execute", look)


def test_every_statement_names_its_agency(sqlite_world):
    """Whatever an agency asks, and whatever it does to its own: no statement knows a row by its id alone."""
    world, agency = sqlite_world, NAMES[-1]
    with looked_at(world) as seen:
        for question in reaching(world, agency, Role.ADMIN.value):
            ask(world, question)
        for route, taken in routes(world):
            for question in sent_to_its_own(world, agency, route, taken):
                ask(world, question)
    assert len(seen) >= 40
    assert [statement for statement, named in seen.items() if not named] == []


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        (select(t.submission).where(t.submission.c.agency == "a"), True),
        (select(t.submission.alias()).where(t.submission.c.id == "a"), False),
        (select(t.event).join(t.submission, t.submission.c.agency == t.event.c.agency), False),
        (update(t.lane).where(t.lane.c.id == 1).values(agency="a"), False),
        (select(t.agency).where(t.agency.c.id == "a"), True),
    ],
    ids=["named", "by its id", "joined", "set", "the agency itself"],
)
def test_what_it_is_to_name_an_agency(statement, named):
    """To join by it or to set it is not to ask for it."""
    assert names_agency(statement) is named
    assert tables_of(statement) <= TENANT_TABLES
    assert not names_agency(without_agency(statement))


def test_within_a_request_nothing_reaches_beyond_its_agency(sqlite_world):
    """From the credential on, everybody's look is the agency's own, and another agency's is refused before any statement."""
    engine = sqlite_world.service.engine
    with nobody_asks():
        asks(NAMES[0])
        with reading(engine, EVERY) as connection:
            assert tenant_of(connection) == NAMES[0]
        with reading(engine) as connection:
            assert tenant_of(connection) == NAMES[0]
        with pytest.raises(ForeignTenant), reading(engine, NAMES[1]):
            raise AssertionError
    with pytest.raises(ForeignTenant), reading(engine, "*"):
        raise AssertionError
    with reading(engine, EVERY) as connection:
        assert tenant_of(connection) is EVERY


def test_one_request_leaves_nothing_to_the_next_on_its_connection(sqlite_world):
    """Two agencies over one connection: each is told its own, and whoever comes without a key is nobody."""
    for agency in (*NAMES, *NAMES):
        own = Question(agency, Role.ADMIN.value, "GET", "/v1/submissions", "/v1/submissions", "its own list")
        assert agency.encode() in ask(sqlite_world, own).whole
        assert sqlite_world.ask(None, "GET", "/v1/submissions").status == 401
