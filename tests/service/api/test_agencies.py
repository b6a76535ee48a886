from __future__ import annotations

import re

import pytest

from canonical.errors import ConfigurationError
from service.main import build_service
from service.routes import Route
from service.settings import Settings


@pytest.fixture
def service(tmp_path, clock):
    built = build_service(Settings(data_dir=tmp_path / "var"), clock=clock)
    yield built
    built.engine.dispose()


@pytest.fixture
def agencies(service):
    return service.agencies


@pytest.fixture
def keys(service):
    return service.credentials.keys


def test_a_key_names_its_agency(agencies, keys):
    """The key that add returned is an administrator's of that agency, and of no other."""
    made = {name: agencies.add(name, owner=f"Dana of {name}") for name in ("riverbend", "harborlight")}
    known = {name: keys.recognise(key) for name, key in made.items()}
    assert {name: one.agency for name, one in known.items()} == {name: name for name in made}
    assert {(one.owner, one.role.value) for one in known.values()} == {(f"Dana of {name}", "admin") for name in made}


def test_a_key_is_256_random_bits(agencies):
    """Keys look like keys, and no two are alike."""
    keys = {agencies.add(f"agency-{n}") for n in range(20)}
    assert len(keys) == 20
    assert all(re.fullmatch(r"ecas_[A-Za-z0-9_-]{43}", key) for key in keys)


def test_revoking_ends_all_keys(agencies, keys):
    """After a revocation no key works; the agency stays, and can be given a new one."""
    old = agencies.add("riverbend")
    keys.revoke("riverbend")
    assert keys.recognise(old) is None
    assert [(agency.id, agency.has_key) for agency in agencies.list()] == [("riverbend", False)]
    assert keys.recognise(keys.rotate("riverbend").key).agency == "riverbend"
    assert agencies.known("riverbend").has_key


@pytest.mark.parametrize(
    "text", ["", "ecas_", "ecas_" + "A" * 43, "ecas_" + "A" * 42 + "\n", "\ud800", "ecas_" + "é" * 43]
)
def test_what_is_no_key_is_nobody_s(agencies, keys, text):
    """Whatever text comes as a key, an unknown one is nobody's."""
    agencies.add("riverbend")
    assert keys.recognise(text) is None


@pytest.mark.parametrize("name", ["", "a", "A", "Riverbend", "river bend", "a" * 41, "agéncy", "a\n", "../x"])
def test_an_agency_id_can_stand_anywhere(agencies, name):
    """An id is 2 to 40 lower-case letters, digits and hyphens; it is shown in logs, files and addresses."""
    with pytest.raises(ConfigurationError, match="2 to 40"):
        agencies.add(name)


def test_an_agency_is_added_once(agencies, keys):
    """Adding it again changes nothing, and names the way to a new key."""
    key = agencies.add("riverbend")
    with pytest.raises(ConfigurationError, match="rotate riverbend"):
        agencies.add("riverbend")
    assert keys.recognise(key).agency == "riverbend"


@pytest.mark.parametrize("route", list(Route))
def test_an_agency_has_a_route(agencies, route):
    """The route that it was added with is the one that intake asks for."""
    agencies.add("riverbend", route.value)
    assert agencies.known("riverbend").route is route


def test_a_route_is_one_of_ours(agencies):
    """Another word is no route."""
    with pytest.raises(ConfigurationError, match="not_live, ecas, virtual_gateway"):
        agencies.add("riverbend", "fax")


def test_an_unknown_agency_is_named_as_such(agencies):
    """What is to be done with an agency that is not there says so."""
    with pytest.raises(ConfigurationError, match="no agency of that id"):
        agencies.known("riverbend")
