from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import delete, update

from service.api.bodies import Limits
from service.api.readiness import Readiness
from service.free_space import FreeSpace
from service.metrics.instruments import READY
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, writing
from service.settings import Settings
from service.tenants.tenant import EVERY
from service.vault import open_vault


@pytest.fixture
def readiness(database_url: str, tmp_path) -> Iterator[Readiness]:
    engine = open_engine(database_url)
    migrate.upgrade(engine)
    vault, _ = open_vault(engine, Settings(data_dir=tmp_path, database_url=database_url), environment={})
    now = iter(range(0, 1000, 10))
    yield Readiness(engine, vault, FreeSpace({"data": tmp_path}, 1), clock=lambda: next(now))
    engine.dispose()


def test_everything_is_looked_at(readiness):
    """On either back end a good deployment passes every check, and the figures say the same."""
    assert readiness.checks() == dict.fromkeys(("database_writable", "schema_at_head", "key_fits", "space_left"), True)
    assert READY.labels("key_fits")._value.get() == 1


def test_another_database_is_not_ours(readiness):
    """A database whose keys are not under our master key makes the service unready: what it holds would not open."""
    with writing(readiness._engine, EVERY) as connection:
        connection.execute(update(t.vault_key).values(wrapped=b"of somebody else"))
    assert readiness.checks()["key_fits"] is False


def test_a_database_without_keys_is_not_ours(readiness):
    """A fresh database in the place of ours makes it unready too."""
    with writing(readiness._engine, EVERY) as connection:
        connection.execute(delete(t.vault_key))
    assert readiness.checks()["key_fits"] is False


def test_many_who_ask_share_one_look(tmp_path):
    """Anyone may ask, as often as they like, and the database is asked once in two seconds."""
    engine = open_engine(f"sqlite:///{tmp_path}/outbox.sqlite3")
    migrate.upgrade(engine)
    vault, _ = open_vault(engine, Settings(data_dir=tmp_path), environment={})
    readiness = Readiness(engine, vault, FreeSpace({"data": tmp_path}, 1), clock=lambda: 1.0)
    assert all(readiness.checks().values())
    engine.dispose()
    (tmp_path / "outbox.sqlite3").unlink()
    assert all(readiness.checks().values())


class _Slow:
    """An intake that waits until a gate opens."""

    def __init__(self, intake, gate: threading.Event) -> None:
        self._intake, self._gate = intake, gate

    def receive(self, *given, **named):
        assert self._gate.wait(60)
        return self._intake.receive(*given, **named)


def test_large_payloads_under_way_keep_nobody_from_asking(start):
    """While forty bodies drip and every thread that judges is taken, readiness and credentials are looked at all the same."""
    running = start(limits=Limits(body_seconds=20))
    gate = threading.Event()
    object.__setattr__(running.service, "intake", _Slow(running.service.intake, gate))
    askers = [threading.Thread(target=running.submit, args=(f"k{number}",)) for number in range(40)]
    for asker in askers:
        asker.start()
    try:
        status, _, body = running.ask("GET", "/readyz")
        assert (status, json.loads(body)["status"]) == (200, "ready")
        assert running.ask("POST", "/v1/submissions", b"{}", {"Authorization": "Bearer ecas_nobody"})[0] == 401
    finally:
        gate.set()
        for asker in askers:
            asker.join()
