"""The tables of replays: what a person let go again, and how far it has come."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
)

from service.outbox.tables import Sequence, metadata

#: A person's order to send work again: what of it is done, and how fast the rest may go.
replay = Table(
    "replay",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id")),  # null: an operator's, over all agencies
    Column("scope", String, nullable=False),  # the agency, or “*”: what its items refer to
    Column("state", String, nullable=False),  # running | paused | cancelled | done
    Column("how", String, nullable=False),  # send | ask | reprocess
    Column("filter", String, nullable=False),  # JSON of names of ours
    Column("per_minute", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("sealed_note", LargeBinary),
    UniqueConstraint("scope", "id"),
    CheckConstraint("scope = coalesce(agency, '*')", name="replay_scope"),
    sqlite_autoincrement=True,
)
replay_item = Table(
    "replay_item",
    metadata,
    Column("replay", String, primary_key=True),
    Column("submission", String, primary_key=True),
    Column("agency", String, nullable=False),  # that of the submission
    Column("scope", String, nullable=False),  # that of the replay
    Column("place", Integer, nullable=False),
    Column("done_at", BigInteger),
    Column("became", String),
    ForeignKeyConstraint(["scope", "replay"], ["replay.scope", "replay.id"]),
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
    CheckConstraint("scope IN ('*', agency)", name="replay_item_scope"),
)
