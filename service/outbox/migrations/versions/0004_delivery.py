"""Routes with dates, closures and the breaker, merged children, deadlines, questions of their own, replays, withdrawals."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_WAITING = sa.text("state IN ('received', 'held', 'handed_off', 'ready', 'sending', 'in_doubt', 'stuck', 'pending')")
_DUE = sa.text("due_at IS NOT NULL")
_MERGED = sa.text("merged_into IS NOT NULL")
_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Go to this revision."""
    _routes()
    _closures()
    _children_and_lanes()
    _submissions()
    _replays()
    _withdrawals()


def _routes() -> None:
    op.create_table(
        "route",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("route", sa.String(), nullable=False),
        sa.Column("starts_at", sa.BigInteger(), nullable=False),
        sa.Column("set_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_route_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_route")),
        sqlite_autoincrement=True,
    )
    op.create_index("route_agency", "route", ["agency", "programme", "starts_at"], unique=False)
    op.execute(
        "INSERT INTO route (agency, programme, route, starts_at, set_at, actor) "
        "SELECT id, '', route, created_at, created_at, 'agencies add' FROM agency"
    )
    op.drop_column("agency", "route")


def _closures() -> None:
    op.create_table(
        "closure",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("destination", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("programme", sa.String(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_closure")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "closure_open",
        "closure",
        ["destination", "kind", "agency", "programme"],
        unique=True,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
    op.execute(
        "INSERT INTO closure (destination, kind, agency, programme, began_at, actor, why) "
        "SELECT id, 'pause', '', '', paused_at, 'delivery', paused_why FROM destination WHERE paused_at IS NOT NULL"
    )
    op.drop_column("destination", "paused_at")
    op.drop_column("destination", "paused_why")
    for counter in ("failures", "refusals"):
        op.add_column("destination", sa.Column(counter, sa.Integer(), server_default="0", nullable=False))
    for moment in ("opened_at", "probe_at", "closed_at"):
        op.add_column("destination", sa.Column(moment, sa.BigInteger(), nullable=True))
    op.add_column("destination", sa.Column("paced_at", sa.BigInteger(), server_default="0", nullable=False))


def _children_and_lanes() -> None:
    op.execute(
        "ALTER TABLE child ADD COLUMN merged_into VARCHAR CONSTRAINT fk_child_merged_into_child REFERENCES child (id)"
    )
    op.add_column("child", sa.Column("born_digest", sa.String(), nullable=True))
    op.add_column("child", sa.Column("next_due_at", sa.BigInteger(), nullable=True))
    kind = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE lane ADD COLUMN merged_into {kind} CONSTRAINT fk_lane_merged_into_lane REFERENCES lane (id)"
    )
    op.add_column("lane", sa.Column("deadline_at", sa.BigInteger(), server_default="9007199254740992", nullable=False))
    op.drop_index("lane_due", "lane")
    op.create_index(
        "lane_due",
        "lane",
        ["destination", "agency", "deadline_at", "due_at"],
        sqlite_where=_DUE,
        postgresql_where=_DUE,
    )
    op.create_index("lane_merged", "lane", ["merged_into"], sqlite_where=_MERGED, postgresql_where=_MERGED)


def _submissions() -> None:
    op.add_column("submission", sa.Column("asks", sa.Integer(), server_default="0", nullable=False))
    op.add_column("submission", sa.Column("cause", sa.String(), nullable=True))
    op.add_column("submission", sa.Column("since", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("submission", sa.Column("programme", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("submission", sa.Column("deadline_at", sa.BigInteger(), nullable=True))
    op.add_column("submission", sa.Column("corrects", sa.String(), nullable=True))
    op.execute("UPDATE submission SET since = updated_at")
    op.execute("UPDATE submission SET cause = 'gave_up' WHERE state = 'stuck'")
    op.create_index(
        "submission_waiting", "submission", ["lane", "seq"], sqlite_where=_WAITING, postgresql_where=_WAITING
    )
    op.create_index("submission_state", "submission", ["state", "agency", "since"])
    op.add_column("attempt", sa.Column("kind", sa.String(), server_default="send", nullable=False))
    op.add_column("attempt", sa.Column("ended_at", sa.BigInteger(), nullable=True))


def _replays() -> None:
    op.create_table(
        "replay",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("filter", sa.String(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_replay_agency")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_replay")),
        sa.UniqueConstraint("id", name=op.f("uq_replay_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "replay_item",
        sa.Column("replay", sa.String(), nullable=False),
        sa.Column("submission", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("became", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["replay"], ["replay.id"], name=op.f("fk_replay_item_replay")),
        sa.ForeignKeyConstraint(["submission"], ["submission.id"], name=op.f("fk_replay_item_submission")),
        sa.PrimaryKeyConstraint("replay", "submission", name=op.f("pk_replay_item")),
    )


def _withdrawals() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("seq", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("agency", sa.String(), nullable=False),
        sa.Column("child", sa.String(), nullable=False),
        sa.Column("withdrawn_at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["agency"], ["agency.id"], name=op.f("fk_withdrawal_agency")),
        sa.ForeignKeyConstraint(["child"], ["child.id"], name=op.f("fk_withdrawal_child")),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_withdrawal")),
        sa.UniqueConstraint("id", name=op.f("uq_withdrawal_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_withdrawal_child"), "withdrawal", ["child"], unique=False)
