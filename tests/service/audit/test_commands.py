"""``ecas audit``, as its operator and a stranger with a copy type it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from fhir.resources.R4B.auditevent import AuditEvent

from service.cli.main import outcome

Ecas = Callable[..., tuple[int, str, str]]


@pytest.fixture
def ecas(tmp_path, monkeypatch, capfd) -> Ecas:
    """Return what runs a command of a deployment with one agency and a few entries."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ECAS_DATA_DIR", str(tmp_path / "var"))

    def run(*arguments: str) -> tuple[int, str, str]:
        code = outcome(arguments)
        said = capfd.readouterr()
        return code, said.out, said.err

    run("agencies", "add", "riverbend")
    run("routes", "set", "riverbend", "--route", "not_live", "--note", "letter of 4 January")
    return run


def copy(ecas: Ecas, folder: Path) -> list[str]:
    """Export the trail as a stranger gets it; return the arguments that verify it."""
    (folder / "trail.jsonl").write_text(ecas("audit", "export", "--jsonl")[1])
    (folder / "audit.pem").write_text(ecas("audit", "checkpoint", "--public-key")[1])
    shipped = (folder / "var/audit/checkpoints.jsonl").read_bytes()
    (folder / "shipped.jsonl").write_bytes(shipped)
    return ["audit", "verify", "trail.jsonl", "--checkpoints", "shipped.jsonl", "--public-key", "audit.pem"]


def test_a_person_on_the_host_is_named(ecas):
    """Who added the agency and set its route: the account, by its own word; the words of the note are not shown."""
    code, said, _ = ecas("audit", "list", "--agency", "riverbend")
    assert code == 0
    assert "credential.made" in said
    assert "route.set" in said
    assert "host:" in said
    assert "January" not in said


def test_a_whole_trail_is_verified_with_and_without_the_database(ecas, tmp_path):
    """Both ways exit with 0, and say how many entries somebody signed for."""
    arguments = copy(ecas, tmp_path)
    assert ecas("audit", "verify")[:2] == (0, "ok      riverbend: 2 entries, 2 of them signed for\n")
    assert ecas(*arguments)[:2] == (0, "ok      riverbend: 2 entries, 2 of them signed for\n")


def test_a_copy_is_verified_where_no_service_is(ecas, tmp_path, monkeypatch):
    """Neither settings nor a database are looked at: a third party has none."""
    arguments = copy(ecas, tmp_path)
    monkeypatch.setenv("ECAS_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3")
    monkeypatch.setenv("ECAS_LOG_LEVEL", "no level")
    assert ecas(*arguments)[0] == 0


@pytest.mark.parametrize(
    ("was", "then", "said"),
    [
        ('"outcome":"done"', '"outcome":"refused"', "entry 1, edited"),
        ('"role":"host"', '"role":"admin"', "entry 1, edited"),
        ('{"agency"', '{"agency" ', "entry 1, edited"),
    ],
    ids=["an outcome", "a role", "a blank"],
)
def test_a_copy_that_was_edited_is_refused_with_the_number(ecas, tmp_path, was, then, said):
    """Exit code 1, and the first number that is broken."""
    arguments = copy(ecas, tmp_path)
    file = tmp_path / "trail.jsonl"
    file.write_text(file.read_text().replace(was, then, 1))
    code, told, _ = ecas(*arguments)
    assert (code, said in told) == (1, True), told


def test_a_copy_without_its_tail_is_refused(ecas, tmp_path):
    """The checkpoint says how long the chain was."""
    arguments = copy(ecas, tmp_path)
    file = tmp_path / "trail.jsonl"
    file.write_text(file.read_text().splitlines(keepends=True)[0])
    code, told, _ = ecas(*arguments)
    assert (code, "entry 2, tail cut" in told) == (1, True), told


@pytest.mark.parametrize("left_out", ["--checkpoints", "--public-key"])
def test_a_copy_alone_is_no_pass(ecas, tmp_path, left_out):
    """Without checkpoints and the key nobody can tell whether a chain was written anew: never exit code 0."""
    arguments = copy(ecas, tmp_path)
    place = arguments.index(left_out)
    code, told, _ = ecas(*arguments[:place], *arguments[place + 2 :])
    assert code == (3 if left_out == "--checkpoints" else 1), told


def test_a_database_that_was_cut_is_found_by_the_file_beside_it(ecas, tmp_path):
    """Entries and checkpoints deleted by an administrator: what was shipped still knows."""
    copy(ecas, tmp_path)
    database = sqlite3.connect(tmp_path / "var/ecas.sqlite3")
    for table in ("audit", "audit_checkpoint"):
        database.execute(f"DROP TRIGGER {table}_no_delete")
    database.execute("DELETE FROM audit WHERE number = 2")
    database.execute("DELETE FROM audit_checkpoint")
    database.commit()
    database.close()
    code, told, _ = ecas("audit", "verify")
    assert (code, "entry 2, tail cut" in told) == (1, True), told


def test_the_trail_in_fhir_is_one_resource_a_line(ecas):
    """NDJSON of valid AuditEvents."""
    code, said, _ = ecas("audit", "export", "--fhir", "--agency", "riverbend")
    assert code == 0
    assert [AuditEvent.model_validate(json.loads(line)).action for line in said.splitlines()] == ["C", "U"]


def test_an_export_to_a_file_is_its_owners_alone(ecas, tmp_path):
    """Mode 0600, like everything that we write."""
    assert ecas("audit", "export", "--out", "copy.jsonl")[0] == 0
    assert (tmp_path / "copy.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_new_deployment_cannot_be_checked_yet(ecas):
    """Nothing was signed: that is told, and is no pass."""
    code, told, _ = ecas("audit", "verify")
    assert code == 3
    assert "newer than every checkpoint" in told
