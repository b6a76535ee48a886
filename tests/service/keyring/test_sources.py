"""Where the master key comes from; in doubt there is none, and a sentence that says so."""

from __future__ import annotations

import base64
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from canonical.errors import ConfigurationError
from service.keyring.sources import make_key_file, open_masters
from service.main import build_service
from service.settings import Settings

KEY = base64.b64encode(bytes(range(32))).decode()


def program(tmp_path, text: str):
    file = tmp_path / "get-key"
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o700)
    return file


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path):
    """The key file is made once, whole, with mode 0600, however many start at once."""
    file = tmp_path / "var" / "master.key"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_key_file(file), range(8)))
    assert sum(made) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", "QUJD"])
def test_a_key_that_is_none_is_refused(tmp_path, text):
    """In one sentence that does not quote it."""
    file = tmp_path / "master.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as refused:
        open_masters(Settings(key_file=file), may_make=False, environment={})
    assert not text or text not in str(refused.value)


def test_a_key_that_others_may_read_is_refused(tmp_path):
    """A key file with wider modes is a wrong deployment."""
    file = tmp_path / "master.key"
    make_key_file(file)
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="0600"):
        open_masters(Settings(key_file=file), may_make=False, environment={})


def test_the_key_of_the_environment_and_of_a_program_is_the_same_key(tmp_path):
    """Whichever way the same bytes come, it is the same master."""
    file = tmp_path / "master.key"
    file.write_text(KEY)
    file.chmod(0o600)
    ways = [
        open_masters(Settings(key_file=file), may_make=False, environment={}),
        open_masters(Settings(), may_make=False, environment={"ECAS_MASTER_KEY": KEY}),
        open_masters(Settings(master_command=program(tmp_path, f"echo {KEY}")), may_make=False, environment={}),
    ]
    assert len({masters.current.id for masters, _ in ways}) == 1


@pytest.mark.parametrize("text", ["exit 3", "echo nothing-of-the-kind", f"echo {KEY}; exit 1", ":"])
def test_a_program_that_gives_no_key_gives_none(tmp_path, text):
    """Whatever it printed is not taken where it failed, and not quoted; no key is made in its place."""
    chosen = Settings(data_dir=tmp_path / "var", master_command=program(tmp_path, text))
    with pytest.raises(ConfigurationError) as refused:
        open_masters(chosen, may_make=True, environment={})
    assert KEY not in str(refused.value)
    assert "nothing-of-the-kind" not in str(refused.value)
    assert not chosen.master_key_file.exists()


def test_a_program_that_is_not_there_is_refused(tmp_path):
    """In one sentence."""
    with pytest.raises(ConfigurationError, match="ECAS_MASTER_COMMAND"):
        open_masters(Settings(master_command=tmp_path / "none"), may_make=True, environment={})


def test_a_lost_key_file_is_told_and_not_replaced(tmp_path):
    """Beside a database that holds something a new key would open nothing: none is made."""
    chosen = Settings(data_dir=tmp_path)
    build_service(chosen).engine.dispose()
    chosen.master_key_file.unlink()
    with pytest.raises(ConfigurationError, match="copy"):
        build_service(chosen)
    assert not chosen.master_key_file.exists()


def test_the_key_of_another_database_is_told_at_the_start(tmp_path):
    """Not at the first record that does not open."""
    chosen = Settings(data_dir=tmp_path)
    build_service(chosen).engine.dispose()
    chosen.master_key_file.unlink()
    make_key_file(chosen.master_key_file)
    with pytest.raises(ConfigurationError, match="ECAS_PREVIOUS_KEY_FILE"):
        build_service(chosen)
