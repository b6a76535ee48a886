"""API keys: whose, for what, until when; and the way from one to the next."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import text

from canonical.errors import ConfigurationError
from service.credentials.last_uses import LastUses
from service.credentials.principal import Permission, Role
from service.main import build_service
from service.settings import Settings

DAY = timedelta(days=1)


@pytest.fixture
def keys(credentials):
    return credentials.keys


def _issued(keys, role=Role.SUBMITTER, **more):
    return keys.issue("riverbend", owner="Dana Whitfield", role=role, **more)


def test_a_key_says_whose_it_is_and_what_it_may(keys):
    """Owner, agency, role and scopes come with the key, and a key of one agency is never another's."""
    issued = _issued(keys, scopes=[Permission.READ])
    known = keys.recognise(issued.key)
    assert (known.id, known.owner, known.agency) == (issued.id, "Dana Whitfield", "riverbend")
    assert (known.role, known.scopes) == (Role.SUBMITTER, {Permission.READ})
    assert known.actor == f"Dana Whitfield ({issued.id})"


def test_a_key_is_kept_nowhere(keys, service, tmp_path):
    """No table holds it, and neither does a file; its digest is under the master key."""
    issued = _issued(keys)
    with service.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM api_key")).all()
    assert issued.id in str(rows)
    assert issued.key not in str(rows)
    assert issued.key not in repr(issued)
    content = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert issued.key.removeprefix("ecas_").encode() not in content


def test_a_key_ends_by_itself(keys, clock):
    """To the moment: it works before its end and not at it."""
    issued = _issued(keys, lifetime=30 * DAY)
    clock.forward(30 * DAY - timedelta(milliseconds=1))
    assert keys.recognise(issued.key) is not None
    clock.forward(timedelta(milliseconds=1))
    assert keys.recognise(issued.key) is None


def test_a_rotation_without_overlap_is_a_cut(keys):
    """From the commit on the new key works and the old one does not; owner, role and scopes are the same."""
    old = _issued(keys, role=Role.OPERATOR, scopes=[Permission.DECIDE, Permission.READ])
    new = keys.rotate("riverbend", old.id)
    known = keys.recognise(new.key)
    assert keys.recognise(old.key) is None
    assert (known.owner, known.role, known.scopes) == (
        "Dana Whitfield", Role.OPERATOR, {Permission.DECIDE, Permission.READ},
    )  # fmt: skip
    assert (new.instead_of, new.old_until) == (old.id, None)


def test_a_rotation_with_overlap_lets_both_work_for_a_while(keys, clock):
    """Both work until the named end; from then on the new one alone."""
    old = _issued(keys)
    new = keys.rotate("riverbend", old.id, overlap=7 * DAY)
    assert (new.instead_of, new.old_until) == (old.id, clock() + 7 * DAY)
    clock.forward(7 * DAY - timedelta(seconds=1))
    assert keys.recognise(old.key) is not None
    assert keys.recognise(new.key) is not None
    clock.forward(timedelta(seconds=1))
    assert keys.recognise(old.key) is None
    assert keys.recognise(new.key) is not None


def test_an_overlap_never_lengthens_a_key_s_life(keys, clock):
    """A key that ends tomorrow ends tomorrow, and the new one lives as long as the old one was meant to."""
    old = _issued(keys, lifetime=30 * DAY)
    clock.forward(29 * DAY)
    new = keys.rotate("riverbend", old.id, overlap=7 * DAY)
    assert new.old_until == clock() + DAY
    assert new.expires_at == clock() + 30 * DAY


def test_a_cut_ends_every_generation(keys):
    """A second rotation without overlap, because a key leaked, leaves none of the old ones alive."""
    first = _issued(keys)
    second = keys.rotate("riverbend", first.id, overlap=7 * DAY)
    third = keys.rotate("riverbend", second.id)
    assert [keys.recognise(one.key) is not None for one in (first, second, third)] == [False, False, True]


