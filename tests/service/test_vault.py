"""Sealing: nothing opens without the key and the name it was sealed under."""

from __future__ import annotations

import pytest
from vaults import vault_of

from canonical.errors import ConfigurationError, Erased
from service.outbox import migrate
from service.outbox import schema as t
from service.outbox.engine import open_engine, writing
from service.vault import Vault

KEY = bytes(range(32))
NAME = ("report", "riverbend", "sub_1")
OTHERS = [("report", "harborlight", "sub_1"), ("report", "riverbend", "sub_2"), ("payload", "riverbend", "sub_1")]


@pytest.fixture
def engine(tmp_path):
    opened = open_engine(f"sqlite:///{tmp_path}/vault.sqlite3")
    migrate.upgrade(opened)
    with writing(opened) as connection:
        for name in ("riverbend", "harborlight"):
            connection.execute(t.agency.insert().values(id=name, created_at=0))
    yield opened
    opened.dispose()


@pytest.fixture(params=["first release", "own key", "record's key"])
def sealing(request, engine):
    """Return a vault, and the key of a record where it has one."""
    if request.param == "first release":
        return Vault(KEY), None
    vault = vault_of(engine)
    return vault, vault.new_key("riverbend", "sub_1")["data_key"] if request.param == "record's key" else None


def test_what_was_sealed_opens_under_its_name_only(sealing):
    """A row moved to another agency, or to another id, does not open; nor does an altered one."""
    vault, key = sealing
    sealed = vault.seal(b"canary", *NAME, key=key)
    assert b"canary" not in sealed
    assert vault.open(sealed, *NAME, key=key) == b"canary"
    for name in OTHERS:
        with pytest.raises(ConfigurationError):
            vault.open(sealed, *name, key=key)
    for place in range(len(sealed)):
        altered = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
        with pytest.raises(ConfigurationError):
            vault.open(altered, *NAME, key=key)
    with pytest.raises(ConfigurationError):
        Vault(bytes(32)).open(sealed, *NAME, key=key)


def test_the_same_text_never_seals_to_the_same_bytes(sealing):
    """Equal records cannot be told to be equal."""
    vault, key = sealing
    assert vault.seal(b"x", *NAME, key=key) != vault.seal(b"x", *NAME, key=key)


def test_a_record_without_its_key_is_erased(engine):
    """The data key destroyed, nothing that was sealed under it opens; the agency's other records do."""
    vault = vault_of(engine)
    mine, others = (vault.new_key("riverbend", id_)["data_key"] for id_ in ("sub_1", "sub_2"))
    sealed = vault.seal(b"canary", *NAME, key=mine)
    with pytest.raises(Erased):
        vault.open(sealed, *NAME, key=None)
    with pytest.raises(ConfigurationError):
        vault.open(sealed, *NAME, key=others)
    with pytest.raises(Erased):
        vault.open(b"", *NAME)


def test_what_the_first_release_sealed_opens_still(engine):
    """Its digests are the same, and its bytes open, though they begin like ours by chance."""
    first, now = Vault(KEY), vault_of(engine)
    assert now.digest("child", "riverbend", "1") == first.digest("child", "riverbend", "1")
    assert now.derived("x") == first.derived("x")
    assert now.open(first.seal(b"old", *NAME), *NAME) == b"old"


def test_every_node_opens_what_another_sealed(engine):
    """Two processes with one database and one master have one keyring."""
    one, other = vault_of(engine), vault_of(engine)
    key = one.new_key("riverbend", "sub_1")["data_key"]
    assert other.open(one.seal(b"x", *NAME, key=key), *NAME, key=key) == b"x"
    assert other.open(one.seal(b"x", "roster", "riverbend"), "roster", "riverbend") == b"x"


def test_digests_find_and_tell_nothing(sealing):
    """Equal parts, equal digest; another key, another digest; parts are not merely glued together."""
    vault, _ = sealing
    assert vault.digest("a", "b") == vault.digest("a", "b")
    assert vault.digest("ab", "") != vault.digest("a", "b")
    assert vault.digest("a") != Vault(bytes(32)).digest("a")


def test_an_agency_that_nobody_admitted_has_no_keys(engine):
    """Sealing for it is refused, and nothing is sealed under a key that nobody keeps."""
    with pytest.raises(ConfigurationError, match="no key"):
        vault_of(engine).seal(b"x", "roster", "lakeshore")
