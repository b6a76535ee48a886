"""Composite keys: on both back ends a row of one agency cannot refer to a row of another, whoever writes it."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from waiting import draft, put

from canonical.finding import HoldCause
from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.prospects import How
from service.outbox.replaying import Order
from service.outbox.resolving import Word
from service.tenants.tenant import EVERY

OURS, THEIRS = "riverbend", "harborlight"
#: Of rows that refer to others: what they refer to.
REFERENCES = [
    (t.child_identifier, "child"), (t.lane, "child"), (t.submission, "payload"), (t.submission, "lane"),
    (t.submission, "corrects"), (t.attempt, "submission"), (t.event, "submission"), (t.receipt, "submission"),
    (t.withdrawal, "child"), (t.child, "merged_into"), (t.lane, "merged_into"), (t.replay_item, "submission"),
]  # fmt: skip


@pytest.fixture
def both(outbox):
    """Two agencies, each with one of everything."""
    for agency in (OURS, THEIRS):
        (id_,) = put(outbox, draft(f"d-{agency}", state=State.HELD, holds=(HoldCause.PERSON,)), agency=agency)
        outbox.withdraw(agency, {"MEMBER_LOCAL_ID": "7"}, actor="a", note="n")
        word = Word(actor="a", note="n")
        outbox.begin_replay(Order(agency=agency, how=How.SEND, chosen={}, per_minute=1, word=word), [id_])
        with writing(outbox._engine, EVERY) as connection:
            connection.execute(
                insert(t.attempt).values(agency=agency, submission=id_, kind="send", number=1, started_at=0)
            )
            connection.execute(
                insert(t.receipt).values(
                    agency=agency, submission=id_, received_at=0, verdict="pending", tracking_id="k", sealed=b""
                )
            )
    return outbox


@pytest.mark.parametrize(("table", "column"), REFERENCES, ids=lambda value: getattr(value, "name", value))
def test_no_row_refers_to_another_agencys(both, table, column):
    """What points at another agency's row is refused by the database, even as an operator."""
    named = table if column == "merged_into" else t.metadata.tables.get(column, t.submission)
    target = named.c.id
    with reading(both._engine, EVERY) as connection:
        theirs = connection.execute(select(target).where(named.c.agency == THEIRS)).scalars().first()
        assert connection.execute(select(table).where(table.c.agency == OURS)).first() is not None
    with pytest.raises(IntegrityError), writing(both._engine, EVERY) as connection:
        connection.execute(update(table).where(table.c.agency == OURS).values({column: theirs}))


@pytest.mark.parametrize("table", [t.attempt, t.event, t.receipt, t.lane, t.submission, t.replay_item], ids=str)
def test_no_row_goes_over_to_another_agency(both, table):
    """An agency cannot be changed under a row: what it refers to would be another's."""
    with pytest.raises(IntegrityError), writing(both._engine, EVERY) as connection:
        connection.execute(update(table).where(table.c.agency == OURS).values(agency=THEIRS))


def test_an_item_of_a_replay_is_of_its_agency_or_of_an_operators(both):
    """An agency's replay takes in nothing of another's; an operator's, over all, takes in what it was given."""
    with reading(both._engine, EVERY) as connection:
        theirs = connection.scalars(select(t.submission.c.id).where(t.submission.c.agency == THEIRS)).one()
    word = Word(actor="a", note="n")
    with pytest.raises(IntegrityError):
        both.begin_replay(Order(agency=OURS, how=How.SEND, chosen={}, per_minute=1, word=word), [theirs])
    made = both.begin_replay(Order(agency=None, how=How.SEND, chosen={}, per_minute=1, word=word), [theirs])
    assert made.total == 1
    assert both.replay(made.id, agency=THEIRS) is None


def test_every_row_of_a_submission_bears_its_agency(both):
    """Events, attempts, receipts and items are of the agency of their submission, whoever wrote them."""
    with reading(both._engine, EVERY) as connection:
        for table in (t.event, t.attempt, t.receipt, t.replay_item):
            rows = connection.execute(
                select(table.c.agency, t.submission.c.agency).join(
                    t.submission, t.submission.c.id == table.c.submission
                )
            ).all()
            assert {own for own, _ in rows} == {OURS, THEIRS}
            assert all(own == whose for own, whose in rows)
