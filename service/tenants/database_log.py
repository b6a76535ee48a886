"""What PostgreSQL writes down of a session beside the tables: its own log must hold no value either.

Names, comments and keys reach the database sealed, so no setting makes it write one; this is the second lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

#: What a session may set for itself, and what only one with the privilege may (PostgreSQL 15; a superuser has it).
_OWN: Final = "log_parameter_max_length_on_error"
_QUIET: Final = (
    "SELECT set_config(name, value, false) FROM (VALUES "
    "('log_parameter_max_length_on_error', '0'), ('log_parameter_max_length', '0'), "
    "('log_error_verbosity', 'terse'), ('log_min_error_statement', 'panic')) AS wanted (name, value) "
    "WHERE name LIKE '%_on_error' OR has_parameter_privilege(current_user, name, 'SET')"
)
#: The first release that knows that privilege.
_PRIVILEGES: Final = 150_000
_SETTINGS: Final = text(
    "SELECT name, setting FROM pg_settings WHERE name LIKE 'log\\_%' OR name LIKE 'debug\\_print\\_%'"
    " OR name LIKE 'auto\\_explain.%' OR name LIKE 'pg\\_stat\\_statements.%'"
)
_Settings = Mapping[str, str]


class Weakness(NamedTuple):
    """One thing that the log would tell, for a person."""

    words: str
    mend: str


def quiet(connection: Any, _: object) -> None:  # noqa: ANN401 - the driver's own connection
    """Let the server keep what this session says to itself, as far as the session may choose."""
    one_more = connection.autocommit
    connection.autocommit = True  # what is set in a transaction would end with it where that fails
    if connection.info.server_version >= _PRIVILEGES:
        connection.execute(_QUIET)
    else:
        connection.execute(f"SET {_OWN} = 0")
    connection.autocommit = one_more


def weaknesses(connection: Connection) -> list[Weakness]:
    """Return what the server would write down of this session's values, each with how to mend it; empty where nothing."""
    return weak_in({row.name: row.setting for row in connection.execute(_SETTINGS)})


def weak_in(now: Mapping[str, str]) -> list[Weakness]:
    """Return what these settings of a server would let it write down."""
    return [Weakness(words, f"{_mend(mend)}.") for weak, words, mend in _LOOKS if weak(now)]


def _mend(settings: str) -> str:
    return f"In postgresql.conf, or as a superuser by “ALTER ROLE … SET” for the service's role: {settings}"


def _statements(now: _Settings) -> bool:
    """Return whether the text of a statement may be written, which is what parameters are written beside."""
    return (
        now.get("log_statement") in {"mod", "all"}
        or int(now.get("log_min_duration_statement", "-1")) >= 0
        or int(now.get("log_min_duration_sample", "-1")) >= 0
        or float(now.get("log_transaction_sample_rate", "0")) > 0
    )


def _is(name: str, *values: str) -> Callable[[_Settings], bool]:
    return lambda now: now.get(name) in values


def _is_not(name: str, *values: str) -> Callable[[_Settings], bool]:
    return lambda now: now.get(name, values[0]) not in values


#: When something is weak, what it means, and what to set.
_LOOKS: Final[tuple[tuple[Callable[[_Settings], bool], str, str], ...]] = (
    (
        _is("log_statement", "mod", "all"),
        "log_statement: the server writes down every statement",
        "log_statement = none (or ddl)",
    ),
    (
        lambda now: _statements(now) and now.get("log_parameter_max_length", "0") != "0",
        "log_parameter_max_length: statements that are written down are written with their values",
        "log_parameter_max_length = 0",
    ),
    (
        _is_not(_OWN, "0"),
        "log_parameter_max_length_on_error: a statement that fails is written with its values",
        "log_parameter_max_length_on_error = 0",
    ),
    (
        _is_not("log_error_verbosity", "terse"),
        "log_error_verbosity: an error quotes the row or the key that it is about (DETAIL)",
        "log_error_verbosity = terse",
    ),
    (
        _is_not("log_min_error_statement", "panic", "fatal"),
        "log_min_error_statement: a statement that fails is written down",
        "log_min_error_statement = panic",
    ),
    (
        _is("log_min_messages", "debug5", "debug4", "debug3", "debug2", "debug1"),
        "log_min_messages: the server writes down what is meant for its developers",
        "log_min_messages = warning",
    ),
    (
        lambda now: any(now.get(f"debug_print_{one}") == "on" for one in ("parse", "rewritten", "plan")),
        "debug_print_…: the server writes down every plan, with the values in it",
        "debug_print_parse, debug_print_rewritten and debug_print_plan = off",
    ),
    (
        lambda now: (
            int(now.get("auto_explain.log_min_duration", "-1")) >= 0
            and now.get("auto_explain.log_parameter_max_length", "-1") != "0"
        ),
        "auto_explain: slow statements are written with their plans and values",
        "auto_explain.log_min_duration = -1, or auto_explain.log_parameter_max_length = 0",
    ),
    (
        _is("pg_stat_statements.track_utility", "on"),
        "pg_stat_statements: utility statements are kept as they were written, a role's password verifier among them",
        "pg_stat_statements.track_utility = off",
    ),
)
