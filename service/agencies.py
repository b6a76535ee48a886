"""The agencies that may use the service."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, and_, func, insert, or_, select

from canonical.errors import ConfigurationError
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.credentials.api_keys import ApiKeys
from service.credentials.principal import Role
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.routes import Route, agency_wide, first
from service.tenants.tenant import EVERY

#: Whose the first key of an agency is, unless somebody is named.
FIRST_OWNER: Final = "the agency"
_ID: Final = re.compile(r"[a-z0-9-]{2,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """One agency: the container of everything that it sent."""

    id: str
    #: Of its programmes without a route of their own, now.
    route: Route
    created_at: datetime
    #: True where some API key of it works.
    has_key: bool


class Agencies:
    """Adds agencies, each with a first API key."""

    def __init__(self, engine: Engine, keys: ApiKeys, clock: Clock) -> None:
        """Work on this database."""
        self._engine = engine
        self._keys = keys
        self._clock = clock

    def add(self, agency: str, route: str = Route.ECAS, *, owner: str = FIRST_OWNER, role: Role = Role.ADMIN) -> str:
        """Add an agency and return its first API key, which nobody can show again.

        Raises:
            ConfigurationError: the id, the route or the owner is not one, or the agency is there already.
        """
        if not _ID.fullmatch(agency):
            raise ConfigurationError("An agency id is 2 to 40 lower-case letters, digits and hyphens.")
        if route not in set(Route):
            raise ConfigurationError(f"A route is one of {', '.join(Route)}.")
        with writing(self._engine, agency) as connection:
            if _found(connection, agency, self._now()) is not None:
                raise ConfigurationError(
                    f"The agency {agency} is there already; “ecas agencies rotate {agency}” gives it a new key."
                )
            now = self._now()
            connection.execute(insert(t.agency).values(id=agency, created_at=now))
            first(connection, agency, Route(route), now, "agencies add")
            return self._keys.hand_out(connection, agency, owner, role).key

    def list(self) -> list[Agency]:
        """Return all agencies by id."""
        with reading(self._engine, EVERY) as connection:
            query = _agencies(self._now()).order_by(t.agency.c.id)
            return [_agency(row) for row in connection.execute(query).mappings()]

    def known(self, agency: str) -> Agency:
        """Return the agency of this id.

        Raises:
            ConfigurationError: there is none.
        """
        with reading(self._engine, agency) as connection:
            return _known(connection, agency, self._now())

    def _now(self) -> int:
        return to_milliseconds(self._clock())


def _working(now: int) -> ColumnElement[bool]:
    c = t.api_key.c
    return and_(c.revoked_at.is_(None), or_(c.expires_at.is_(None), c.expires_at > now))


def _agencies(now: int) -> Select[Any]:
    c = t.api_key.c
    keys = select(func.count()).where(c.agency == t.agency.c.id, _working(now)).scalar_subquery()
    return select(t.agency, agency_wide(now).label("route"), keys.label("keys"))


def _found(connection: Connection, agency: str, now: int) -> Agency | None:
    row = connection.execute(_agencies(now).where(t.agency.c.id == agency)).mappings().first()
    return None if row is None else _agency(row)


def _known(connection: Connection, agency: str, now: int) -> Agency:
    found = _found(connection, agency, now)
    if found is None:
        raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")
    return found


def _agency(row: RowMapping) -> Agency:
    return Agency(
        id=row["id"],
        route=Route(row["route"] or Route.NOT_LIVE),
        created_at=from_milliseconds(row["created_at"]),
        has_key=row["keys"] > 0,
    )
