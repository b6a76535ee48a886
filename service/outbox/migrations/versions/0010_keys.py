"""Keys of agencies and of records, what was erased, what must not be; and an index for documents that come again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_STANDS = sa.text("lifted_at IS NULL")


def upgrade() -> None:
    """Go to this revision. Records keep their first form until “ecas vault rotate” brings them to the new one."""
    _keys()
    _records()
    _erasures()
    _asked()


def _keys() -> None:
    op.create_table(
        "vault_key",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("master", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_vault_key")),
    )
    op.create_table(
        "agency_key",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("master", sa.String(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("own", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_agency_key")),
        sa.UniqueConstraint("agency", "version", name=op.f("uq_agency_key_agency_version")),
        sa.UniqueConstraint("agency", "seq", name=op.f("uq_agency_key_agency_seq")),
        sqlite_autoincrement=True,
    )


def _records() -> None:
    for table, counted in (("payload", False), ("submission", True)):
        kwargs = {"sqlite_autoincrement": True} if counted else {}
        with op.batch_alter_table(table, table_kwargs=kwargs) as batch:
            batch.add_column(sa.Column("data_key", sa.LargeBinary(), nullable=True))
            batch.add_column(sa.Column("wrapped_by", _SEQUENCE, nullable=True))
            batch.add_column(sa.Column("erased_at", sa.BigInteger(), nullable=True))
            batch.create_foreign_key(
                op.f(f"fk_{table}_agency_wrapped_by"), "agency_key", ["agency", "wrapped_by"], ["agency", "seq"]
            )
        op.create_index(f"{table}_wrapped_by", table, ["agency", "wrapped_by"], unique=False)
    op.create_index("submission_payload", "submission", ["payload"], unique=False)
    op.create_index("submission_same_document", "submission", ["agency", "document_digest", "seq"], unique=False)
    op.add_column("request", sa.Column("payload", sa.String(), nullable=True))
    op.create_index("request_payload", "request", ["payload"], unique=False)


def _erasures() -> None:
    op.create_table(
        "legal_hold",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=True),
        sa.Column("placed_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.String(), nullable=True),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_legal_hold_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_legal_hold")),
        sa.UniqueConstraint("id", name=op.f("uq_legal_hold_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "legal_hold_standing", "legal_hold", ["agency"], unique=False, sqlite_where=_STANDS, postgresql_where=_STANDS
    )
    op.create_table(
        "erasure",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_erasure_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_erasure")),
        sqlite_autoincrement=True,
    )
    op.create_index("erasure_agency", "erasure", ["agency", "seq"], unique=False)


def _asked() -> None:
    """Make the table of what a restored copy asked: it refers to submissions by (agency, id), which 0009 brought."""
    op.create_table(
        "quarantine_item",
        sa.Column("quarantine", _SEQUENCE, nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["quarantine"], ["quarantine.seq"], name=op.f("fk_quarantine_item_quarantine")),
        sa.ForeignKeyConstraint(
            ["agency", "submission"],
            ["submission.agency", "submission.id"],
            name=op.f("fk_quarantine_item_agency_submission"),
        ),
        sa.PrimaryKeyConstraint("quarantine", "submission", name=op.f("pk_quarantine_item")),
    )
