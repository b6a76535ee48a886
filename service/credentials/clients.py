"""EHR vendors' clients: their public keys, and the agencies that they may act for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from canonical.errors import ConfigurationError
from service.audit.acting import HOST
from service.audit.audit import Audit
from service.audit.deed import DEPLOYMENT, Deed
from service.clock import Clock, from_milliseconds, to_milliseconds
from service.credentials import principal as p
from service.credentials.jwks import PublicKey, read_jwks
from service.credentials.principal import Permission, Role
from service.identifiers import NewId
from service.outbox import schema as t
from service.outbox.engine import alone, reading, writing
from service.tenants.tenant import EVERY

#: Everything that a client's id can look like; nothing else is even looked up.
CLIENT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_UNKNOWN: Final = "There is no client of that id; “ecas clients list” shows them."


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """For which agency a client may act, and as what."""

    agency: str
    role: Role
    #: What it was narrowed to; None for all that the role may.
    scopes: frozenset[Permission] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One registered client."""

    id: str
    #: The vendor, or the person who answers for it.
    owner: str
    created_at: datetime
    revoked_at: datetime | None
    #: To a minute.
    last_used_at: datetime | None
    #: The names of its keys that are in use.
    kids: tuple[str, ...]
    #: In force.
    grants: tuple[Grant, ...]


