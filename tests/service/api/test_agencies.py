from __future__ import annotations

import re

import pytest

from canonical.errors import ConfigurationError
from service.agencies import Agencies
from service.outbox import migrate
from service.outbox.engine import open_engine
from service.routes import Route
from service.vault import Vault


@pytest.fixture
def agencies(tmp_path, clock, count_ids):
    engine = open_engine(f"sqlite:///{tmp_path}/agencies.sqlite3")
    migrate.upgrade(engine)
    yield Agencies(engine, Vault(bytes(range(32))), clock, count_ids)
    engine.dispose()


def test_a_key_names_its_agency(agencies):
    """The key that add returned is recognised, and no other agency's."""
    keys = {name: agencies.add(name) for name in ("riverbend", "harborlight")}
    assert {name: agencies.authenticate(key).id for name, key in keys.items()} == {name: name for name in keys}


def test_a_key_is_256_random_bits(agencies):
    """Keys look like keys, and no two are alike."""
    keys = {agencies.add(f"agency-{n}") for n in range(20)}
    assert len(keys) == 20
    assert all(re.fullmatch(r"ecas_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_a_key_is_kept_nowhere(agencies, tmp_path):
    """The database files hold a digest that is worth nothing without the master key, and never the key."""
    key = agencies.add("riverbend")
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"riverbend" in content
    assert key.encode() not in content
    assert key.removeprefix("ecas_").encode() not in content


def test_under_another_master_key_no_key_is_known(agencies, clock, count_ids):
    """A copied database without its master key lets nobody in."""
    key = agencies.add("riverbend")
    assert Agencies(agencies._engine, Vault(bytes(32)), clock, count_ids).authenticate(key) is None


def test_rotating_ends_the_old_key(agencies):
    """From the commit on the new key works and the old one does not."""
    old = agencies.add("riverbend")
    new = agencies.rotate("riverbend")
    assert agencies.authenticate(old) is None
    assert agencies.authenticate(new).id == "riverbend"


def test_revoking_ends_all_keys(agencies):
    """After a revocation no key works; the agency stays, and can be given a new one."""
    old = agencies.add("riverbend")
    agencies.revoke("riverbend")
    assert agencies.authenticate(old) is None
    assert [(agency.id, agency.has_key) for agency in agencies.list()] == [("riverbend", False)]
    assert agencies.authenticate(agencies.rotate("riverbend")).has_key


@pytest.mark.parametrize(
    "text", ["", "ecas_", "ecas_" + "A" * 43, "ecas_" + "A" * 42 + "\n", "\ud800", "ecas_" + "é" * 43]
)
def test_what_is_no_key_is_nobody_s(agencies, text):
    """Whatever text comes as a key, an unknown one is nobody's."""
    agencies.add("riverbend")
    assert agencies.authenticate(text) is None


@pytest.mark.parametrize("name", ["", "a", "A", "Riverbend", "river bend", "a" * 41, "agéncy", "a\n", "../x"])
def test_an_agency_id_can_stand_anywhere(agencies, name):
    """An id is 2 to 40 lower-case letters, digits and hyphens; it is shown in logs, files and addresses."""
    with pytest.raises(ConfigurationError, match="2 to 40"):
        agencies.add(name)


def test_an_agency_is_added_once(agencies):
    """Adding it again changes nothing, and names the way to a new key."""
    key = agencies.add("riverbend")
    with pytest.raises(ConfigurationError, match="rotate riverbend"):
        agencies.add("riverbend")
    assert agencies.authenticate(key).id == "riverbend"


@pytest.mark.parametrize("route", list(Route))
def test_an_agency_has_a_route(agencies, route):
    """The route that it was added with is the one that intake asks for."""
    agencies.add("riverbend", route.value)
    assert agencies.known("riverbend").route is route


def test_a_route_is_one_of_ours(agencies):
    """Another word is no route."""
    with pytest.raises(ConfigurationError, match="not_live, ecas, virtual_gateway"):
        agencies.add("riverbend", "fax")


@pytest.mark.parametrize("act", [Agencies.rotate, Agencies.revoke, Agencies.known])
def test_an_unknown_agency_is_named_as_such(agencies, act):
    """What is to be done with an agency that is not there says so."""
    with pytest.raises(ConfigurationError, match="no agency of that id"):
        act(agencies, "riverbend")
