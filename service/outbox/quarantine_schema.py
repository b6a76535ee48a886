"""The tables of quarantine: that this database is a restored copy, and what of it the state was asked about."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, LargeBinary, String, Table

from service.outbox.tables import Sequence, metadata

#: Each time that this database began anew from a copy of itself; ``seq`` is the epoch.
quarantine = Table(
    "quarantine",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("destination", String, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("backup", String, nullable=False),  # the id of the backup; empty where another tool restored it
    Column("copied_at", BigInteger),  # when the copy was taken
    Column("reconciled_at", BigInteger),
    Column("released_at", BigInteger),
    Column("released_by", String),
    Column("sealed_note", LargeBinary),
    sqlite_autoincrement=True,
)

#: What the state was asked about since then, and what it said.
quarantine_item = Table(
    "quarantine_item",
    metadata,
    Column("quarantine", Sequence, ForeignKey("quarantine.seq"), primary_key=True),
    Column("submission", String, primary_key=True),
    Column("agency", String, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("found", String, nullable=False),  # the outcome's name
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
)
