"""42 CFR Part 2: which agencies and programmes it binds, and what members have consented to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Go to this revision: nothing is protected until somebody says so."""
    op.create_table(
        "part_two",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_part_two_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_part_two")),
        sqlite_autoincrement=True,
    )
    op.create_index("part_two_agency", "part_two", ["agency", "programme", "starts_at"], unique=False)
    op.create_table(
        "consent_scope",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("given_on", sa.String(), nullable=False),
        sa.Column("expires_on", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_purpose", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_consent_scope_agency")),
        sa.ForeignKeyConstraint(
            ["agency", "child"], ["child.agency", "child.id"], name=op.f("fk_consent_scope_agency_child")
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_consent_scope")),
        sa.UniqueConstraint("id", name=op.f("uq_consent_scope_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_scope_child"), "consent_scope", ["child"], unique=False)
