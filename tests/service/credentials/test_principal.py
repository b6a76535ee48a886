"""The one table of permissions."""

from __future__ import annotations

import pytest

from canonical.errors import ConfigurationError
from service.credentials.principal import MAY, Permission, Principal, Role, checked_owner, narrowed, read, written

J, S, R, RR, D, AR, KR, RA, A = Permission


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (Role.SUBMITTER, {J, S, R}),
        (Role.OPERATOR, {J, S, R, RR, D, AR, KR}),
        (Role.AUDITOR, {R, AR, RA}),
        (Role.ADMIN, set(Permission)),
    ],
)
def test_each_role_may_exactly_this(role, may):
    """What a role may is written down twice, here and in the table, so that neither changes by accident."""
    assert MAY[role] == may
    held = Principal(id="key_1", owner="Dana", agency="riverbend", role=role)
    assert {permission for permission in Permission if held.may(permission)} == may


def test_scopes_narrow_and_never_widen():
    """A scope that the role lacks opens nothing; one that is left out is closed."""
    held = Principal(id="k", owner="o", agency="a", role=Role.AUDITOR, scopes=frozenset({R, D}))
    assert [permission for permission in Permission if held.may(permission)] == [R]


def test_a_scope_beyond_the_role_is_refused_where_it_is_given():
    """Nobody is given a key that says more than it opens."""
    with pytest.raises(ConfigurationError, match="may not decide"):
        narrowed(Role.SUBMITTER, frozenset({D, R}))
    assert narrowed(Role.SUBMITTER, frozenset()) is None


def test_scopes_are_kept_as_words():
    """What is written is read again; a word of a later release opens nothing in this one."""
    assert read(written(frozenset({R, S}))) == {R, S}
    assert (read(None), written(None)) == (None, None)
    assert read("read teleport") == {R}


@pytest.mark.parametrize("name", ["", " ", "ab", "a\nb c", "x" * 101, "\x1b[31mred", "a\u2028b", "(nobody)"])
def test_an_owner_is_a_name_on_one_line(name):
    """It stands in histories and on terminals."""
    with pytest.raises(ConfigurationError, match="on one line"):
        checked_owner(name)


@pytest.mark.parametrize("name", ["Dana Whitfield", "José Ñúñez, privacy officer", "Lakeshore EHR 4.2"])
def test_people_and_systems_have_names(name):
    """Names of people and of systems are taken as they are."""
    assert checked_owner(f" {name} ") == name
