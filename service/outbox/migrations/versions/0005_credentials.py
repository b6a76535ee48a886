"""Owners, roles and ends of API keys; vendors' clients with their keys, grants, tokens and used assertions."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_IN_USE: Final = sa.text("retired_at IS NULL")
_IN_FORCE: Final = sa.text("revoked_at IS NULL")


def upgrade() -> None:
    """Go to this revision; the keys that are there go on as before: whoever held one could do everything."""
    for name in ("owner", "role", "scopes", "replaced_by"):
        op.add_column("api_key", sa.Column(name, sa.String(), nullable=True))
    for name in ("expires_at", "last_used_at"):
        op.add_column("api_key", sa.Column(name, sa.BigInteger(), nullable=True))
    op.execute("UPDATE api_key SET owner = 'the agency', role = 'admin'")
    with op.batch_alter_table("api_key") as batch_op:
        batch_op.alter_column("owner", existing_type=sa.String(), nullable=False)
        batch_op.alter_column("role", existing_type=sa.String(), nullable=False)
    _clients()
    _tokens()


def _clients() -> None:
    op.create_table(
        "client",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client")),
    )
    op.create_table(
        "client_key",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("thumbprint", sa.String(), nullable=False),
        sa.Column("jwk", sa.String(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.id"], name=op.f("fk_client_key_client")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_key")),
        sa.UniqueConstraint("thumbprint", name=op.f("uq_client_key_thumbprint")),
    )
    op.create_index(
        "client_key_in_use",
        "client_key",
        ["client", "kid"],
        unique=True,
        sqlite_where=_IN_USE,
        postgresql_where=_IN_USE,
    )
    op.create_table(
        "client_grant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=True),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["client"], ["client.id"], name=op.f("fk_client_grant_client")),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_client_grant_agency")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_grant")),
        sa.UniqueConstraint("agency", "id", name=op.f("uq_client_grant_agency_id")),
    )
    op.create_index(
        "client_grant_in_force",
        "client_grant",
        ["client", "agency"],
        unique=True,
        sqlite_where=_IN_FORCE,
        postgresql_where=_IN_FORCE,
    )


def _tokens() -> None:
    op.create_table(
        "access_token",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("client_grant", sa.String(), nullable=False),
        sa.Column("client_key", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_access_token_agency")),
        sa.ForeignKeyConstraint(["client_key"], ["client_key.id"], name=op.f("fk_access_token_client_key")),
        sa.ForeignKeyConstraint(
            ["agency", "client_grant"],
            ["client_grant.agency", "client_grant.id"],
            name=op.f("fk_access_token_agency_client_grant"),
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_access_token")),
    )
    op.create_index(op.f("ix_access_token_expires_at"), "access_token", ["expires_at"], unique=False)
    op.create_table(
        "assertion",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("client", sa.String(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["client"], ["client.id"], name=op.f("fk_assertion_client")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_assertion")),
    )
    op.create_index(op.f("ix_assertion_expires_at"), "assertion", ["expires_at"], unique=False)