def test_a_revoked_key_does_not_come_back(keys):
    """A rotation with overlap of a revoked key gives a new one and leaves the old one dead."""
    old = _issued(keys)
    keys.revoke("riverbend", old.id)
    new = keys.rotate("riverbend", old.id, overlap=DAY)
    assert keys.recognise(old.key) is None
    assert new.old_until is None


def test_which_key_to_rotate_is_said_where_there_are_several(keys):
    """An agency with one key needs no id; with two it does, and a replaced one counts no more."""
    assert keys.rotate("harborlight").key
    one = _issued(keys)
    with pytest.raises(ConfigurationError, match="2 API keys: say which"):
        keys.rotate("riverbend")
    (first,) = (key for key in keys.of("riverbend") if key.id != one.id)
    keys.revoke("riverbend", first.id)
    new = keys.rotate("riverbend", overlap=DAY)
    assert new.instead_of == one.id
    with pytest.raises(ConfigurationError, match=f"replaced already, by {new.id}"):
        keys.rotate("riverbend", one.id)


def test_one_key_is_revoked_and_the_others_work(keys):
    """Whoever leaves takes nobody's key along; with no key named, all are gone."""
    one, other = _issued(keys), _issued(keys)
    keys.revoke("riverbend", one.id)
    assert [keys.recognise(key.key) is None for key in (one, other)] == [True, False]
    keys.revoke("riverbend")
    assert keys.recognise(other.key) is None


@pytest.mark.parametrize("overlap", [-DAY, 91 * DAY], ids=["negative", "too-long"])
def test_an_overlap_has_bounds(keys, overlap):
    """Two keys are the way from one to the other, and no way to live."""
    with pytest.raises(ConfigurationError, match="overlap for 90 days"):
        keys.rotate("harborlight", overlap=overlap)


def test_another_agency_s_key_is_not_there(keys):
    """Neither rotated nor revoked under the wrong agency; an unknown agency has none."""
    issued = _issued(keys)
    for act in (keys.rotate, keys.revoke):
        with pytest.raises(ConfigurationError, match="no API key of that id"):
            act("harborlight", issued.id)
        with pytest.raises(ConfigurationError, match="no agency of that id"):
            act("nobody")
    assert keys.recognise(issued.key) is not None


async def test_last_uses_are_written_together_and_once_a_minute(service, credentials, clock):
    """The first use is written at once, the others of a minute together; two uses are one row changed."""
    issued = _issued(credentials.keys)
    uses = LastUses(service.engine, clock, every=0.2)
    uses.note(issued.id)
    await _until(lambda: _last_used(credentials, issued) == clock())
    first = clock()
    clock.forward(timedelta(minutes=1))
    uses.note(issued.id)
    uses.note(issued.id)
    assert _last_used(credentials, issued) == first
    await _until(lambda: _last_used(credentials, issued) == clock())


async def test_a_busy_database_keeps_no_request_waiting(tmp_path, clock):
    """A note takes no lock: while another process holds the writer, it returns, and the use is told later or never."""
    service = build_service(Settings(data_dir=tmp_path / "var"), clock=clock)
    service.agencies.add("riverbend")
    issued = _issued(service.credentials.keys)
    other = sqlite3.connect(tmp_path / "var/ecas.sqlite3")
    other.execute("BEGIN IMMEDIATE")
    began = asyncio.get_running_loop().time()
    service.credentials.uses.note(issued.id)
    assert service.credentials.keys.recognise(issued.key) is not None
    assert asyncio.get_running_loop().time() - began < 10  # the writer would wait for 30 s
    other.rollback()
    other.close()
    await _until(lambda: _last_used(service.credentials, issued) == clock())
    service.engine.dispose()


def _last_used(credentials, issued):
    return next(key.last_used_at for key in credentials.keys.of("riverbend") if key.id == issued.id)


async def _until(true):
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 - a thread does it, and tells nobody
            await asyncio.sleep(0.01)
