"""The tables of keys, of what was erased, and of what must not be."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, String, Table, UniqueConstraint

from service.outbox.tables import Sequence, metadata

#: Keys of the whole deployment, wrapped by the master: “digest”, “derived”, and “first release” until nothing is under it.
vault_key = Table(
    "vault_key",
    metadata,
    Column("name", String, primary_key=True),
    Column("master", String, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
)

#: An agency's keys, the newest version in use. A row goes when nothing is under it: the database itself sees to that.
agency_key = Table(
    "agency_key",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, nullable=False),  # empty: what belongs to no agency
    Column("version", Integer, nullable=False),
    Column("master", String, nullable=False),  # which one wraps it
    Column("wrapped", LargeBinary, nullable=False),
    Column("own", LargeBinary, nullable=False),  # the data key of what is no record: wrapped by this one
    Column("made_at", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
    UniqueConstraint("agency", "version"),
    UniqueConstraint("agency", "seq"),
    sqlite_autoincrement=True,
)

#: What may not be erased, by anybody, until it is lifted.
legal_hold = Table(
    "legal_hold",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("submission", String),  # null: everything of the agency
    Column("placed_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("lifted_at", BigInteger),
    Column("lifted_by", String),
    Column("sealed_note", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
_STANDS: Final = legal_hold.c.lifted_at.is_(None)
Index("legal_hold_standing", legal_hold.c.agency, sqlite_where=_STANDS, postgresql_where=_STANDS)

#: What was erased, by whom and why. Only added to: after a restore it is erased again.
erasure = Table(
    "erasure",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("kind", String, nullable=False),  # submission | payload | child
    Column("subject", String, nullable=False),
    Column("why", String, nullable=False),  # person | retention
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_note", LargeBinary),
    sqlite_autoincrement=True,
)
Index("erasure_agency", erasure.c.agency, erasure.c.seq)
