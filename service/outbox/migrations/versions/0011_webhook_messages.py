"""The tables of webhooks. What they refer to is complete only now: pairs with an agency come with 0009."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITS = sa.text("due_at IS NOT NULL")
_ENDED = sa.text("ended_at IS NOT NULL")


def upgrade() -> None:
    """Go to this revision."""
    op.create_table(
        "webhook",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("states", sa.String(), nullable=False),
        sa.Column("sealed_url", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_secret_before", sa.LargeBinary(), nullable=True),
        sa.Column("before_until", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.BigInteger(), nullable=True),
        sa.Column("due_at", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.Column("off_at", sa.BigInteger(), nullable=True),
        sa.Column("off_cause", sa.String(), nullable=True),
        sa.Column("removed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_webhook_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_webhook")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_id")),
        sa.UniqueConstraint("agency", "id", name=op.f("uq_webhook_agency_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_webhook_agency"), "webhook", ["agency"], unique=False)
    op.create_table(
        "webhook_message",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("webhook", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("was", sa.String(), nullable=True),
        sa.Column("became", sa.String(), nullable=True),
        sa.Column("verdict", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("fence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agency", "webhook"], ["webhook.agency", "webhook.id"], name=op.f("fk_webhook_message_agency_webhook")
        ),
        sa.ForeignKeyConstraint(
            ["agency", "submission"],
            ["submission.agency", "submission.id"],
            name=op.f("fk_webhook_message_agency_submission"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_webhook_message")),
        sa.UniqueConstraint("id", name=op.f("uq_webhook_message_id")),
        sqlite_autoincrement=True,
    )
    for name, columns, where in (
        ("webhook_message_due", ["webhook", "due_at"], _WAITS),
        ("webhook_message_webhook", ["webhook", "seq"], None),
        ("webhook_message_owner", ["owner"], sa.text("owner IS NOT NULL")),
        ("webhook_message_ended", ["ended_at"], _ENDED),
    ):
        op.create_index(name, "webhook_message", columns, unique=False, sqlite_where=where, postgresql_where=where)
