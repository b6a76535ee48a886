"""The tables of credentials: keyed digests, public keys, names of owners and times; nothing that opens anything."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    Table,
    UniqueConstraint,
    text,
)

from service.outbox.tables import metadata

_IN_USE: Final = text("retired_at IS NULL")
_IN_FORCE: Final = text("revoked_at IS NULL")

#: API keys: a keyed digest to find one by, never the key.
api_key = Table(
    "api_key",
    metadata,
    Column("id", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("digest", String, nullable=False, unique=True),
    Column("owner", String, nullable=False),  # the named person or system that it was given to
    Column("role", String, nullable=False),  # submitter | operator | auditor | admin
    Column("scopes", String),  # what it was narrowed to, separated by blanks; null: all that the role may
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revoked_at", BigInteger),
    Column("replaced_by", String),  # the key that a rotation put in its place
    Column("last_used_at", BigInteger),  # to a minute
)

#: EHR vendors' systems that prove who they are by signed assertions.
client = Table(
    "client",
    metadata,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("last_used_at", BigInteger),
)

#: Their public keys. One is registered once: never for two clients, and never again after it was retired.
client_key = Table(
    "client_key",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, ForeignKey("client.id"), nullable=False),
    Column("kid", String, nullable=False),
    Column("thumbprint", String, nullable=False, unique=True),  # RFC 7638
    Column("jwk", String, nullable=False),  # the public members alone, as JSON
    Column("added_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
)
Index(
    "client_key_in_use",
    client_key.c.client,
    client_key.c.kid,
    unique=True,
    sqlite_where=_IN_USE,
    postgresql_where=_IN_USE,
)

#: For which agencies a client may act, and as what.
client_grant = Table(
    "client_grant",
    metadata,
    Column("id", String, primary_key=True),
    Column("client", String, ForeignKey("client.id"), nullable=False),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("role", String, nullable=False),
    Column("scopes", String),
    Column("granted_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    UniqueConstraint("agency", "id"),
)
Index(
    "client_grant_in_force",
    client_grant.c.client,
    client_grant.c.agency,
    unique=True,
    sqlite_where=_IN_FORCE,
    postgresql_where=_IN_FORCE,
)

#: Access tokens: they end with their time, their grant, their client and the key that signed for them.
access_token = Table(
    "access_token",
    metadata,
    Column("digest", String, primary_key=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("client_grant", String, nullable=False),
    Column("client_key", String, ForeignKey("client_key.id"), nullable=False),
    Column("scopes", String, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),
    ForeignKeyConstraint(["agency", "client_grant"], ["client_grant.agency", "client_grant.id"]),
)

#: Assertions that were used: each takes effect once, on however many hosts it comes.
assertion = Table(
    "assertion",
    metadata,
    Column("digest", String, primary_key=True),  # keyed: of the client and its jti
    Column("client", String, ForeignKey("client.id"), nullable=False),
    Column("expires_at", BigInteger, nullable=False, index=True),  # when nobody would take it any more
)
