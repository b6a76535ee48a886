"""Sealing: nothing opens without the key and the name it was sealed under."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from canonical.errors import ConfigurationError
from service.vault import Vault, open_vault

KEY = bytes(range(32))


def test_what_was_sealed_opens_under_its_name_only():
    """A row moved to another agency, or to another id, does not open; nor does an altered one."""
    vault = Vault(KEY)
    sealed = vault.seal(b"canary", "report", "riverbend", "sub_1")
    assert b"canary" not in sealed
    assert vault.open(sealed, "report", "riverbend", "sub_1") == b"canary"
    for name in (
        ("report", "harborlight", "sub_1"),
        ("report", "riverbend", "sub_2"),
        ("payload", "riverbend", "sub_1"),
    ):
        with pytest.raises(ConfigurationError):
            vault.open(sealed, *name)
    with pytest.raises(ConfigurationError):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "report", "riverbend", "sub_1")
    with pytest.raises(ConfigurationError):
        Vault(bytes(32)).open(sealed, "report", "riverbend", "sub_1")


def test_the_same_text_never_seals_to_the_same_bytes():
    """Equal records cannot be told to be equal."""
    vault = Vault(KEY)
    assert vault.seal(b"x", "a") != vault.seal(b"x", "a")


def test_digests_find_and_tell_nothing():
    """Equal parts, equal digest; another key, another digest; parts are not merely glued together."""
    vault = Vault(KEY)
    assert vault.digest("a", "b") == vault.digest("a", "b")
    assert vault.digest("ab", "") != vault.digest("a", "b")
    assert vault.digest("a") != Vault(bytes(32)).digest("a")


def test_the_first_start_makes_a_key_that_only_its_owner_reads(tmp_path, monkeypatch):
    """The key file is made once, whole, with mode 0600, however many start at once."""
    monkeypatch.delenv("ECAS_MASTER_KEY", raising=False)
    file = tmp_path / "var" / "master.key"
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: open_vault(file), range(8)))
    assert sum(made for _, made in opened) == 1
    assert len({vault.digest("x") for vault, _ in opened}) == 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == ["master.key"]


@pytest.mark.parametrize("text", ["", "short", "not base64 at all!", "QUJD"])
def test_a_key_that_is_none_is_refused(tmp_path, monkeypatch, text):
    """In one sentence that does not quote it."""
    monkeypatch.delenv("ECAS_MASTER_KEY", raising=False)
    file = tmp_path / "master.key"
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(ConfigurationError) as refused:
        open_vault(file)
    assert not text or text not in str(refused.value)


def test_a_key_that_others_may_read_is_refused(tmp_path, monkeypatch):
    """A key file with wider modes is a wrong deployment."""
    monkeypatch.delenv("ECAS_MASTER_KEY", raising=False)
    file = tmp_path / "master.key"
    open_vault(file)
    file.chmod(0o640)
    with pytest.raises(ConfigurationError, match="0600"):
        open_vault(file)
