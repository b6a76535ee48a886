from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from authority import DAY, Authority, write
from sqlalchemy import insert
from waiting import draft, put

from service.examination import Health, examine
from service.main import build_service
from service.outbox import schema as t
from service.outbox.engine import writing
from service.settings import Settings, load
from specs.catalog import PACKAGES

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
HEADER = "key,last_name,first_name,former_names,agencies,state,certified_on,issued_on,expires_on,status,approved_on\n"


def _findings(folder: Path, now: datetime = NOW) -> dict[str, tuple[Health, str]]:
    """Return what is not well, by subject."""
    return {
        seen.subject: (seen.health, f"{seen.seen} {seen.mend}")
        for seen in examine(folder, now)
        if seen.health is not Health.OK
    }


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("ECAS_MASTER_KEY", "ECAS_DATABASE_URL", "ECAS_GATEWAY_URL", "ECAS_ROSTER", "ECAS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)


def test_an_empty_folder_is_no_fault(tmp_path):
    """With nothing configured nothing has failed, and looking has made nothing."""
    done = subprocess.run(
        [sys.executable, "-m", "service", "doctor"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert {line.split()[0] for line in done.stdout.splitlines()} == {"ok", "warn", "mend"}
    assert list(tmp_path.iterdir()) == []


def test_a_service_in_good_order_has_nothing_to_mend(tmp_path):
    """After the first start database and key are private and at this release; only roster and address are wanting."""
    build_service(Settings(data_dir=tmp_path / "var")).engine.dispose()
    assert set(_findings(tmp_path)) == {"roster", "gateway"}


def _broken_settings(folder: Path) -> None:
    (folder / "ecas.toml").write_text('gatway_url = "http://127.0.0.1"\n')


def _open_key(folder: Path) -> None:
    (folder / "var" / "master.key").chmod(0o644)


def _open_database(folder: Path) -> None:
    (folder / "var" / "ecas.sqlite3").chmod(0o640)


def _open_api_key(folder: Path) -> None:
    (folder / "ecas.toml").write_text('api_key = "ecas_x"\n')
    (folder / "ecas.toml").chmod(0o644)


def _no_database(folder: Path) -> None:
    (folder / "ecas.toml").write_text(f'database_url = "sqlite:///{folder}/ecas.toml"\n')


def _broken_roster(folder: Path) -> None:
    (folder / "roster.csv").write_text(HEADER + "K,Name,,,,,yesterday,,,,\n")
    (folder / "ecas.toml").write_text('roster = "roster.csv"\n')


def _no_roster(folder: Path) -> None:
    (folder / "ecas.toml").write_text('roster = "gone.csv"\n')


def _no_mapping(folder: Path) -> None:
    (folder / "ecas.toml").write_text('mapping_path = "gone.toml"\n')


def _altered_package(folder: Path) -> None:
    shutil.copytree(PACKAGES / "2026.1", folder / "altered")
    with (folder / "altered" / "items.csv").open("a") as items:
        items.write("\n")
    (folder / "ecas.toml").write_text('spec_path = ["altered"]\n')


def _another_state(folder: Path) -> None:
    (folder / "ecas.toml").write_text('gateway_url = "http://ecas.invalid"\n')


def _credentials_in_part(folder: Path) -> None:
    (folder / "ecas.toml").write_text('gateway_url = "http://127.0.0.1:9"\ngateway_client_id = "bridge"\n')


def _open_client_key(folder: Path) -> None:
    write(folder / "client.key", b"", mode=0o644)
    (folder / "ecas.toml").write_text('gateway_url = "http://127.0.0.1:9"\ngateway_key_file = "client.key"\n')


def _open_tls_key(folder: Path) -> None:
    _, key = Authority().issue("bridge").put(folder, "client")
    key.chmod(0o644)
    _certificate(folder)


def _certificate(folder: Path) -> None:
    (folder / "ecas.toml").write_text(
        'gateway_url = "https://127.0.0.1:9"\ngateway_certificate = "client.pem"\n'
        'gateway_certificate_key = "client.key"\n'
    )


def _expired_certificate(folder: Path) -> None:
    Authority().issue("bridge", until=NOW).put(folder, "client")
    _certificate(folder)


def _broken_calendar(folder: Path) -> None:
    (folder / "maintenance.ics").write_text("BEGIN:NOTHING\n")
    (folder / "ecas.toml").write_text('blackout_calendars = ["maintenance.ics"]\n')


def _foreign_key(folder: Path) -> None:
    Authority().issue("bridge").put(folder, "client")
    Authority().issue("bridge").put(folder, "other")
    (folder / "other.key").rename(folder / "client.key")
    _certificate(folder)


@pytest.mark.parametrize(
    ("break_", "subject"),
    [
        (_broken_settings, "settings"),
        (_open_key, "master key"),
        (_open_database, "database"),
        (_open_api_key, "API key"),
        (_no_database, "database"),
        (_broken_roster, "roster"),
        (_no_roster, "roster"),
        (_no_mapping, "mappings"),
        (_altered_package, "specification"),
        (_another_state, "gateway"),
        (_credentials_in_part, "gateway"),
        (_open_client_key, "client key"),
        (_open_tls_key, "TLS key"),
        (_expired_certificate, "certificate"),
        (_foreign_key, "gateway"),
        (_broken_calendar, "road"),
    ],
)
def test_what_is_broken_fails_and_says_how_to_mend_it(tmp_path: Path, break_: Callable[[Path], None], subject: str):
    """Each fault is found under its own name."""
    build_service(Settings(data_dir=tmp_path / "var")).engine.dispose()
    break_(tmp_path)
    health, text = _findings(tmp_path)[subject]
    assert health is Health.FAIL
    assert text.strip()


def test_an_older_schema_is_told(tmp_path):
    """A database that this release has not upgraded yet is worth a word, not a failure."""
    build_service(Settings(data_dir=tmp_path / "var")).engine.dispose()
    with sqlite3.connect(tmp_path / "var" / "ecas.sqlite3") as database:
        database.execute("DELETE FROM alembic_version")
    database.close()
    health, text = _findings(tmp_path)["schema"]
    assert health is Health.WARN
    assert "upgrades it" in text


def test_an_imported_roster_needs_no_file(tmp_path):
    """Whoever keeps the roster in the service is not told to name a file."""
    service = build_service(load(tmp_path, {"ECAS_DATA_DIR": str(tmp_path / "var")}))
    service.agencies.add("riverbend")
    with writing(service.engine) as connection:
        connection.execute(insert(t.roster).values(agency="riverbend", imported_at=0, sealed=b"sealed"))
    rosters = [one for one in examine(tmp_path, NOW) if one.subject == "roster"]
    assert [(one.health, one.seen) for one in rosters] == [(Health.OK, "of riverbend, imported 1970-01-01")]


def test_an_old_roster_is_told(tmp_path):
    """A roster that nobody has exported for months hardly knows who was certified since."""
    (tmp_path / "roster.csv").write_text(HEADER)
    (tmp_path / "ecas.toml").write_text('roster = "roster.csv"\n')
    health, text = _findings(tmp_path, datetime(2030, 1, 1, tzinfo=UTC))["roster"]
    assert health is Health.WARN
    assert "days old" in text


def test_a_sandbox_on_loopback_is_let_through(tmp_path):
    """Provisional documents may go to loopback."""
    (tmp_path / "ecas.toml").write_text('gateway_url = "http://127.0.0.1:9"\n')
    assert "gateway" not in _findings(tmp_path)


@pytest.mark.parametrize(("days", "told"), [(31, None), (29, "in 29 days"), (7, "in 7 days"), (1, "in one day")])
def test_a_certificate_that_ends_soon_is_told(tmp_path, days, told):
    """A warning from 30 days before its end on: it works until then."""
    Authority().issue("bridge", until=NOW + days * DAY).put(tmp_path, "client")
    _certificate(tmp_path)
    seen = _findings(tmp_path).get("certificate")
    assert (seen is None) is (told is None)
    if seen is not None and told is not None:
        assert (seen[0], told in seen[1]) == (Health.WARN, True)


@pytest.mark.parametrize(
    ("part", "told"),
    [({}, "everything is paused"), ({"agency": "riverbend", "programme": "ICC"}, "agency riverbend, programme ICC is paused")],
    ids=["everything", "a part"],
)  # fmt: skip
def test_a_pause_is_told_with_who_and_why(tmp_path, part, told):
    """A warning, with the way to end it."""
    service = build_service(Settings(data_dir=tmp_path / "var"), clock=lambda: NOW)
    service.outbox.pause("ecas", "The state asked.", actor="operator one", **part)
    service.engine.dispose()
    health, text = _findings(tmp_path)["road"]
    assert (health, told in text, "by operator one: The state asked." in text) == (Health.WARN, True, True)
    assert "ecas resume" in text


def test_a_window_is_no_fault(tmp_path):
    """It is told, and nothing is to be mended."""
    build_service(Settings(data_dir=tmp_path / "var")).engine.dispose()
    (tmp_path / "maintenance.ics").write_text(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VEVENT\nUID:1@example.org\nSUMMARY:the move\n"
        "DTSTART:20261116T000000Z\nDTEND:20261117T000000Z\nEND:VEVENT\nEND:VCALENDAR\n"
    )
    (tmp_path / "ecas.toml").write_text('blackout_calendars = ["maintenance.ics"]\n')
    seen = {one.subject: (one.health, one.seen) for one in examine(tmp_path, NOW)}["road"]
    assert seen == (Health.OK, "a maintenance window until 2026-11-17 00:00 UTC: the move")


@pytest.mark.parametrize(("minutes", "told"), [(5, False), (6, True)])
def test_work_that_nobody_takes_is_told(tmp_path, minutes, told):
    """Due for longer than five minutes on an open road: the worker seems not to run."""
    came = NOW - timedelta(minutes=minutes)
    service = build_service(Settings(data_dir=tmp_path / "var"), clock=lambda: came)
    service.agencies.add("riverbend")
    put(service.outbox, draft("d1"))
    service.engine.dispose()
    assert ("worker" in _findings(tmp_path)) is told