class Clients:
    """Registers clients by their JWKS files, and says for which agencies they act; no key set is ever fetched."""

    def __init__(self, engine: Engine, clock: Clock, new_id: NewId, audit: Audit) -> None:
        """Work on this database."""
        self._engine = engine
        self._audit = audit
        self._clock = clock
        self._new_id = new_id

    def add(self, client: str, *, owner: str, jwks: bytes) -> None:
        """Register a client with its public keys; it may act for nobody yet.

        Raises:
            ConfigurationError: the id, the owner or the key set is not one, or the client is there already.
        """
        if not CLIENT_ID.fullmatch(client):
            raise ConfigurationError("A client id is 2 to 40 lower-case letters, digits and hyphens.")
        keys, name = read_jwks(jwks), p.checked_owner(owner)
        with alone(self._engine, "clients"), writing(self._engine, EVERY) as connection:
            if connection.scalars(select(t.client.c.id).where(t.client.c.id == client)).first() is not None:
                raise ConfigurationError(
                    f"The client {client} is there already; “ecas clients keys” gives it new keys."
                )
            connection.execute(insert(t.client).values(id=client, owner=name, created_at=self._now()))
            self._register(connection, client, keys)
            self._told(connection, "credential.made", client, detail=f"keys={len(keys)}")

    def replace_keys(self, client: str, jwks: bytes) -> tuple[list[str], list[str]]:
        """Let exactly the keys of this set be the client's, and return which names came and went.

        What is no longer in the set is retired, with the tokens that it signed for. Two keys in one set are the overlap
        of a vendor's own rotation.

        Raises:
            ConfigurationError: there is no such client, or the key set is none.
        """
        keys = read_jwks(jwks)
        wanted = {key.thumbprint: key for key in keys}
        c = t.client_key.c
        with alone(self._engine, "clients"), writing(self._engine, EVERY) as connection:
            self._in_force(connection, client)
            query = select(c.id, c.kid, c.thumbprint).where(c.client == client, c.retired_at.is_(None))
            held = {row.thumbprint: row for row in connection.execute(query)}
            if any(one in wanted and wanted[one].kid != row.kid for one, row in held.items()):
                raise ConfigurationError("A key of the file is registered under another “kid”; a key keeps its name.")
            gone = [row for one, row in held.items() if one not in wanted]
            connection.execute(
                update(t.client_key).where(c.id.in_([row.id for row in gone])).values(retired_at=self._now())
            )
            came = [key for key in keys if key.thumbprint not in held]
            self._register(connection, client, came)
            self._told(connection, "credential.changed", client, detail=f"keys_came={len(came)} keys_went={len(gone)}")
        return [key.kid for key in came], [row.kid for row in gone]

    def grant(self, client: str, agency: str, *, role: Role, scopes: Iterable[Permission] = ()) -> None:
        """Let a client act for an agency from now on, in the place of what it was granted there before.

        Tokens of an earlier grant end with it.

        Raises:
            ConfigurationError: there is no such client or agency, or a scope reaches beyond the role.
        """
        narrowed = p.narrowed(role, frozenset(scopes))
        with alone(self._engine, "clients"), writing(self._engine, EVERY) as connection:
            self._in_force(connection, client)
            if connection.scalars(select(t.agency.c.id).where(t.agency.c.id == agency)).first() is None:
                raise ConfigurationError("There is no agency of that id; “ecas agencies list” shows them.")
            self._end_grant(connection, client, agency)
            connection.execute(
                insert(t.client_grant).values(
                    id=self._new_id("gra"),
                    client=client,
                    agency=agency,
                    role=role.value,
                    scopes=p.written(narrowed),
                    granted_at=self._now(),
                )
            )
            self._told(connection, "credential.granted", client, agency, detail=f"role={role}")

    def revoke(self, client: str, agency: str | None = None) -> None:
        """Let a client act for an agency, or at all, no more; its tokens end with the same commit.

        Raises:
            ConfigurationError: there is no such client, or it does not act for that agency.
        """
        with alone(self._engine, "clients"), writing(self._engine, EVERY) as connection:
            self._in_force(connection, client)
            if agency is None:
                connection.execute(update(t.client).where(t.client.c.id == client).values(revoked_at=self._now()))
            elif not self._end_grant(connection, client, agency):
                raise ConfigurationError(f"{client} does not act for {agency}; “ecas clients list” shows for whom.")
            self._told(connection, "credential.revoked", client, agency or DEPLOYMENT)

    def _told(
        self, connection: Connection, action: str, client: str, agency: str = DEPLOYMENT, detail: str = ""
    ) -> None:
        deed = Deed(agency=agency, action=action, actor=HOST, kind="client", about=client, detail=detail)
        self._audit.note(connection, deed)

    def all(self) -> list[Client]:
        """Return all clients by id."""
        keys, grants = t.client_key.c, t.client_grant.c
        with reading(self._engine, EVERY) as connection:
            kids = connection.execute(
                select(keys.client, keys.kid).where(keys.retired_at.is_(None)).order_by(keys.kid)
            ).all()
            held = connection.execute(
                select(t.client_grant).where(grants.revoked_at.is_(None)).order_by(grants.agency)
            ).mappings()
            granted = [(row["client"], _grant(row)) for row in held]
            rows = connection.execute(select(t.client).order_by(t.client.c.id)).mappings()
            return [
                _client(
                    row,
                    tuple(kid for client, kid in kids if client == row["id"]),
                    tuple(grant for client, grant in granted if client == row["id"]),
                )
                for row in rows
            ]

    def _register(self, connection: Connection, client: str, keys: Iterable[PublicKey]) -> None:
        for key in keys:
            known = select(t.client_key.c.id).where(t.client_key.c.thumbprint == key.thumbprint)
            if connection.scalars(known).first() is not None:
                raise ConfigurationError(
                    "A key of the file was registered before, for this client or another: the vendor makes a new one. "
                    "A key is one client's, and does not come back after it was retired."
                )
            connection.execute(
                insert(t.client_key).values(
                    id=self._new_id("jwk"),
                    client=client,
                    kid=key.kid,
                    thumbprint=key.thumbprint,
                    jwk=json.dumps(dict(key.jwk), sort_keys=True),
                    added_at=self._now(),
                )
            )

    def _end_grant(self, connection: Connection, client: str, agency: str) -> bool:
        c = t.client_grant.c
        return bool(
            connection.execute(
                update(t.client_grant)
                .where(c.client == client, c.agency == agency, c.revoked_at.is_(None))
                .values(revoked_at=self._now())
            ).rowcount
        )

    def _in_force(self, connection: Connection, client: str) -> None:
        c = t.client.c
        if connection.scalars(select(c.id).where(c.id == client, c.revoked_at.is_(None))).first() is None:
            raise ConfigurationError(_UNKNOWN)

    def _now(self) -> int:
        return to_milliseconds(self._clock())


def _grant(row: RowMapping) -> Grant:
    return Grant(agency=row["agency"], role=Role(row["role"]), scopes=p.read(row["scopes"]))


def _client(row: RowMapping, kids: tuple[str, ...], grants: tuple[Grant, ...]) -> Client:
    return Client(
        id=row["id"],
        owner=row["owner"],
        created_at=from_milliseconds(row["created_at"]),
        revoked_at=None if row["revoked_at"] is None else from_milliseconds(row["revoked_at"]),
        last_used_at=None if row["last_used_at"] is None else from_milliseconds(row["last_used_at"]),
        kids=kids,
        grants=grants,
    )
