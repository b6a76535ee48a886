"""Kept empty: the tables of webhooks refer to submissions by (agency, id), and so come with 0011."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision."""
