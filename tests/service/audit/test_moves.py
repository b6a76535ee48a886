"""Every move of a submission has its entry, and every pause, order and withdrawal; over a life with all of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from vaults import vault_of
from waiting import LEASE, claim, draft, put, settle

from canonical.finding import HoldCause
from canonical.submission import State
from service.audit import trail
from service.audit.acting import Acting, act
from service.audit.audit import Audit
from service.audit.deed import ANSWERED, SENT
from service.audit.entry import Entry
from service.clock import to_milliseconds
from service.outbox import schema as t
from service.outbox.engine import reading
from service.outbox.sql_outbox import SqlOutbox
from service.tenants.tenant import EVERY


def entries(outbox: SqlOutbox, agency: str | None = None) -> list[Entry]:
    with reading(outbox._engine, EVERY) as connection:
        return [*trail.entries(connection, agency)]


def moves(outbox: SqlOutbox) -> Counter[tuple[str, str]]:
    with reading(outbox._engine, EVERY) as connection:
        rows = connection.execute(select(t.event.c.submission, t.event.c.was, t.event.c.became)).all()
    return Counter((row.submission, f"{row.was or ''}>{row.became}") for row in rows)


def test_every_move_of_a_life_has_its_entry(outbox, clock):
    """Received, held, released, sent, in doubt, stuck, cancelled, withdrawn: as many entries as events, the same ones."""
    for number in range(6):
        put(outbox, draft(f"d{number}", f"{number:012}"))
    put(outbox, replace(draft("other", "77"), state=State.HELD, holds=(HoldCause.UNKNOWN_KEY,)), agency="northstar")
    one, two, three, *_ = (entry.id for entry in outbox.entries("riverbend", after=None, limit=9, state=None))
    assert outbox.hold("riverbend", one, actor="Robin (key_1)", note="Robin asks.")
    assert outbox.cancel("riverbend", two, actor="Robin (key_1)", note="Twice.")
    assert outbox.withdraw("riverbend", {}, actor="Robin (key_1)", note="By letter.", of=three)
    taken = claim(outbox)
    for found, then in zip(taken, [State.ACCEPTED, State.IN_DOUBT, State.REJECTED], strict=False):
        settle(outbox, found, then)
    clock.forward(LEASE * 3)
    claim(outbox)
    told = Counter((e.about, e.detail) for e in entries(outbox) if e.kind == "submission")
    assert told == moves(outbox)
    assert {e.action for e in entries(outbox)} >= {SENT, ANSWERED, "consent.withdraw"}
    assert {e.agency for e in entries(outbox, "northstar")} == {"northstar"}


def test_a_send_is_told_with_who_and_how_it_ended(outbox):
    """The worker's name at the send; after it what came of it, a failure where nobody knows."""
    (id_,) = put(outbox, draft("d", "1"))
    (taken,) = claim(outbox)
    settle(outbox, taken, State.IN_DOUBT)
    *_, sent, answered = entries(outbox)
    assert (sent.action, sent.about, sent.detail, sent.role) == (SENT, id_, "ready>sending", "system")
    assert (answered.action, answered.outcome, answered.detail) == (ANSWERED, "failed", "sending>in_doubt")


def test_a_persons_word_is_told_by_its_own_name(outbox):
    """Who, by which request, and a keyed digest of why; the words themselves only where they are sealed."""
    (id_,) = put(outbox, draft("d", "1"))
    act(Acting(principal="key_9", role="operator", deed="submission.hold", request="req_7"))
    try:
        assert outbox.hold("riverbend", id_, actor="Robin (key_9)", note="Robin Example asks.")
    finally:
        act(None)
    held = entries(outbox)[-1]
    assert held[3:10] == ("submission.hold", "done", "key_9", "operator", "submission", id_, "ready>held")
    assert (held.request, len(held.note)) == ("req_7", 64)
    assert "Robin" not in repr(entries(outbox))
    with reading(outbox._engine, EVERY) as connection:
        (kept,) = trail.notes(connection, "riverbend", [held.number])
    audit = Audit(vault_of(outbox._engine), lambda _: 0)
    assert (b"Robin" in kept.sealed, audit.note_of(kept)) == (False, "Robin Example asks.")


@pytest.mark.parametrize("agency", ["", "northstar"], ids=["all", "one agency"])
def test_a_pause_is_told_where_it_belongs(outbox, agency):
    """Of every agency in the deployment's chain, of one in its own; one that did not begin or end is not told."""
    outbox.pause("ecas", "They asked us to.", agency=agency)
    assert outbox.resume("ecas", agency=agency)
    assert not outbox.resume("ecas", agency=agency)
    assert [(e.agency, e.action, e.about) for e in entries(outbox)] == [
        (agency, "road.paused", "ecas"),
        (agency, "road.resumed", "ecas"),
    ]


def test_the_time_of_an_entry_is_that_of_its_commit(outbox, clock):
    """By the outbox's own clock."""
    clock.forward(timedelta(hours=5))
    put(outbox, draft("d", "1"))
    assert {entry.at for entry in entries(outbox)} == {to_milliseconds(clock())}
