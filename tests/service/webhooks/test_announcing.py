"""A change of state and the message about it are one transaction, on every way in which a state changes."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text
from waiting import claim as take
from waiting import draft, put, sent, settle
from webhook_office import ACCEPTED

from canonical.submission import State, StuckCause
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY
from service.webhooks.body import body_of
from service.webhooks.endpoint import OffCause

VALUES = ("MAX-VALUE-LAST", "MAX-VALUE-DOCUMENT", "100000000077")


def counted(outbox, table) -> int:
    with reading(outbox._engine, EVERY) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_every_change_is_told_in_its_place(outbox, hooks):
    """Received, ready, sending, accepted: one message each, with verdict and attempts as they are then."""
    hooks.add()
    sent(outbox, "d1", State.ACCEPTED)
    assert hooks.became() == [(1, "received"), (2, "ready"), (3, "sending"), (4, "accepted")]
    assert [(row["was"], row["verdict"], row["attempts"]) for row in hooks.rows()] == [
        (None, None, 0), ("received", None, 0), ("ready", None, 1), ("sending", "accepted", 1),
    ]  # fmt: skip


def test_numbers_are_places_in_the_history(outbox, hooks):
    """Whoever registers later, or wants few states, is told the same numbers as GET …/events counts."""
    (id_,) = put(outbox, draft("d1"))
    hooks.add("https://hooks.example.org/", State.STUCK, State.READY)
    (taken,) = take(outbox)
    settle(outbox, taken, State.STUCK, outcome="Unsure", cause=StuckCause.NO_WAY_TO_ASK)
    assert hooks.became() == [(4, "stuck")]
    assert len(outbox.events("riverbend", id_)) == 4


def test_many_of_one_transaction_have_numbers_of_their_own(outbox, hooks):
    """A batch of claims and a batch of settlements tell each submission its own number."""
    hooks.add()
    put(outbox, *(draft(f"d{n}", child=f"10000000000{n}") for n in range(4)))
    outbox.exchange("ecas", "one", [(one, ACCEPTED) for one in take(outbox)], limit=0, lease=timedelta(minutes=1))
    told = {}
    for row in hooks.rows():
        told.setdefault(row["submission"], []).append((row["number"], row["became"]))
    expected = [(1, "received"), (2, "ready"), (3, "sending"), (4, "accepted")]
    assert [*told.values()] == [expected] * 4


def test_each_endpoint_has_a_message_of_its_own(outbox, hooks):
    """Two endpoints are told the same under two ids; another agency's endpoint is told nothing."""
    mine, also, other = hooks.add(), hooks.add(), hooks.add(agency="harborlight")
    put(outbox, draft("d1"))
    rows = hooks.rows()
    assert sorted(row["webhook"] for row in rows) == sorted([mine.id, also.id] * 2)
    assert other.id not in {row["webhook"] for row in rows}
    assert len({row["id"] for row in rows}) == 4


@pytest.mark.parametrize("fault", ["before", "after"])
def test_a_change_that_is_not_written_is_not_told(outbox, hooks, fault):
    """Where the transaction fails there is neither event nor message; where it stands there are both."""
    hooks.add()
    put(outbox, draft("d1"))
    (taken,) = take(outbox)
    events, messages = counted(outbox, t.event), counted(outbox, t.webhook_message)
    table = "webhook_message" if fault == "before" else "audit"
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO {table}_away"))
    with pytest.raises(Exception, match=table):
        outbox.settle(taken, ACCEPTED)
    with writing(outbox._engine, EVERY) as connection:
        connection.execute(text(f"ALTER TABLE {table}_away RENAME TO {table}"))
    assert (counted(outbox, t.event), counted(outbox, t.webhook_message)) == (events, messages)
    assert outbox.entry("riverbend", taken.submission).state is State.SENDING
    outbox.settle(taken, ACCEPTED)
    assert (counted(outbox, t.event), counted(outbox, t.webhook_message)) == (events + 1, messages + 1)


def test_a_body_holds_nothing_of_the_record(outbox, hooks):
    """Neither values nor the sender's document id, neither the child nor the file: names of ours, states and counts."""
    hooks.add()
    (id_,) = put(outbox, draft(VALUES[1], child=VALUES[2], MEMBER_LAST_NAME=VALUES[0], MEMBER_LOCAL_ID=VALUES[0]))
    for row in hooks.rows():
        body = body_of(row)
        assert not any(value.encode() in body for value in VALUES)
        told = json.loads(body)
        assert {*told} == {"type", "timestamp", "data"}
        assert {*told["data"]} == {"submission", "number", "was", "state", "verdict", "attempts"}
        assert told["data"]["submission"] == id_
    with reading(outbox._engine, EVERY) as connection:
        children = [*connection.scalars(select(t.child.c.id))]
    assert children
    assert not any(child.encode() in body_of(row) for child in children for row in hooks.rows())


def test_nobody_who_listens_costs_one_look(outbox, hooks):
    """Without an endpoint a change of state writes nothing more."""
    sent(outbox, "d1", State.ACCEPTED)
    assert hooks.rows() == []


def test_an_endpoint_that_is_off_or_gone_is_told_nothing(outbox, hooks):
    """What happens while it is switched off, or after it was removed, is not written down for it."""
    off, gone = hooks.add(), hooks.add()
    with writing(outbox._engine, EVERY) as connection:
        hooks.mailbag._switch_off(connection, "riverbend", off.id, OffCause.GONE, 1)
    assert hooks.endpoints.remove("riverbend", gone.id, actor="a test")
    put(outbox, draft("d1"))
    assert hooks.rows() == []


def test_racing_removals_stop_no_delivery(outbox, hooks):
    """While endpoints come and go, every change of state is recorded: what is told never fails what happens."""
    faults, over = [], threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            made = hooks.add()
            hooks.endpoints.rotate("riverbend", made.id, timedelta(hours=1), actor="a test")
            hooks.endpoints.remove("riverbend", made.id, actor="a test")

    def deliver() -> None:
        try:
            for n in range(15):
                sent(outbox, f"d{n}", State.ACCEPTED)
        except Exception as error:  # noqa: BLE001 - whatever it is
            faults.append(error)
        finally:
            over.set()

    threads = [threading.Thread(target=one) for one in (come_and_go, deliver)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
