"""What PostgreSQL would write down of the service's values is named, with its mend, and kept from it where that can be."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from service.cli.main import outcome
from service.examination import Health, Observation, examine
from service.outbox.engine import open_engine
from service.tenants.database_log import weak_in, weaknesses

#: A server that tells nothing.
QUIET = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_transaction_sample_rate": "0",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "warning",
}
#: What is set otherwise, and the setting that is then named.
WEAK = [
    ({"log_statement": "all"}, "log_statement"),
    ({"log_statement": "mod"}, "log_statement"),
    ({"log_min_duration_statement": "1000", "log_parameter_max_length": "-1"}, "log_parameter_max_length"),
    ({"log_min_duration_sample": "100", "log_parameter_max_length": "64"}, "log_parameter_max_length"),
    ({"log_transaction_sample_rate": "0.1", "log_parameter_max_length": "-1"}, "log_parameter_max_length"),
    ({"log_parameter_max_length_on_error": "-1"}, "log_parameter_max_length_on_error"),
    ({"log_error_verbosity": "default"}, "log_error_verbosity"),
    ({"log_error_verbosity": "verbose"}, "log_error_verbosity"),
    ({"log_min_error_statement": "error"}, "log_min_error_statement"),
    ({"log_min_messages": "debug2"}, "log_min_messages"),
    ({"debug_print_plan": "on"}, "debug_print_"),
]
#: Those of libraries that the server may not have.
WEAK_LIBRARIES = [
    ({"auto_explain.log_min_duration": "0"}, "auto_explain"),
    ({"auto_explain.log_min_duration": "0", "auto_explain.log_parameter_max_length": "-1"}, "auto_explain"),
    ({"pg_stat_statements.track_utility": "on"}, "pg_stat_statements"),
]


@pytest.fixture
def ordinary(postgres_url) -> Iterator[str]:
    """Return the address of the same database for a role that is no superuser, and is asked about everything on an error."""
    role = f"ecas_{secrets.token_hex(6)}"
    owner = create_engine(postgres_url, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN")
        connection.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")
        connection.exec_driver_sql(f"ALTER ROLE {role} SET log_parameter_max_length_on_error = -1")
    yield make_url(postgres_url).set(username=role).render_as_string()
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP OWNED BY {role}")
        connection.exec_driver_sql(f"DROP ROLE {role}")
    owner.dispose()


@pytest.mark.parametrize(("changed", "named"), WEAK)
def test_each_weakness_of_a_server_is_named_with_its_mend(changed, named, postgres_url):
    """One setting out of order is one thing to mend; in order, nothing is."""
    options = " ".join(f"-c {name}={value}" for name, value in {**QUIET, **changed}.items())
    engine = create_engine(postgres_url, connect_args={"options": options})
    with engine.connect() as connection:
        found = weaknesses(connection)
        assert [one.words.startswith(named) for one in found] == [True]
        assert found[0].mend.endswith(".")
        assert named.rstrip("_") in found[0].mend
        for name, value in {**QUIET, **{one: "off" for one in changed if one.startswith("debug")}}.items():
            connection.execute(text(f"SET {name} = '{value}'"))
        assert weaknesses(connection) == []
    engine.dispose()


@pytest.mark.parametrize(("changed", "named"), WEAK_LIBRARIES)
def test_libraries_of_a_server_are_looked_at(changed, named):
    """Where the server has them; where their values are kept out, nothing is to be mended."""
    assert [one.words.startswith(named) for one in weak_in({**QUIET, **changed})] == [True]
    kept_out = {"auto_explain.log_parameter_max_length": "0", "pg_stat_statements.track_utility": "off"}
    assert weak_in({**QUIET, **changed, **kept_out}) == []


def test_the_service_keeps_its_own_sessions_quiet(ordinary, postgres_url):
    """What any role may set is set, and outlives a failed transaction; what needs a privilege is set by who has it."""
    for url, quiet in ((ordinary, {"log_parameter_max_length_on_error"}), (postgres_url, _PRIVILEGED)):
        engine = open_engine(url)
        for _ in range(2):
            with engine.connect() as connection:
                now = {name: connection.execute(text(f"SHOW {name}")).scalar_one() for name in _PRIVILEGED}
                connection.rollback()
        engine.dispose()
        assert {name for name, value in now.items() if value.startswith(QUIET[name])} == quiet


_PRIVILEGED = {
    "log_parameter_max_length",
    "log_parameter_max_length_on_error",
    "log_error_verbosity",
    "log_min_error_statement",
}


def test_the_doctor_looks_at_the_log_of_the_database(ordinary, postgres_url, tmp_path, monkeypatch, capsys):
    """What an ordinary role cannot choose is a warning with a mend; of a role that can, nothing is left to say."""
    warned = _seen(ordinary, tmp_path, monkeypatch)
    monkeypatch.chdir(tmp_path)
    outcome(["doctor"])
    assert f"warn  database log   {warned[0].seen}\n      mend           {warned[0].mend}\n" in capsys.readouterr().out
    assert [one.health for one in warned] == [Health.WARN, Health.WARN]
    assert {one.seen.partition(":")[0] for one in warned} == {"log_error_verbosity", "log_min_error_statement"}
    assert all("ALTER ROLE" in one.mend for one in warned)
    (one,) = _seen(postgres_url, tmp_path, monkeypatch)
    assert one.health is Health.OK


def _seen(url: str, folder, monkeypatch) -> list[Observation]:
    monkeypatch.setenv("ECAS_DATABASE_URL", url)
    monkeypatch.setenv("ECAS_DATA_DIR", str(folder))
    return [one for one in examine(folder, datetime(2026, 11, 16, tzinfo=UTC)) if one.subject == "database log"]
