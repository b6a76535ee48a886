"""The tables of webhooks: who wants to know, and what they are still to be told. No message holds more than names of ours."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    UniqueConstraint,
    text,
)

from service.outbox.tables import Sequence, metadata

#: An agency's endpoints. A row stays when its endpoint is removed: a message that is being written may refer to it.
webhook = Table(
    "webhook",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("agency", String, ForeignKey("agency.id"), nullable=False, index=True),
    Column("states", String, nullable=False),  # of which it wants to know, separated by blanks; empty: of all
    Column("sealed_url", LargeBinary, nullable=False),  # empty once it is removed, like the secrets
    Column("sealed_secret", LargeBinary, nullable=False),
    Column("sealed_secret_before", LargeBinary),
    Column("before_until", BigInteger),  # until when the secret before signs too
    Column("made_at", BigInteger, nullable=False),
    Column("made_by", String, nullable=False),
    Column("failures", Integer, nullable=False, server_default="0"),  # one after the other
    Column("failing_since", BigInteger),
    Column("due_at", BigInteger, nullable=False, server_default="0"),  # nothing is sent to it before
    Column("delivered_at", BigInteger),  # the last time
    Column("off_at", BigInteger),
    Column("off_cause", String),  # gone | failing | crowded
    Column("removed_at", BigInteger),
    UniqueConstraint("agency", "id"),
    sqlite_autoincrement=True,
)

#: What an endpoint is told, in the order of writing. ``due_at`` is retry time and lease expiry at once, as a lane's is.
webhook_message = Table(
    "webhook_message",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),  # the header webhook-id, the same each time
    Column("agency", String, nullable=False),
    Column("webhook", String, nullable=False),
    Column("submission", String),  # null for a test
    Column("number", Integer, nullable=False),  # the place in the submission's history
    Column("at", BigInteger, nullable=False),
    Column("was", String),
    Column("became", String),
    Column("verdict", String),
    Column("attempts", Integer, nullable=False),  # of the submission
    Column("tries", Integer, nullable=False, server_default="0"),  # of this message
    Column("due_at", BigInteger),  # null once it is over
    Column("owner", String),  # the worker that holds the lease
    Column("fence", Integer, nullable=False, server_default="0"),
    Column("answer", String),  # the last one: a status, or why there was none
    Column("ended_at", BigInteger),
    Column("outcome", String),  # delivered | dead
    ForeignKeyConstraint(["agency", "webhook"], ["webhook.agency", "webhook.id"]),
    ForeignKeyConstraint(["agency", "submission"], ["submission.agency", "submission.id"]),
    sqlite_autoincrement=True,
)
_WAITS = text("due_at IS NOT NULL")
Index(
    "webhook_message_due",
    webhook_message.c.webhook,
    webhook_message.c.due_at,
    sqlite_where=_WAITS,
    postgresql_where=_WAITS,
)
_LEASED = webhook_message.c.owner.is_not(None)
Index("webhook_message_owner", webhook_message.c.owner, sqlite_where=_LEASED, postgresql_where=_LEASED)
Index("webhook_message_webhook", webhook_message.c.webhook, webhook_message.c.seq)
Index(
    "webhook_message_ended",
    webhook_message.c.ended_at,
    sqlite_where=webhook_message.c.ended_at.is_not(None),
    postgresql_where=webhook_message.c.ended_at.is_not(None),
)
