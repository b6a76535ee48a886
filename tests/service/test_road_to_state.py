"""The settings of the road to the state, from ``ecas.toml`` to the wire."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import draft
import pytest
import structlog
from aiohttp import web
from authority import DAY, Authority, pem, write
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from stage import Stage

from canonical.errors import ConfigurationError
from canonical.outcome import Document, Misconfigured
from gateway_client.expiry import Expiry
from service import settings, telemetry
from service.expiry_watch import look_at_certificates
from service.rehearsal import VERSION, hurried_package
from service.road_to_state import road_to_state
from service.sample_files import SAMPLES
from service.settings import Settings
from specs.catalog import Catalog
from specs.seal import seal

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
STATE = "https://state.example"
KEY = ec.generate_private_key(ec.SECP384R1())
CREDENTIALS = {"gateway_client_id": "bridge", "gateway_key_id": "key-2026", "gateway_audience": STATE}


@pytest.fixture
def key_file(tmp_path) -> Path:
    return write(tmp_path / "client.key", pem(KEY), mode=0o600)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"gateway_client_id": "c"}, "gateway_key_id and gateway_key_file and gateway_audience are missing"),
        (CREDENTIALS, "gateway_key_file is missing"),
        ({"gateway_certificate": "client.pem"}, "gateway_certificate_key is missing"),
        ({"gateway_certificate_key": "client.key"}, "gateway_certificate is missing"),
        ({"gateway_url": None}, "ECAS_GATEWAY_URL"),
        ({"gateway_url": "http://127.0.0.1", "gateway_ca": "ca.pem"}, "plain http"),
        ({**CREDENTIALS, "gateway_key_file": "gone.key"}, "gateway_key_file: .* cannot be read"),
        ({"gateway_ca": "gone.pem"}, "gateway_ca: .* cannot be read"),
        ({"gateway_proxy": "proxy.example"}, "gateway_proxy"),
    ],
    ids=["id", "no key", "certificate", "its key", "no address", "plain", "no file", "no authority", "proxy"],
)
def test_what_is_set_in_part_or_in_vain_is_refused(given, says):
    """One sentence names what is missing, and the worker does not start."""
    chosen = Settings(**{"gateway_url": STATE, **given})
    with pytest.raises(ConfigurationError, match=says):
        road_to_state(chosen).gateway(Catalog().named("2026.1"), lambda: NOW)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(key_file, mode):
    """Of either kind; the sentence tells how to mend it."""
    key_file.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"others may read .* chmod 600"):
        road_to_state(Settings(gateway_url=STATE, gateway_key_file=key_file, **CREDENTIALS))


def test_the_files_are_relative_to_the_settings_file(tmp_path):
    """As every other path; and the proxy's password is not shown."""
    names = ("gateway_key_file", "gateway_certificate", "gateway_certificate_key", "gateway_ca")
    lines = "".join(f'{name} = "keys/{name}"\n' for name in names)
    (tmp_path / "ecas.toml").write_text(lines + 'gateway_proxy = "http://u:hunter2@proxy.example:3128"\n')
    chosen = settings.load(tmp_path, {})
    assert [getattr(chosen, name) for name in names] == [tmp_path / "keys" / name for name in names]
    assert "hunter2" not in repr(chosen)


async def test_the_settings_reach_the_wire(tmp_path):
    """The state sees our certificate, under the authority and by the address of the settings."""
    authority = Authority()
    pair = authority.issue("bridge")
    certificate, key = pair.put(tmp_path, "client")
    serials: list[int] = []

    async def answer(request: web.Request) -> web.Response:
        serials.append(int(request.transport.get_extra_info("peercert")["serialNumber"], 16))
        return web.Response(status=404)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    context = authority.server(tmp_path, "127.0.0.1", asks=authority)
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    road = road_to_state(
        Settings(
            gateway_url=f"https://127.0.0.1:{runner.addresses[0][1]}",
            gateway_certificate=certificate,
            gateway_certificate_key=key,
            gateway_ca=write(tmp_path / "ca.pem", authority.pem),
        )
    )
    gateway = road.gateway(Catalog().named("2026.1"), lambda: NOW)
    document = Document(document_id="d", content=b"<d/>", digest="sha-256:", spec="2026.1", provisional=True)
    try:
        assert isinstance(await gateway.send(document, idempotency_key="k"), Misconfigured)
    finally:
        await gateway.close()
        await runner.cleanup()
    assert serials == [pair.serial]


