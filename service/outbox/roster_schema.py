"""The tables of agencies and of their rosters: names, keys and times in the clear, the rest sealed."""

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

agency = Table(
    "agency",
    metadata,
    Column("id", String, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)

#: Roster files as imported, newest last.
roster = Table(
    "roster",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("imported_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

#: Assessors of an agency's roster, under their present names. Nobody is ever deleted.
assessor = Table(
    "assessor",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("gone_at", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("agency", "id"),
    sqlite_autoincrement=True,
)
Index("assessor_agency", assessor.c.agency, assessor.c.seq)

#: Certification keys: a keyed digest to find one by, the key itself sealed.
certificate = Table(
    "certificate",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("assessor", String, nullable=False),
    Column("key_digest", String, nullable=False),
    Column("name_digests", String, nullable=False),  # keyed, separated by blanks: whether two agencies mean one person
    Column("archived", Boolean, nullable=False),
    Column("gone_at", BigInteger),
    Column("sealed", LargeBinary, nullable=False),
    UniqueConstraint("agency", "id"),
    ForeignKeyConstraint(["agency", "assessor"], ["assessor.agency", "assessor.id"]),
    sqlite_autoincrement=True,
)
Index("certificate_agency", certificate.c.agency, certificate.c.seq)
Index("certificate_key", certificate.c.key_digest)

#: Who saw which certificate, or the digest of its document.
evidence = Table(
    "evidence",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("certificate", String, nullable=False, index=True),
    Column("added_at", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["agency", "certificate"], ["certificate.agency", "certificate.id"]),
    sqlite_autoincrement=True,
)

#: Every change of a roster: who, when, what, and all that was known of the person after it. Only ever added to.
roster_change = Table(
    "roster_change",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False),
    Column("assessor", String, nullable=False, index=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("what", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    ForeignKeyConstraint(["agency", "assessor"], ["assessor.agency", "assessor.id"]),
    sqlite_autoincrement=True,
)
Index("roster_change_agency", roster_change.c.agency, roster_change.c.seq)
