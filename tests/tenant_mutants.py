"""One WHERE forgotten: statements that lose what names the agency, one at a time, in a service that runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Engine, Table, event, true
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BinaryExpression, ColumnElement
from sqlalchemy.sql.expression import Delete, Executable, Select, Update

from service.outbox import schema as t
from service.tenants.connections import tenant_of
from service.tenants.tenant import Wide

#: The tables that belong to agencies.
TENANT_TABLES = frozenset(name for name, table in t.metadata.tables.items() if "agency" in table.c or name == "agency")


class Watch:
    """Sees every statement of an agency's transaction, and alters the one that it is told to."""

    def __init__(self) -> None:
        self.seen: dict[str, None] = {}
        #: The statement that forgets its agency; “*” for every one.
        self.mutated: str | None = None
        self.altered = 0

    def __call__(
        self, connection: Connection, statement: Executable, many: Any, one: Any, options: Any
    ) -> tuple[Executable, Any, Any]:
        del options
        if isinstance(tenant_of(connection), Wide) or not isinstance(statement, Select | Update | Delete):
            return statement, many, one
        text = str(statement)
        if names_agency(statement):
            self.seen.setdefault(text)
            if self.mutated in (text, "*"):
                self.altered += 1
                return without_agency(statement), many, one
        return statement, many, one


@contextmanager
def watching(engine: Engine) -> Iterator[Watch]:
    watch = Watch()
    event.listen(engine, "before_execute", watch, retval=True)
    try:
        yield watch
    finally:
        event.remove(engine, "before_execute", watch)


def tables_of(statement: Executable) -> set[str]:
    """Return the tenant tables that a statement reads or changes, those of its subqueries too."""
    nodes = visitors.iterate(statement)  # type: ignore[arg-type]
    return {node.name for node in nodes if isinstance(node, Table) and node.name in TENANT_TABLES}


def names_agency(statement: Executable) -> bool:
    return any(_of_agency(node) for node in visitors.iterate(statement))  # type: ignore[arg-type]


def without_agency(statement: Executable) -> Executable:
    """Return the statement as it would be had its writer forgotten the agency."""
    made: Executable = visitors.replacement_traverse(  # type: ignore[type-var]
        statement, {}, lambda node, **_: true() if _of_agency(node) else None
    )
    return made


def _of_agency(node: Any) -> bool:
    """Return whether this is “agency = :agency”, or “agency IN :agencies”, of a table or an alias."""
    if not isinstance(node, BinaryExpression) or node.operator not in (operators.eq, operators.in_op):
        return False
    left, right = node.left, node.right
    return _is_agency(left) and isinstance(right, ColumnElement) and not isinstance(right, Column)


def _is_agency(column: Any) -> bool:
    table = getattr(getattr(column, "table", None), "name", None)
    return getattr(column, "name", None) == "agency" or (table == "agency" and getattr(column, "name", None) == "id")
