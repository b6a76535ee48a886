"""Assessors, certificates, evidence and their history; what a person's word has cured, and since when a name change waits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
    sequence = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "assessor",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_assessor_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_assessor")),
        sa.UniqueConstraint("id", name=op.f("uq_assessor_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("assessor_agency", "assessor", ["agency", "seq"], unique=False)
    op.create_table(
        "certificate",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("assessor", sa.String(), nullable=False),
        sa.Column("key_digest", sa.String(), nullable=False),
        sa.Column("name_digests", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("gone_at", sa.BigInteger(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_certificate_agency")),
        sa.ForeignKeyConstraint(["assessor"], ["assessor.id"], name=op.f("fk_certificate_assessor")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_certificate")),
        sa.UniqueConstraint("id", name=op.f("uq_certificate_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("certificate_agency", "certificate", ["agency", "seq"], unique=False)
    op.create_index("certificate_key", "certificate", ["key_digest"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_evidence_agency")),
        sa.ForeignKeyConstraint(["certificate"], ["certificate.id"], name=op.f("fk_evidence_certificate")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_evidence")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_evidence_certificate"), "evidence", ["certificate"], unique=False)
    op.create_table(
        "roster_change",
        sa.Column("seq", sequence, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("assessor", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_roster_change_agency")),
        sa.ForeignKeyConstraint(["assessor"], ["assessor.id"], name=op.f("fk_roster_change_assessor")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_roster_change")),
        sqlite_autoincrement=True,
    )
    op.create_index("roster_change_agency", "roster_change", ["agency", "seq"], unique=False)
    op.create_index(op.f("ix_roster_change_assessor"), "roster_change", ["assessor"], unique=False)
    op.add_column("submission", sa.Column("vouched", sa.String(), nullable=True))
    op.add_column("submission", sa.Column("name_change_since", sa.BigInteger(), nullable=True))
    op.add_column("submission", sa.Column("escalated_at", sa.BigInteger(), nullable=True))
    op.add_column("event", sa.Column("sealed_note", sa.LargeBinary(), nullable=True))
