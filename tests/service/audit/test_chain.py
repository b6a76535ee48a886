"""The chain: what is told stands in it, in its order, once, with the deed or not at all."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from service.audit import trail
from service.audit.acting import Acting, act, by_hand
from service.audit.audit import forget_notes
from service.audit.deed import Deed
from service.audit.entry import Entry, chained, encode, from_line
from service.audit.entry import as_line as entry_line
from service.outbox.engine import reading, writing
from service.tenants.tenant import EVERY

ENTRY = Entry(
    "riverbend", 7, 1000, "submission.hold", "done", "key_a", "operator", "submission", "sub_1", "a>b", "ab", "r", ""
)


def test_every_chain_counts_from_one_without_a_gap(told):
    """Each agency has its own numbers, and every digest follows from the one before."""
    for _ in range(3):
        told.tell("riverbend", 2)
        told.tell("harborlight")
    numbers = {agency: [e.number for e in told.entries(agency)] for agency in ("riverbend", "harborlight", "northstar")}
    assert numbers == {"riverbend": [1, 2, 3, 4, 5, 6], "harborlight": [1, 2, 3], "northstar": []}
    assert [chain.faults for chain in told.verified()] == [(), ()]


def test_a_deed_that_fails_leaves_no_entry(told):
    """An entry is of the transaction of its deed: nothing of either stays."""

    def fail() -> None:
        with writing(told.engine, EVERY) as connection:
            told.audit.note(connection, Deed(agency="riverbend", action="submission.hold"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert told.entries() == []


def test_a_deed_whose_entry_cannot_be_written_is_not_done(told):
    """Where the trail takes nothing, neither does anything else happen."""
    told.as_admin(lambda connection: connection.execute(text("ALTER TABLE audit RENAME TO elsewhere")))

    def do() -> None:
        with writing(told.engine, EVERY) as connection:
            connection.execute(text("INSERT INTO agency (id, created_at) VALUES ('newcomer', 0)"))
            told.audit.note(connection, Deed(agency="newcomer", action="agency.added"))

    with pytest.raises(DBAPIError):
        do()
    with reading(told.engine, EVERY) as connection:
        assert connection.execute(text("SELECT count(*) FROM agency WHERE id = 'newcomer'")).scalar() == 0


@pytest.mark.timeout(120)
def test_eight_writers_at_once_leave_no_gap(told):
    """Eight threads, each with several agencies a transaction in an order of its own, and a chain that holds."""

    def work(place: int) -> None:
        agencies = ["riverbend", "harborlight", "northstar", ""]
        for turn in range(12):
            with writing(told.engine, EVERY) as connection:
                for agency in agencies[place % 4 :] + agencies[: place % 4]:
                    told.audit.note(connection, Deed(agency=agency, action="submission.read", detail=f"{place}.{turn}"))

    threads = [threading.Thread(target=work, args=(place,)) for place in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for agency in ("riverbend", "harborlight", "northstar", ""):
        chain = told.entries(agency)
        assert [entry.number for entry in chain] == [*range(1, 97)]
        assert len({entry.detail for entry in chain}) == 96
    assert all(not chain.faults for chain in told.verified())


@pytest.mark.parametrize("table", ["audit", "audit_checkpoint"])
@pytest.mark.parametrize("deed", ["UPDATE {} SET agency = 'x'", "DELETE FROM {}"], ids=["update", "delete"])
def test_the_database_itself_refuses_to_change_what_is_written(told, table, deed):
    """A statement of ours that went wrong, or somebody else's, changes nothing: triggers refuse it."""
    told.tell("riverbend", 2)
    told.checkpoints.sign_all()

    def try_it() -> None:
        with writing(told.engine, EVERY) as connection:
            connection.execute(text(deed.format(table)))

    with pytest.raises(DBAPIError):
        try_it()
    assert (len(told.entries()), len(told.signed())) == (2, 1)


