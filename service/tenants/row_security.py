"""Row-level security of PostgreSQL: the second lock, which holds where a WHERE was forgotten.

Every table with a column ``agency`` is guarded, whoever adds it: they are looked for, not listed. FORCE binds the
tables' owner too; a superuser and a role with BYPASSRLS are bound by nothing, so the service is no such role.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, text

#: The table of agencies, and the column by which it is its own.
_AGENCIES: Final = ("agency", "id")
#: Closures without an agency close the road for all of them: each may know of those.
_FOR_ALL: Final = "closure"
#: Once a statement, not once a row.
_TENANT: Final = "(SELECT current_setting('ecas.tenant', true))"
_GUARDED: Final = text(
    "SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,"
    " (SELECT count(*) FROM pg_policy p WHERE p.polrelid = c.oid) AS policies"
    " FROM pg_class c WHERE c.relnamespace = to_regnamespace(current_schema()) AND c.relkind IN ('r', 'p') AND"
    " (c.relname = 'agency' OR EXISTS (SELECT FROM pg_attribute a"
    "  WHERE a.attrelid = c.oid AND a.attname = 'agency' AND NOT a.attisdropped)) ORDER BY c.relname"
)
_ROLE: Final = text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
_OWNS: Final = text(
    "SELECT EXISTS (SELECT FROM pg_class WHERE relnamespace = to_regnamespace(current_schema()) AND relname = 'agency'"
    " AND pg_has_role(current_user, relowner, 'MEMBER'))"
)
#: The policies of a table.
_POLICIES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakness:
    """One thing that is not as it should be, for a person."""

    words: str
    #: True where nothing but each WHERE keeps the agencies apart.
    open: bool


def enforce(connection: Connection) -> None:
    """Guard every tenant table, as its owner; what is guarded already is told the same again."""
    if connection.dialect.name != "postgresql":
        return
    for table in connection.scalars(_GUARDED).all():
        for statement in _guarding(table):
            connection.exec_driver_sql(statement)


def weaknesses(connection: Connection) -> list[Weakness]:
    """Return what keeps row-level security from being the second lock; empty where it is."""
    role = connection.execute(_ROLE).one()
    found = []
    if role.rolsuper or role.rolbypassrls:
        what = "is a superuser" if role.rolsuper else "has BYPASSRLS"
        found.append(Weakness(words=f"the service's role {what}: row-level security does not bind it", open=True))
    elif connection.execute(_OWNS).scalar_one():
        words = "the service's role owns the tables: whoever takes the service over can switch row-level security off"
        found.append(Weakness(words=words, open=False))
    bare = [row.name for row in connection.execute(_GUARDED) if not row.forced or row.policies < _POLICIES]
    if bare:
        found.append(Weakness(words=f"tables without row-level security: {', '.join(bare)}", open=True))
    return found


def _guarding(table: str) -> list[str]:
    column = _AGENCIES[1] if table == _AGENCIES[0] else "agency"
    mine = f"{column} = {_TENANT}"
    seen = f"{mine} OR ({column} = '' AND {_TENANT} <> '')" if table == _FOR_ALL else mine
    name = f'"{table}"'
    return [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"DROP POLICY IF EXISTS own_agency ON {name}",
        f"CREATE POLICY own_agency ON {name} USING ({seen}) WITH CHECK ({mine})",
        f"DROP POLICY IF EXISTS every_agency ON {name}",
        f"CREATE POLICY every_agency ON {name} USING ({_TENANT} = '*')",
    ]
