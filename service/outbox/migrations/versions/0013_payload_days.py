"""The day of a payload, by which its mapping is chosen whenever it is read again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go to this revision: what is there already is of the day on which it was received."""
    op.add_column("payload", sa.Column("day", sa.String(), nullable=True))