@pytest.fixture
def here(tmp_path, key_file) -> Iterator[Stage]:
    """A sandbox that knows one client, and a service whose package asks for private_key_jwt."""
    shelf = hurried_package(tmp_path / "specs")
    draft.set_keys(shelf / VERSION / "transport.toml", auth='"private_key_jwt"')
    seal(shelf / VERSION)
    known = ECKey.import_key(pem(KEY)).as_dict(private=False)
    (tmp_path / "clients.json").write_text(json.dumps({"keys": [{**known, "client_id": "bridge", "kid": "key-2026"}]}))
    made = Stage(
        folder=tmp_path,
        environment={
            "ECAS_DATA_DIR": str(tmp_path / "var"),
            "ECAS_SPEC_PATH": str(shelf),
            "ECAS_MAPPING_PATH": str(SAMPLES / "mappings"),
            "ECAS_ROSTER": str(SAMPLES / "roster.csv"),
        },
    )
    sandbox = made.start("sandbox", "--port", "0", "--ledger", "ledger.jsonl", "--clients", "clients.json")
    made.environment["ECAS_GATEWAY_URL"] = sandbox.address()
    made.environment["ECAS_API_KEY"] = made.run("agencies", "add", "riverbend").splitlines()[-1]
    made.environment["ECAS_URL"] = made.start("serve", "--port", "0").address()
    made.environment |= {
        "ECAS_GATEWAY_CLIENT_ID": "bridge",
        "ECAS_GATEWAY_KEY_ID": "key-2026",
        "ECAS_GATEWAY_KEY_FILE": str(key_file),
        "ECAS_GATEWAY_AUDIENCE": sandbox.address(),
    }
    yield made
    for program in reversed(made.programs):
        program.end()


def _states(here: Stage) -> list[str]:
    listed: dict[str, Any] = here.ask("/v1/submissions")
    return [entry["state"] for entry in listed["submissions"]]


def test_the_worker_proves_who_it_is(here):
    """A worker with another audience or no credentials delivers nothing and says why; with the right ones it does."""
    assert here.try_("submit", str(SAMPLES / "good/birth-through-four.json")) == 0
    right = dict(here.environment)

    for name in ("CLIENT_ID", "KEY_ID", "KEY_FILE", "AUDIENCE"):
        del here.environment[f"ECAS_GATEWAY_{name}"]
    assert here.try_("work", "--until-idle") == 2
    assert "gateway_client_id" in here.said[-1]

    here.environment = right | {"ECAS_GATEWAY_AUDIENCE": "https://elsewhere.example"}
    assert here.try_("work", "--until-idle") == 2
    assert "refuses our credentials" in here.said[-1]
    assert (here.ledger()["documents"], _states(here)) == ([], ["ready"])

    here.environment = right
    assert here.try_("work", "--until-idle", "--resume") == 0
    assert _states(here) == ["accepted"]
    assert [document["effects"] for document in here.ledger()["documents"]] == [1]
    assert "PRIVATE KEY" not in "".join(here.said)


def expiry(until: datetime) -> Expiry:
    return Expiry(setting="gateway_certificate", subject="our client certificate", until=until)


@pytest.mark.parametrize(
    ("left", "level", "says"),
    [
        (timedelta(days=31), None, ""),
        (timedelta(days=30, seconds=1), None, ""),
        (timedelta(days=30), "warning", "expires in 30 days"),
        (timedelta(days=7, seconds=1), "warning", "expires in 7 days"),
        (timedelta(days=7), "warning", "expires in 7 days"),
        (timedelta(days=2), "warning", "expires in 2 days"),
        (timedelta(days=1), "error", "expires in one day"),
        (timedelta(hours=1), "error", "expires in less than a day"),
        (timedelta(0), "error", "expired on 2026-11-16 09:00 UTC"),
        (timedelta(days=-400), "error", "expired on"),
    ],
    ids=str,
)
def test_a_certificate_that_ends_is_told_ahead(capsys, left, level, says):
    """From 30 days before its end on, as an error from the last day on."""
    telemetry.configure("info")
    try:
        look_at_certificates(lambda: (expiry(NOW + left),), lambda: NOW)
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["level"] for line in lines] == ([] if level is None else [level])
    assert all(says in line["why"] and "gateway_certificate" in line["why"] for line in lines)


def test_the_stages_are_30_7_and_1():
    """What a log's reader can count by."""
    days = (31, 30, 8, 7, 2, 1, 0)
    stages = [expiry(NOW + timedelta(days=left)).stage(NOW) for left in days]
    assert stages == [None, 30, 30, 7, 7, 1, 0]


def test_the_first_of_several_certificates_counts(tmp_path):
    """A file that holds what leads to the root ends with its first to end; the authority's own end is told too."""
    soon, later = (Authority(until=NOW + days * DAY) for days in (5, 500))
    pair = later.issue("bridge", until=NOW + 100 * DAY)
    chain = write(tmp_path / "chain.pem", pair.certificate_pem + soon.pem)
    key = write(tmp_path / "client.pem.key", pem(pair.key), mode=0o600)
    chosen = Settings(
        gateway_url=STATE,
        gateway_certificate=chain,
        gateway_certificate_key=key,
        gateway_ca=write(tmp_path / "ca.pem", later.pem),
    )
    ends = {found.setting: found.until for found in road_to_state(chosen).expiries()}
    assert ends == {"gateway_certificate": NOW + 5 * DAY, "gateway_ca": NOW + 500 * DAY}


def test_the_worker_logs_it_once_a_day(tmp_path, key_file):
    """At its start, and not again while it runs on within the day."""
    authority = Authority(until=datetime.now(UTC) + 6 * DAY)
    write(tmp_path / "ca.pem", authority.pem)
    (tmp_path / "ecas.toml").write_text(
        'gateway_url = "https://127.0.0.1:9"\ngateway_ca = "ca.pem"\ndata_dir = "var"\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "service", "work", "--until-idle"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if "gateway_ca" in line]
    assert [json.loads(line)["count"] for line in told] == [7]
