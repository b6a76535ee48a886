"""The tables of the audit trail. The database itself refuses to change or delete what is in two of them (0006)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, UniqueConstraint

from service.outbox.tables import Sequence, metadata

#: An agency's chain, or with an empty agency the deployment's own. Refers to nothing: it outlives what it tells of.
audit = Table(
    "audit",
    metadata,
    Column("agency", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("action", String, nullable=False),
    Column("outcome", String, nullable=False),  # done | refused | failed
    Column("principal", String, nullable=False),
    Column("role", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("about", String, nullable=False),
    Column("detail", String, nullable=False),
    Column("note", String, nullable=False),  # keyed digest of a person's words
    Column("request", String, nullable=False),
    Column("digest", String, nullable=False),
    Column("seal", String, nullable=False),  # keyed: the database alone does not suffice to add an entry
)
Index("audit_about", audit.c.agency, audit.c.about)

#: A person's words, beside the chain: they can be erased, and the chain stays whole.
audit_note = Table(
    "audit_note",
    metadata,
    Column("agency", String, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("about", String, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
Index("audit_note_about", audit_note.c.agency, audit_note.c.about)

#: What was signed of the chains, in this order.
audit_checkpoint = Table(
    "audit_checkpoint",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("agency", String, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("head", String, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("previous", String, nullable=False),
    Column("key", String, nullable=False),
    Column("signature", String, nullable=False),
    UniqueConstraint("agency", "entries"),
    sqlite_autoincrement=True,
)
