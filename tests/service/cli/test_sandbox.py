"""``ecas sandbox`` as a person starts it."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import draft
import pytest
from authority import Authority

from service.cli.main import outcome
from service.processes import Program


@pytest.fixture(name="start")
def _start(tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Start sandboxes on free ports; none outlives the test."""
    programs: list[Program] = []

    def started(*arguments: str, **settings: str) -> Program:
        command = ("sandbox", "--port", "0", "--ledger", "ledger.jsonl", *arguments)
        programs.append(Program(command, folder=tmp_path, settings=settings, log=tmp_path / "sandbox.log"))
        return programs[-1]

    yield started
    for program in programs:
        assert program.end() == 0


def about(address: str, trust: ssl.SSLContext | None = None) -> dict[str, object]:
    with urllib.request.urlopen(f"{address}/_sandbox", context=trust) as answer:
        return json.load(answer)


def test_over_tls(start, tmp_path: Path):
    """With a certificate and its key the sandbox listens on https, and says so."""
    authority = Authority()
    certificate, key = authority.issue("127.0.0.1").put(tmp_path, "state")
    address = start("--tls-certificate", str(certificate), "--tls-key", str(key)).address()
    assert address.startswith("https://127.0.0.1:")
    assert about(address, ssl.create_default_context(cadata=authority.pem.decode()))["ecas_sandbox"] is True


@pytest.mark.parametrize(
    "given", [("certificate",), ("key",), ("client-ca",), ("certificate", "client-ca")], ids="-and-".join
)
def test_half_of_tls(given: tuple[str, ...], tmp_path: Path):
    """Half of what TLS needs is a mistake, and never plain HTTP."""
    file = tmp_path / "file.pem"
    file.touch()
    options = {"certificate": "--tls-certificate", "key": "--tls-key", "client-ca": "--client-ca"}
    arguments = [word for name in given for word in (options[name], str(file))]
    ended = outcome(["sandbox", "--port", "0", "--ledger", str(tmp_path / "ledger.jsonl"), *arguments])
    assert ended == 2
    assert not (tmp_path / "ledger.jsonl").exists()


def test_a_script_switches_to_a_package_of_the_path(start, tmp_path: Path):
    """The packages that a script names are looked for where the service looks for its own."""
    shelf = tmp_path / "shelf"
    draft.shelf(shelf)
    (tmp_path / "weather.toml").write_text(f"[[spec]]\nfrom = 2020-01-01T05:00:00Z\nversion = '{draft.VERSION}'")
    address = start("--weather", "weather.toml", ECAS_SPEC_PATH=str(shelf)).address()
    assert about(address)["spec"]["version"] == draft.VERSION
