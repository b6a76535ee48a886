"""Every row of an agency names it, and refers to other rows by (agency, id)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, NamedTuple

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


class _Change(NamedTuple):
    """What becomes of one table."""

    table: str
    #: Columns that refer to a row of another table, and that table.
    refers: tuple[tuple[str, str], ...] = ()
    #: True where other rows refer to these.
    referred_to: bool = False
    #: True where SQLite must be told again that a number is never used twice.
    counted: bool = True


#: In this order: what is referred to comes before what refers to it.
_CHANGES: Final = (
    _Change("payload", referred_to=True, counted=False),
    _Change("child", (("merged_into", "child"),), referred_to=True, counted=False),
    _Change("child_identifier", (("child", "child"),), counted=False),
    _Change("lane", (("child", "child"), ("merged_into", "lane")), referred_to=True, counted=False),
    _Change("submission", (("payload", "payload"), ("lane", "lane")), referred_to=True),
    _Change("attempt", (("submission", "submission"),)),
    _Change("event", (("submission", "submission"),)),
    _Change("receipt", (("submission", "submission"),)),
    _Change("withdrawal", (("child", "child"),)),
    _Change("assessor", referred_to=True),
    _Change("certificate", (("assessor", "assessor"),), referred_to=True),
    _Change("evidence", (("certificate", "certificate"),)),
    _Change("roster_change", (("assessor", "assessor"),)),
)
_SUBMISSION: Final = sa.table("submission", sa.column("id"), sa.column("agency"))
#: What was known only by the submission that it belongs to.
_OF_SUBMISSIONS: Final = ("attempt", "event", "receipt", "replay_item")
#: How two foreign keys are called that SQLite keeps without their names.
_UNNAMED: Final = {"fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s"}


def upgrade() -> None:
    """Go to this revision."""
    for table in _OF_SUBMISSIONS:
        op.add_column(table, sa.Column("agency", sa.String(), nullable=True))
        rows = sa.table(table, sa.column("agency"), sa.column("submission"))
        theirs = sa.select(_SUBMISSION.c.agency).where(_SUBMISSION.c.id == rows.c.submission).scalar_subquery()
        op.execute(sa.update(rows).values(agency=theirs))
    for change in _CHANGES:
        with _changing(change.table, counted=change.counted) as batch:
            _make(batch, change)
    _replays()


def _make(batch: BatchOperations, change: _Change) -> None:
    table = change.table
    if table in _OF_SUBMISSIONS:
        batch.alter_column("agency", existing_type=sa.String(), nullable=False)
    if change.referred_to:
        batch.create_unique_constraint(op.f(f"uq_{table}_agency_id"), ["agency", "id"])
    for column, other in change.refers:
        name = f"fk_{table}_{column}"
        added_later = column == "merged_into"
        batch.drop_constraint(op.f(f"{name}_{other}" if added_later else name), "foreignkey")
        _refer(batch, table, ("agency", column), other)
    if table == "submission":
        _refer(batch, table, ("agency", "corrects"), table)


def _refer(batch: BatchOperations, table: str, columns: tuple[str, str], other: str) -> None:
    name = op.f(f"fk_{table}_{'_'.join(columns)}")
    batch.create_foreign_key(name, other, [*columns], [columns[0], "id"])


def _replays() -> None:
    """An operator's replay is of no agency; its items still refer to it by a pair that cannot name another's."""
    op.add_column("replay", sa.Column("scope", sa.String(), nullable=True))
    op.execute("UPDATE replay SET scope = coalesce(agency, '*')")
    op.add_column("replay_item", sa.Column("scope", sa.String(), nullable=True))
    op.execute("UPDATE replay_item SET scope = (SELECT r.scope FROM replay r WHERE r.id = replay_item.replay)")
    with _changing("replay", counted=True) as batch:
        batch.alter_column("scope", existing_type=sa.String(), nullable=False)
        batch.create_unique_constraint(op.f("uq_replay_scope_id"), ["scope", "id"])
        batch.create_check_constraint(op.f("replay_scope"), "scope = coalesce(agency, '*')")
    with _changing("replay_item", counted=False) as batch:
        for column in ("agency", "scope"):
            batch.alter_column(column, existing_type=sa.String(), nullable=False)
        batch.create_check_constraint(op.f("replay_item_scope"), "scope IN ('*', agency)")
        batch.drop_constraint(op.f("fk_replay_item_replay"), "foreignkey")
        batch.drop_constraint(op.f("fk_replay_item_submission"), "foreignkey")
        _refer(batch, "replay_item", ("scope", "replay"), "replay")
        _refer(batch, "replay_item", ("agency", "submission"), "submission")


@contextmanager
def _changing(table: str, *, counted: bool) -> Iterator[BatchOperations]:
    """Change a table in place, or make it anew where there is no other way (SQLite)."""
    kwargs = {"sqlite_autoincrement": True} if counted else {}
    with op.batch_alter_table(table, table_kwargs=kwargs, naming_convention=_UNNAMED) as batch:
        yield batch
