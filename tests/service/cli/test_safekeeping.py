"""The commands that keep records safe, and those that let them go, as an operator gives them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import update
from waiting import draft

from canonical.payload import Payload
from canonical.submission import State
from service.cli.main import outcome
from service.main import Service, build_service
from service.outbox import schema as t
from service.outbox.engine import writing
from service.settings import load
from service.tenants.tenant import EVERY


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """Return a folder with a deployment of one agency, which is the working folder."""
    for name in [name for name in os.environ if name.startswith("ECAS_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    service = build_service(load())
    service.agencies.add("riverbend")
    service.engine.dispose()
    return tmp_path


def ended(service: Service, document: str) -> str:
    """Write down a submission that was blocked, and return its id."""
    ids: list[str] = []
    payload = Payload(content=b"{}", name=f"payload:{service.new_id('pay')}", agency="riverbend")

    def answer(entries: object) -> tuple[int, bytes]:
        ids.extend(entry.id for entry in entries)  # type: ignore[attr-defined]
        return 202, b""

    service.outbox.put(payload, "fhir", [draft(document, state=State.BLOCKED)], request=None, answer=answer)
    return ids[0]


def test_a_new_master_key_takes_the_place_of_the_old_one(place, monkeypatch, capfd):
    """With both the keys are brought over, and then the new one alone opens everything."""
    old = place / "var/master.key"
    assert outcome(["vault", "new-key", "next.key"]) == 0
    assert outcome(["vault", "new-key", "next.key"]) == 2
    monkeypatch.setenv("ECAS_KEY_FILE", "next.key")
    assert outcome(["vault", "status"]) == 2
    monkeypatch.setenv("ECAS_PREVIOUS_KEY_FILE", str(old))
    assert outcome(["vault", "status"]) == 1
    assert outcome(["vault", "change-master"]) == 0
    monkeypatch.delenv("ECAS_PREVIOUS_KEY_FILE")
    old.unlink()
    capfd.readouterr()
    assert outcome(["vault", "status"]) == 0
    assert "under another master     0" in capfd.readouterr().out


def test_a_record_is_erased_and_listed(place, capfd, tmp_path):
    """By its id, or with everything of its child; the list names ids of ours, and no value."""
    service = build_service(load())
    one, two = ended(service, "Kanarienvogel"), ended(service, "d2")
    assert outcome(["erase", "submission", one, "--note", "case-12"]) == 0
    assert outcome(["erase", "child", "--note", "case-12"]) == 2
    (tmp_path / "member.txt").write_text("100000000009\n")
    named = ["--agency", "riverbend", "--member-id-file", "member.txt"]
    assert outcome(["erase", "child", *named, "--note", "case-12"]) == 2
    assert outcome(["erase", "scrub"]) == 0
    capfd.readouterr()
    assert outcome(["erase", "list", "--report", "json"]) == 0
    listed = capfd.readouterr().out
    assert one in [entry["subject"] for entry in json.loads(listed)["erased"]]
    assert two not in listed
    assert "Kanarienvogel" not in listed
    service.engine.dispose()


def test_a_hold_keeps_what_is_over_its_time_until_it_is_lifted(place, monkeypatch, capfd):
    """As long as it stands nothing goes; lifted, the next run erases it."""
    monkeypatch.setenv("ECAS_KEEP_PAYLOAD_DAYS", "30")
    service = build_service(load())
    ended(service, "d1")
    with writing(service.engine, EVERY) as connection:
        connection.execute(update(t.payload).values(received_at=1))
    capfd.readouterr()
    assert outcome(["retention", "hold", "--agency", "riverbend", "--note", "matter 7"]) == 0
    hold = capfd.readouterr().out.strip()
    assert outcome(["retention", "run"]) == 0
    assert capfd.readouterr().out.startswith("0 bodies")
    assert outcome(["retention", "lift", hold, "--note", "closed"]) == 0
    assert outcome(["retention", "lift", hold, "--note", "closed"]) == 2
    assert outcome(["retention", "run"]) == 0
    assert capfd.readouterr().out.startswith("1 bodies")
    service.engine.dispose()


def test_a_copy_that_another_tool_restored_is_marked_by_hand(place, capfd):
    """Quarantined, it may not be released before the state was asked; with nothing to ask about it may."""
    assert outcome(["restore", "status"]) == 0
    assert outcome(["restore", "release", "--note", "x"]) == 2
    assert outcome(["restore", "quarantine", "--note", "pg_basebackup of Monday"]) == 0
    assert outcome(["restore", "status"]) == 1
    assert outcome(["restore", "release", "--note", "nothing was waiting"]) == 0
    assert outcome(["restore", "status"]) == 0


def test_whoever_copies_everything_or_changes_its_keys_is_on_the_trail(place, capfd):
    """A backup is the whole database in one file: who made it, and who put new keys in place, is told like any other deed."""
    assert outcome(["backup", "make", "copy.backup"]) == 0
    made = capfd.readouterr().out.partition(":")[0]
    assert outcome(["vault", "rotate"]) == 0
    assert outcome(["vault", "rotate", "--agency", "riverbend"]) == 0
    assert outcome(["vault", "change-master"]) == 0
    capfd.readouterr()
    assert outcome(["audit", "list", "--agency", "-"]) == 0
    deployment = capfd.readouterr().out
    assert all(word in deployment for word in ("copy.made", made, "keys.rotated", "keys.master_changed"))
    assert outcome(["audit", "list", "--agency", "riverbend"]) == 0
    assert "keys.rotated" in capfd.readouterr().out
