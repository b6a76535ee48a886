"""``ecas database prepare`` on a real server, and what ``ecas doctor`` says before and after."""

from __future__ import annotations

import pytest
from sqlalchemy import insert

from service.cli.main import outcome
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, writing
from service.reports.run import Exit


@pytest.fixture
def told(empty_database, tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder, with these addresses; return its exit code and what it said."""
    monkeypatch.chdir(tmp_path)

    def run(*command: str, service: str, owner: str | None) -> tuple[int, str]:
        monkeypatch.setenv("ECAS_DATABASE_URL", service)
        monkeypatch.delenv("ECAS_DATABASE_OWNER_URL", raising=False)
        if owner is not None:
            monkeypatch.setenv("ECAS_DATABASE_OWNER_URL", owner)
        code = outcome(command)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def test_the_command_makes_the_role_and_the_doctor_sees_it(empty_database, told):
    """From an empty database: an owner alone is warned about, both roles are prepared, twice, and then all is well."""
    owner, service = empty_database.owner, empty_database.service
    assert told("database", "prepare", service=service, owner=None)[0] == Exit.USAGE
    alone = told("database", "prepare", service=owner, owner=owner)
    assert alone[0] == Exit.USAGE
    assert "a role of its own" in alone[1]
    assert "owns the tables" in _tenants(told("doctor", service=owner, owner=None)[1])
    for _ in range(2):
        code, said = told("database", "prepare", service=service, owner=owner)
        assert code == Exit.CLEAN
        assert migrate.head() in said
    assert _tenants(told("doctor", service=service, owner=None)[1]).startswith("ok")
    engine = open_engine(service)
    with writing(engine, "qariv") as connection:
        connection.execute(insert(t.agency).values(id="qariv", created_at=0))
    migrate.upgrade(engine)
    engine.dispose()


def test_sqlite_needs_no_preparation(told, tmp_path):
    """A file has no roles: the command says so."""
    address = f"sqlite:///{tmp_path}/a.sqlite3"
    code, said = told("database", "prepare", service=address, owner=address)
    assert code == Exit.USAGE
    assert "Only PostgreSQL" in said


def _tenants(said: str) -> str:
    (line,) = [line for line in said.splitlines() if "tenants" in line]
    return line
