"""The agencies that may use the service, and the API keys that name them."""

from __future__ import annotations

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, RowMapping, Select, func, insert, select, update

from canonical.errors import ConfigurationError
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.routes import Route, agency_wide, first
from service.vault import Vault

_PREFIX: Final = "ecas_"
_KEY_BYTES: Final = 32
#: Everything that a key can look like; nothing else is even looked up.
_KEY: Final = re.compile(rf"{_PREFIX}[A-Za-z0-9_-]{{43}}")
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
    """Adds agencies, hands out their keys once, and recognises them. Of a key only a keyed digest is kept."""

    def __init__(self, engine: Engine, vault: Vault, clock: Clock, new_id: NewId) -> None:
        """Work on this database; keys are recognised only under the vault that digested them."""
        self._engine = engine
        self._vault = vault
        self._clock = clock
        self._new_id = new_id

    def add(self, agency: str, route: str = Route.ECAS) -> str:
        """Add an agency and return its API key, which nobody can show again.

        Raises:
            ConfigurationError: the id or the route is not one, or the agency is there already.
        """
        if not _ID.fullmatch(agency):
            raise ConfigurationError("An agency id is 2 to 40 lower-case letters, digits and hyphens.")
        if route not in set(Route):
            raise ConfigurationError(f"A route is one of {', '.join(Route)}.")
        with writing(self._engine) as connection:
            if _found(connection, agency, self._now()) is not None:
                raise ConfigurationError(
                    f"The agency {agency} is there already; “ecas agencies rotate {agency}” gives it a new key."
                )
            now = self._now()
            connection.execute(insert(t.agency).values(id=agency, created_at=now))
            first(connection, agency, Route(route), now, "agencies add")
            return self._hand_out(connection, agency)

    def list(self) -> list[Agency]:
        """Return all agencies by id."""
        with reading(self._engine) as connection:
            query = _agencies(self._now()).order_by(t.agency.c.id)
            return [_agency(row) for row in connection.execute(query).mappings()]

    def rotate(self, agency: str) -> str:
        """Return a new API key for the agency; the old ones stop working with the same commit.

        Raises:
            ConfigurationError: there is no such agency.
        """
        with writing(self._engine) as connection:
            self._revoke(connection, agency)
            return self._hand_out(connection, agency)

    def revoke(self, agency: str) -> None:
        """Let no API key of the agency work any more; what it sent stays and is delivered.

        Raises:
            ConfigurationError: there is no such agency.
        """
        with writing(self._engine) as connection:
            self._revoke(connection, agency)

    def known(self, agency: str) -> Agency:
        """Return the agency of this id.

        Raises:
            ConfigurationError: there is none.
        """
        with reading(self._engine) as connection:
            return _known(connection, agency, self._now())

    def authenticate(self, key: str) -> Agency | None:
        """Return whose key this is, or None where it is nobody's, or revoked.

        The look-up is by keyed digest, so that how long it takes says nothing about any key.
        """
        if not _KEY.fullmatch(key):
            return None
        digest = self._digest(key)
        c = t.api_key.c
        query = select(c.agency, c.digest).where(c.digest == digest, c.revoked_at.is_(None))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
            if row is None or not hmac.compare_digest(row["digest"], digest):
                return None
            return _known(connection, row["agency"], self._now())

    def _hand_out(self, connection: Connection, agency: str) -> str:
        key = _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)).decode().rstrip("=")
        connection.execute(
            insert(t.api_key).values(
                id=self._new_id("key"), agency=agency, digest=self._digest(key), created_at=self._now()
            )
        )
        return key

    def _revoke(self, connection: Connection, agency: str) -> None:
        _known(connection, agency, self._now())
        c = t.api_key.c
        connection.execute(
            update(t.api_key).where(c.agency == agency, c.revoked_at.is_(None)).values(revoked_at=self._now())
        )

    def _digest(self, key: str) -> str:
        return self._vault.digest("api key", key)

    def _now(self) -> int:
        return to_milliseconds(self._clock())


def _agencies(now: int) -> Select[Any]:
    c = t.api_key.c
    keys = select(func.count()).where(c.agency == t.agency.c.id, c.revoked_at.is_(None)).scalar_subquery()
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
