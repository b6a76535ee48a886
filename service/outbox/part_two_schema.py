"""The tables of 42 CFR Part 2: which agencies and programmes it binds, and what members have consented to."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from service.outbox.tables import Sequence, metadata

#: Whether records of an agency, or of one of its programmes, are protected from a day on. Only added to.
part_two = Table(
    "part_two",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("programme", String, nullable=False, default=""),  # empty: all that have no line of their own
    Column("protected", Boolean, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("set_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_note", LargeBinary),
    sqlite_autoincrement=True,
)
Index("part_two_agency", part_two.c.agency, part_two.c.programme, part_two.c.starts_at)

#: Consents to disclose protected records: to whom, for what and until when. Only added to; a withdrawal ends them.
consent_scope = Table(
    "consent_scope",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("child", String, nullable=False, index=True),
    Column("recipient", String, nullable=False),  # the name of a destination
    Column("given_on", String, nullable=False),  # days, ISO 8601
    Column("expires_on", String),
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_purpose", LargeBinary),  # null once it is erased: then it counts no more
    Column("sealed_note", LargeBinary),
    UniqueConstraint("id"),
    ForeignKeyConstraint(["agency", "child"], ["child.agency", "child.id"]),
    sqlite_autoincrement=True,
)
