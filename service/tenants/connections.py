"""Telling the database whose transaction it is, and the statements that need to know it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import ColumnElement, Connection, FromClause

from service.tenants.tenant import EVERY, NOBODY, Tenant, Wide, within

#: Where a connection keeps whose transaction it is in, for whoever asks on this side.
_TENANT: Final = "ecas_tenant"
#: Ends with the transaction: a connection that goes back to the pool is nobody's.
_TELL: Final = "SELECT set_config('ecas.tenant', %(tenant)s, true)"
#: Both at once: a question more to the server would be a part of every transaction's time.
_TELL_BOTH: Final = f"{_TELL}, set_config('idle_in_transaction_session_timeout', %(silence)s, true)"


@contextmanager
def of(connection: Connection, tenant: Tenant, *, silence: int | None = None) -> Iterator[None]:
    """Let the transaction that has just begun be this tenant's, or the asking agency's (``tenant.within``).

    Where it may not be silent for long, PostgreSQL ends it after so many milliseconds without a word.
    """
    _tell(connection, within(tenant), silence)
    try:
        yield
    finally:
        if not connection.invalidated:  # one that the server ended goes back to no pool, and knows nothing any more
            connection.info.pop(_TENANT, None)


@contextmanager
def as_operator(connection: Connection) -> Iterator[None]:
    """Ask one question over all agencies in an agency's transaction; of what it finds the agency is told yes or no at most."""
    before = tenant_of(connection)
    _tell(connection, EVERY)
    yield  # an exception ends the transaction, and with it the wider look
    _tell(connection, before)


def tenant_of(connection: Connection) -> Tenant:
    """Return whose transaction it is."""
    tenant: Tenant = connection.info.get(_TENANT, NOBODY)
    return tenant


def own(connection: Connection, table: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Return what a row must be to be the tenant's: the WHERE of statements that know a row by its id alone.

    PostgreSQL asks the same by itself (``row_security``); on SQLite there is nothing but this.
    """
    tenant = tenant_of(connection)
    return () if isinstance(tenant, Wide) else (table.c.agency == tenant,)


def own_or_for_all(connection: Connection, table: FromClause) -> tuple[ColumnElement[bool], ...]:
    """Return the same of a table in which a row without an agency concerns every one (``row_security``)."""
    tenant = tenant_of(connection)
    return () if isinstance(tenant, Wide) else (table.c.agency.in_(("", tenant)),)


def _tell(connection: Connection, tenant: Tenant, silence: int | None = None) -> None:
    connection.info[_TENANT] = tenant
    if connection.dialect.name == "postgresql":
        told = {"tenant": tenant.value if isinstance(tenant, Wide) else tenant}
        if silence is None:
            connection.exec_driver_sql(_TELL, told)
        else:
            connection.exec_driver_sql(_TELL_BOTH, told | {"silence": str(silence)})
