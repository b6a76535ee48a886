"""The keys towards the state: the same document has the same one, whoever writes it down and however often."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, select
from waiting import draft, put, sent

from canonical.submission import State
from service.outbox import schema as t
from service.outbox.engine import reading, writing
from service.outbox.state_keys import first_key, next_key
from service.tenants.tenant import EVERY
from service.vault import Vault


def key_of(outbox, id_: str) -> str:
    with reading(outbox._engine, EVERY) as connection:
        return connection.execute(select(t.submission.c.idempotency_key).where(t.submission.c.id == id_)).scalar_one()


def forget(outbox, id_: str) -> None:
    """Let it never have been written down, as in a copy that is older."""
    with writing(outbox._engine, EVERY) as connection:
        for table in (t.attempt, t.event, t.receipt):
            connection.execute(delete(table).where(table.c.submission == id_))
        connection.execute(delete(t.submission).where(t.submission.c.id == id_))


def test_what_is_submitted_again_to_an_older_copy_has_the_key_that_the_state_knows(outbox):
    """The submission is another one, its key towards the state is not."""
    first = sent(outbox, "d1", State.ACCEPTED)
    key = key_of(outbox, first)
    forget(outbox, first)
    (again,) = put(outbox, draft("d1"))
    assert again != first
    assert key_of(outbox, again) == key


@pytest.mark.parametrize("other", [{"DOCUMENT_VERSION": "2"}, {"SUBMISSION_TYPE": "void"}, {"DOCUMENT_ID": "d2"}])
def test_another_document_has_another_key(outbox, other):
    """Another version, another type, another id; and another agency's document of the same name."""
    (one,) = put(outbox, draft("d1"))
    (two,) = put(outbox, draft("d1", **other) if "DOCUMENT_ID" not in other else draft("d2"))
    (three,) = put(outbox, draft("d1"), agency="harborlight")
    assert len({key_of(outbox, id_) for id_ in (one, two, three)}) == 3


def test_after_a_refusal_the_next_try_has_the_key_after_it(outbox):
    """A rejected document that comes again is not answered with the rejection of before."""
    rejected = sent(outbox, "d1", State.REJECTED)
    (again,) = put(outbox, draft("d1"))
    assert key_of(outbox, again) == next_key(outbox._vault, key_of(outbox, rejected))


def test_one_that_never_left_leaves_its_key_to_the_one_in_its_place(outbox):
    """A repaired export goes under the key of the one that it took the place of: the state has seen it never."""
    (held,) = put(outbox, draft("d1", state=State.HELD))
    key = key_of(outbox, held)
    (repaired,) = put(outbox, draft("d1", LDF_SLEEP="2"))
    assert key_of(outbox, repaired) == key
    assert key_of(outbox, held) != key


def test_nobody_guesses_a_key(outbox):
    """Another deployment's vault derives other keys from the same document."""
    one = first_key(outbox._vault, "riverbend", "d")
    assert one.startswith("idem_")
    assert len(one) == len("idem_") + 26
    assert one != first_key(Vault(bytes(32)), "riverbend", "d")
