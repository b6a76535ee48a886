"""The role that the service works as on PostgreSQL: it uses the tables and owns none of them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError

from canonical.errors import ConfigurationError

_KNOWN: Final = text("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = :role")
_MAY_CHANGE: Final = text(
    "SELECT coalesce((SELECT pg_has_role(current_user, relowner, 'MEMBER') FROM pg_class"
    " WHERE relnamespace = to_regnamespace(current_schema()) AND relname = 'alembic_version'),"
    " has_schema_privilege(current_user, current_schema(), 'CREATE'))"
)
_SELF: Final = text("SELECT current_user")
#: What names and passwords are written with: PostgreSQL takes no parameters here, so it quotes them itself.
_MAKE: Final = (
    "format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', CAST(:role AS text))"
)
_PASSWORD: Final = "format('ALTER ROLE %I PASSWORD %L', CAST(:role AS text), CAST(:verifier AS text))"  # noqa: S105
_ROLE: Final = "CAST(:role AS text)"
_HERE: Final = f"current_schema(), {_ROLE}"
_GRANTS: Final = (
    f"format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), {_ROLE})",
    f"format('GRANT USAGE ON SCHEMA %I TO %I', {_HERE})",
    # No TRUNCATE: it looks at no policy. No REFERENCES and no TRIGGER: what they run, the owner runs.
    f"format('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %I TO %I', {_HERE})",
    f"format('GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA %I TO %I', {_HERE})",
    # The tables of later releases too.
    f"format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', {_HERE})",
    f"format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I', {_HERE})",
    f"format('REVOKE INSERT, UPDATE, DELETE ON %I.alembic_version FROM %I', {_HERE})",
)


def may_change(connection: Connection) -> bool:
    """Return whether this role may change the schema: it owns the tables, or makes the first ones."""
    return connection.dialect.name != "postgresql" or bool(connection.execute(_MAY_CHANGE).scalar_one())


def prepare(connection: Connection, service: URL) -> str:
    """Make the role of the service's address and let it use the tables; done again, it changes nothing. Return its name.

    The connection is the owner's, at the schema of this release. The password travels as a SCRAM verifier only, so that
    no server log holds it.

    Raises:
        ConfigurationError: the address names no role of its own, or one that row-level security does not bind.
    """
    role = service.username
    if not role or role == connection.execute(_SELF).scalar_one():
        raise ConfigurationError(
            "ECAS_DATABASE_URL must name a role of its own, another one than ECAS_DATABASE_OWNER_URL does."
        )
    unbound = connection.execute(_KNOWN, {"role": role}).scalar()
    if unbound:
        raise ConfigurationError(
            f"The role {role} is a superuser or has BYPASSRLS: row-level security would not bind it. Name another one."
        )
    if unbound is None:
        _make(connection, role, service.password)
    for grant in _GRANTS:
        _do(connection, grant, role=role)
    return role


def _make(connection: Connection, role: str, password: str | None) -> None:
    try:
        _do(connection, _MAKE, role=role)
    except ProgrammingError:
        raise ConfigurationError(
            f"The owner may not make roles. Let a superuser run “CREATE ROLE {role} LOGIN PASSWORD '…'”, then come again."
        ) from None
    if password:
        verifier = connection.connection.dbapi_connection.pgconn.encrypt_password(  # type: ignore[union-attr]
            password.encode(), role.encode(), b"scram-sha-256"
        )
        _do(connection, _PASSWORD, role=role, verifier=verifier.decode())


def _do(connection: Connection, made: str, **names: str) -> None:
    """Let PostgreSQL write the statement, every name quoted by itself, and carry it out."""
    statement = connection.execute(text(f"SELECT {made}"), names).scalar_one()
    connection.execution_options(no_parameters=True).exec_driver_sql(statement)
