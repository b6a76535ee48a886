"""Entries of those who only look: on disk before anybody is answered, many to a commit, failures for all that wait."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from service.audit.acting import Acting, act
from service.audit.at_once import AtOnce
from service.audit.audit import Audit
from service.audit.deed import Deed
from service.outbox.engine import writing
from service.tenants.connections import tenant_of
from service.tenants.tenant import EVERY, asks, nobody_asks
from service.vault import Vault


def look(number: int) -> Deed:
    return Deed(agency="riverbend", action="submission.read", actor=f"key_{number}")


async def test_many_who_look_at_once_share_commits(told):
    """A hundred looks are a hundred entries, in a handful of transactions."""
    commits: list[int] = []
    event.listen(told.engine, "commit", lambda _: commits.append(1))
    at_once = AtOnce(told.engine, told.audit)
    await asyncio.gather(*(at_once.note(look(number)) for number in range(100)))
    assert {entry.principal for entry in told.entries()} == {f"key_{number}" for number in range(100)}
    assert len(commits) < 10


async def test_each_entry_names_its_own_caller(told):
    """Whoever happens to write the batch writes everybody's name, not their own."""
    at_once = AtOnce(told.engine, told.audit)

    async def ask(number: int) -> None:
        act(Acting(principal=f"key_{number}", role="auditor", request=f"req_{number}"))
        await at_once.note(Deed(agency="riverbend", action="submission.read", about=f"sub_{number}"))

    await asyncio.gather(*(asyncio.create_task(ask(number)) for number in range(20)))
    assert {(e.principal[4:], e.request[4:], e.about[4:]) for e in told.entries()} == {
        (str(n), str(n), str(n)) for n in range(20)
    }


async def test_nobody_is_told_that_it_is_written_when_it_is_not(told):
    """All that wait for the batch that failed hear of it; the next batch has its own chance."""
    at_once = AtOnce(told.engine, told.audit)
    rename = "ALTER TABLE {} RENAME TO {}"
    told.as_admin(lambda connection: connection.execute(text(rename.format("audit", "elsewhere"))))
    heard = await asyncio.gather(*(at_once.note(look(n)) for n in range(5)), return_exceptions=True)
    assert [isinstance(one, DBAPIError) for one in heard] == [True] * 5
    with writing(told.engine, EVERY) as connection:
        connection.execute(text(rename.format("elsewhere", "audit")))
    await at_once.note(look(9))
    assert [entry.principal for entry in told.entries()] == ["key_9"]


async def test_whoever_goes_away_keeps_nobody_from_theirs(told):
    """A caller that is cancelled while it waits leaves the others their entries."""
    at_once = AtOnce(told.engine, told.audit)
    gone = asyncio.create_task(at_once.note(look(1)))
    await asyncio.sleep(0)
    gone.cancel()
    await at_once.note(look(2))
    with pytest.raises(asyncio.CancelledError):
        await gone
    assert {entry.principal for entry in told.entries()} >= {"key_2"}


async def test_it_writes_for_everybody_whoever_asked_first(told):
    """The transaction is nobody's request: an agency's own bounds would refuse the entries of its neighbours."""
    tenants = []

    class Watching(Audit):
        def write(self, connection, deeds) -> None:
            tenants.append(tenant_of(connection))
            super().write(connection, deeds)

    at_once = AtOnce(told.engine, Watching(Vault(bytes(range(32))), lambda _: 0))
    with nobody_asks():
        asks("riverbend")
        await at_once.note(look(1))
    assert tenants == [EVERY]
