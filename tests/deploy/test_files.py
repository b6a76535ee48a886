"""The files of deploy: each setting and command that they name is there, and they promise nothing that they do not hold."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from service.cli.main import ecas
from service.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose/compose.yaml").read_text("utf-8"))
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
CONTAINER = (DEPLOY / "Containerfile").read_text("utf-8")
OURS = {name: service for name, service in COMPOSE["services"].items() if name != "database"}
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
#: Of our own files, not of the service.
_VERSION = "ECAS_BRIDGE_VERSION"
#: What keeps records out of the server's log.
QUIET = {
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


def directives(unit: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        if not line.startswith(("#", "[")) and "=" in line:
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


def commands() -> list[list[str]]:
    """Return every command of ours that a file starts."""
    units = [directives(unit)["ExecStart"][0].split()[1:] for unit in UNITS]
    composed = [list(map(str, service["command"])) for service in OURS.values()]
    healths = [service["healthcheck"]["test"][2:] for service in OURS.values() if "test" in service["healthcheck"]]
    image = [re.findall(r'"([^"]+)"', line) for line in CONTAINER.splitlines() if "CMD [" in line]
    return [*units, *composed, *healths, *(words[1:] if words[0] == "ecas" else words for words in image)]


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_is_one(words):
    """Each line names a command of “ecas” that takes these options."""
    command: click.Command = ecas
    context = click.Context(ecas)
    while isinstance(command, click.Group):
        found = command.get_command(context, words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_parser(click.Context(command)).parse_args(list(words))


def test_every_setting_is_one():
    """No variable of a file is misspelt: the service would not complain of it."""
    for file in (path for path in DEPLOY.rglob("*") if path.is_file()):
        named = set(re.findall(r"ECAS_[A-Z_]+", file.read_text("utf-8"))) - {_VERSION}
        assert named <= SETTINGS, file


def test_no_secret_is_a_variable():
    """What must not be seen is a file: no environment of a container or unit holds it."""
    secret = re.compile(r"(?:PASSWORD|_URL|TOKEN|_KEY|SECRET)$")
    for service in COMPOSE["services"].values():
        assert not [name for name in service.get("environment", {}) if secret.search(name)]
    for unit in UNITS:
        names = [value.partition("=")[0] for value in directives(unit).get("Environment", [])]
        assert not [name for name in names if secret.search(name)]
    given = re.findall(r"(ECAS_\w+)=", CONTAINER)
    assert given == ["ECAS_DATA_DIR"]


def test_containers_have_no_rights():
    """Each of ours is read-only, without capabilities and core dumps, and only loopback reaches it."""
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["ulimits"]["core"] == 0
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert COMPOSE["services"]["database"]["networks"] == ["inside"]
    assert "ports" not in COMPOSE["services"]["database"]


def test_a_stop_waits_for_what_is_under_way():
    """Containers and units are given longer than the service takes for itself."""
    for service in OURS.values():
        grace = int(service["environment"]["ECAS_GRACE_SECONDS"])
        assert int(service["stop_grace_period"].removesuffix("s")) >= grace + 10
    default = Settings.model_fields["grace_seconds"].default
    assert all(int(directives(unit)["TimeoutStopSec"][0]) >= default + 10 for unit in UNITS)


def test_the_database_server_keeps_quiet():
    """The server is started with every setting that keeps statements, parameters and rows out of its log."""
    words = COMPOSE["services"]["database"]["command"]
    given = dict(word.split("=", 1) for word, before in zip(words[1:], words, strict=False) if before == "-c")
    assert given.items() >= QUIET.items()
    guide = (ROOT / "docs/guides/deploy.md").read_text("utf-8")
    assert all(f"`{name}={value}`" in guide for name, value in QUIET.items())


def test_only_the_preparation_knows_the_owner():
    """Service and workers are given the settings of their own role, and start when the schema is this release's."""
    for name, service in OURS.items():
        owner = any(secret["source"] == "owner_settings" for secret in service["secrets"])
        assert owner is (name == "prepare")
    for name in ("serve", "work-1", "work-2"):
        assert OURS[name]["depends_on"]["prepare"]["condition"] == "service_completed_successfully"
    named = {secret["source"] for service in OURS.values() for secret in service["secrets"]}
    assert named | {"owner_password"} == COMPOSE["secrets"].keys()


def test_the_image_runs_without_rights():
    """It ends as a user of its own, in exec form, with a health check of our own, and names no index."""
    assert re.search(r"^USER 10001:10001$", CONTAINER, re.MULTILINE)
    assert '\nENTRYPOINT ["ecas"]\n' in CONTAINER
    assert "HEALTHCHECK" in CONTAINER
    assert 'CMD ["ecas", "ready"]' in CONTAINER
    assert "--require-hashes" in CONTAINER


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_units_are_hardened(unit):
    """What a unit must say, it says."""
    said = directives(unit)
    wanted = {
        "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes",
        "DynamicUser": "yes", "LimitCORE": "0", "CapabilityBoundingSet": "", "UMask": "0077",
        "RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "SystemCallArchitectures": "native",
    }  # fmt: skip
    assert {name: said[name][0] for name in wanted} == wanted
    assert said["SystemCallFilter"][0] == "@system-service"
    assert any(value.startswith("master.key:") for value in said["LoadCredential"])
    assert said["Restart"][0] in ("always", "on-failure")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_units(unit, tmp_path):
    """Where this machine has it, systemd itself finds nothing wrong with a unit, and little exposed."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        return
    here = tmp_path / unit.name
    here.write_text(unit.read_text("utf-8").replace("/opt/ecas/bin/ecas", sys.executable), "utf-8")
    verified = subprocess.run([tool, "verify", "--man=no", here], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    security = [tool, "security", "--offline=yes", "--threshold=15", here]
    assert subprocess.run(security, capture_output=True, check=False).returncode == 0