@pytest.mark.parametrize("field", Entry._fields[:-1])
def test_every_field_counts(field):
    """Whatever field is changed, the digest is another."""
    was = getattr(ENTRY, field)
    changed = ENTRY._replace(**{field: was + 1 if isinstance(was, int) else f"{was}x"})
    assert chained("0" * 64, changed) != chained("0" * 64, ENTRY)


@pytest.mark.parametrize(
    ("one", "other"),
    [(("ab", ""), ("a", "b")), (("1:a",), ("1", "a")), (("",), ()), (("a", "1:b"), ("a1:1:b",))],
    ids=["moved", "a length as text", "an empty one", "joined"],
)
def test_no_two_contents_have_the_same_bytes(one, other):
    """A letter that moves from one field to the next changes the bytes that are digested."""
    assert encode(one) != encode(other)


@pytest.mark.parametrize(
    "line",
    [
        entry_line(ENTRY).replace(b'"number":7', b'"number":"7"'),
        entry_line(ENTRY).replace(b'{"', b'{"also":1,"'),
        entry_line(ENTRY).replace(b'"number":7', b'"number":7,"number":7'),
        entry_line(ENTRY).replace(b":7,", b": 7,"),
        b"{}\n",
        b"[]\n",
        b"no JSON\n",
    ],
    ids=["text", "more", "twice", "spaced", "empty", "list", "none"],
)
def test_a_line_is_an_entry_only_as_we_write_it(line):
    """Nothing can be hidden in a line beside what the digest covers."""
    assert from_line(line) is None
    assert from_line(entry_line(ENTRY)) == ENTRY


def test_who_is_told_is_whoever_is_at_work(told):
    """A request's principal, the person on the host, or a worker by its own name."""
    told.tell("riverbend")
    with by_hand("ecas hold"):
        told.tell("riverbend", step=True)
    act(Acting(principal="key_7", role="operator", deed="submission.hold", request="req_1"))
    try:
        told.tell("riverbend", step=True)
    finally:
        act(None)
    worker, person, caller = told.entries()
    assert (worker.principal, worker.role, worker.action) == ("key_0", "system", "submission.read")
    assert (person.principal[:5], person.role, person.action) == ("host:", "host", "ecas hold")
    assert (caller.principal, caller.role, caller.action, caller.request) == (
        "key_7", "operator", "submission.hold", "req_1",
    )  # fmt: skip


def test_a_note_can_be_erased_and_the_chain_stays_whole(told):
    """Only a keyed digest of a person's words is in the chain; the words stand beside it, sealed."""
    told.tell("riverbend", about="sub_1", note="Asked by Robin Example.")
    told.tell("riverbend", about="sub_2", note="Asked by Robin Example.")
    told.checkpoints.sign_all()
    first, second = told.entries()
    assert first.note != second.note  # equal words are not seen to be equal
    with reading(told.engine, EVERY) as connection:
        kept = trail.notes(connection, "riverbend", [1, 2])
    assert [told.audit.note_of(one) for one in kept] == ["Asked by Robin Example."] * 2
    assert b"Robin" not in b"".join(one.sealed for one in kept) + repr(told.entries()).encode()
    with writing(told.engine, EVERY) as connection:
        assert forget_notes(connection, "riverbend", "sub_1") == 1
    with reading(told.engine, EVERY) as connection:
        assert [one.number for one in trail.notes(connection, "riverbend", [1, 2])] == [2]
    assert [chain.faults for chain in told.verified()] == [()]


def test_a_page_is_a_part_of_one_chain(told):
    """After a number, about one thing, or the newest; never another agency's."""
    for number in range(5):
        told.tell("riverbend", about=f"sub_{number % 2}")
    told.tell("harborlight", about="sub_0")
    with reading(told.engine, EVERY) as connection:
        assert [e.number for e in trail.page(connection, "riverbend", after=1, limit=2)] == [2, 3]
        assert [e.number for e in trail.page(connection, "riverbend", limit=9, about="sub_0")] == [1, 3, 5]
        assert [e.number for e in trail.page(connection, "riverbend", limit=2, newest=True)] == [4, 5]
