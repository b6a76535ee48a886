from __future__ import annotations

import pytest

from specs.catalog import Catalog
from specs.spec import Spec


@pytest.fixture(scope="module")
def package() -> Spec:
    return Catalog().named("2026.1")


def test_a_key_refused_twice(package: Spec) -> None:
    """First the MassCANS Help Desk verifies the key, then the Virtual Gateway is told so; and it is marked as assumed."""
    policy = package.certification.refused_twice
    first, second = package.desks_for(policy)
    assert (policy.action, policy.rule, policy.hold) == ("hold", "C012", "key_refused")
    assert (first.id, second.id) == ("masscans", "vg")
    assert "verify" in first.say
    assert "has verified" in second.say
    assert "our assumption" in policy.cites


def test_a_changed_name_has_two_desks(package: Spec) -> None:
    """The Access Administrator's form, the Virtual Gateway where there is none, and the training account on its own."""
    policy = package.certification.standings["awaiting_name_change"]
    assert [desk.id for desk in package.desks_for(policy)] == ["access-administrator", "vg"]
    assert all(words in policy.fix for words in ("User Request Form", "Access Administrator", "CANS Training account"))
    assert "7 to 10 business days" in policy.why


def test_of_two_keys_each_is_told_what_to_do(package: Spec) -> None:
    """One is to keep, the other to have archived; the order is marked as our assumption, and two keys only warn."""
    policy = package.certification.standings["duplicate"]
    assert "to keep" in policy.keep
    assert "to have archived" in policy.archive
    assert "our assumption" in policy.cites
    assert policy.action == "warn"


def test_every_standing_has_the_words_to_say(package: Spec) -> None:
    """Whoever is sent to a desk is told what to say there, and never to send a key."""
    for policy in package.certification.standings.values():
        desks = package.desks_for(policy)
        assert bool(desks) is bool(policy.rule)
        assert all(desk.say for desk in desks)
        assert not any("here is the key" in desk.say.casefold() for desk in desks)
