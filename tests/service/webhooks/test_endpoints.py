"""Endpoints at rest and over time: sealed, readable after every rotation and restore, and strangers to erasure."""

from __future__ import annotations

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from waiting import draft, put, sent

from canonical.errors import ConfigurationError
from canonical.submission import State
from service.backup.restoring import restore
from service.backup.taking import take
from service.clock import utc_now
from service.erasure import Erasures, Order
from service.keyring.rotation import Rotation
from service.main import build_service
from service.outbox import schema as t
from service.outbox.engine import reading
from service.settings import Settings, load
from service.tenants.tenant import EVERY
from service.webhooks.body import body_of
from service.webhooks.networks import read_networks
from service.webhooks.posting import Answer

URL = "https://hooks.example.org/canary-3fd1"
OK = Answer(status=204)


def test_neither_address_nor_secret_lies_open(outbox, hooks):
    """Whoever holds the database without the master key finds no address, no secret and no part of one."""
    made = hooks.add(URL)
    hooks.endpoints.rotate("riverbend", made.id, timedelta(hours=1), actor="a test")
    with reading(outbox._engine, EVERY) as connection:
        (row,) = connection.execute(select(t.webhook)).mappings()
        whole = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in row.values())
    assert b"canary" not in whole
    assert made.secret.encode()[6:30] not in whole
    assert b"canary" not in repr(hooks.claim()).encode() + repr(hooks.endpoints.all(None)).encode()


def test_a_removed_endpoint_leaves_nothing(outbox, hooks):
    """Address and secrets are gone with the same commit; what waited is over; its id is nobody's."""
    made = hooks.add(URL)
    hooks.endpoints.rotate("riverbend", made.id, timedelta(hours=1), actor="a test")
    put(outbox, draft("d1"))
    claims = hooks.claim()
    assert hooks.endpoints.remove("riverbend", made.id, actor="a test")
    with reading(outbox._engine, EVERY) as connection:
        (row,) = connection.execute(select(t.webhook)).mappings()
    assert (row["sealed_url"], row["sealed_secret"], row["sealed_secret_before"]) == (b"", b"", None)
    hooks.settle(claims, OK)
    assert {one["outcome"] for one in hooks.rows()} == {"dead"}
    assert hooks.endpoints.find("riverbend", made.id) is None
    assert hooks.endpoints.rotate("riverbend", made.id, timedelta(0), actor="a test") is None
    assert not hooks.endpoints.switch_on("riverbend", made.id, resend=True, actor="a test")


def test_an_agency_reaches_no_other_ones(hooks):
    """By whatever method: another agency's endpoint is not there."""
    made = hooks.add(URL)
    other = "harborlight"
    assert hooks.endpoints.find(other, made.id) is None
    assert hooks.endpoints.all(other) == []
    assert hooks.endpoints.rotate(other, made.id, timedelta(0), actor="a test") is None
    assert not hooks.endpoints.remove(other, made.id, actor="a test")
    assert not hooks.endpoints.switch_on(other, made.id, resend=False, actor="a test")
    assert hooks.endpoints.test(other, made.id, actor="a test") is None
    assert hooks.endpoints.messages(other, made.id) == []
    assert hooks.endpoints.messages(None, made.id) == []


def test_secrets_outlive_the_agencys_key(outbox, hooks):
    """After “ecas vault rotate” the same secret signs."""
    made = hooks.add(URL)
    hooks.endpoints.test("riverbend", made.id, actor="a test")
    Rotation(engine=outbox._engine, vault=outbox._vault, clock=utc_now, wait=lambda _: None).run(["riverbend"])
    (claim,) = hooks.claim()
    assert (claim.url, claim.secrets) == (URL, (made.secret,))


def test_an_erased_submission_stays_erased(outbox, hooks):
    """What still waits about it is sent, and holds the same few names as before; nothing of the record comes back."""
    hooks.add(URL)
    id_ = sent(outbox, "canary-document", State.ACCEPTED, MEMBER_LAST_NAME="canary-name")
    before = [body_of(row) for row in hooks.rows()]
    erasures = Erasures(engine=outbox._engine, vault=outbox._vault, audit=outbox._audit, clock=hooks.clock)
    erasures.submission(id_, Order(actor="a test"))
    assert [body_of(row) for row in hooks.rows()] == before
    bodies = [claim.body for claim in hooks.claim()]
    assert {json.loads(body)["data"]["submission"] for body in bodies} == {id_}
    assert not any(b"canary" in body for body in bodies)
    hooks.settle([], OK)
    assert outbox.entry("riverbend", id_).state is State.ACCEPTED


def test_a_backup_holds_endpoints_and_a_restored_copy_is_silent(tmp_path: Path):
    """Endpoints and messages come back with a restore, sealed; nothing is sent from the copy while it is in quarantine."""
    settings = Settings(data_dir=tmp_path / "var")
    service = build_service(settings)
    service.agencies.add("riverbend")
    made = service.webhooks.add("riverbend", URL, actor="a test")
    message = service.webhooks.test("riverbend", made.id, actor="a test")
    masters = service.vault.ring.masters
    take(service.engine, masters, tmp_path / "one.backup", utc_now, service.new_id)
    service.engine.dispose()
    copy = Settings(data_dir=tmp_path / "copy", key_file=tmp_path / "var/master.key")
    restore(tmp_path / "one.backup", copy, masters, utc_now, destination="ecas")
    again = build_service(copy)
    assert [one.url for one in again.webhooks.all("riverbend")] == [URL]
    assert (again.mailbag.due(), again.mailbag.exchange([], "one", room=9)) == (False, [])
    again.engine.dispose()
    with sqlite3.connect(tmp_path / "copy/ecas.sqlite3") as database:
        database.execute("UPDATE quarantine SET released_at = 1")
    (claim,) = build_service(copy).mailbag.exchange([], "one", room=9)
    assert (claim.id, claim.url, claim.secrets) == (message, URL, (made.secret,))


@pytest.mark.parametrize(
    ("given", "listed"),
    [("10.1.0.0/16", 1), ("10.1.0.0/16, fd00::/8,192.168.1.9", 3), ("", 0)],
    ids=["one", "three", "none"],
)
def test_networks_come_from_the_environment(tmp_path, given, listed):
    """Separated by commas: IPv6 has colons."""
    assert len(load(tmp_path, {"ECAS_WEBHOOK_NETWORKS": given}).webhook_networks) == listed


@pytest.mark.parametrize("wrong", ["10.1.0.0/33", "10.1.2.3/16", "example.org", "10.1.0.0-10.1.0.9", "*"])
def test_a_network_that_is_none_is_told(wrong):
    """Before anything starts; a mistyped mask opens nothing."""
    with pytest.raises(ConfigurationError, match="webhook_networks"):
        read_networks([wrong])
