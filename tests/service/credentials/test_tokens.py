"""Tokens: for one agency, for a while, and for one use of an assertion."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from forgery import Vendor, ec_key, jwk_of, jwks, rsa_key
from sqlalchemy import text

from canonical.errors import ConfigurationError
from service.credentials.assertion import Fault, NotProven
from service.credentials.principal import Permission, Role
from service.credentials.tokens import LIFE, AccessToken, Refused
from service.main import build_service
from service.settings import Settings


def asked(credentials, vendor, scope="", **more):
    return credentials.tokens.issue(vendor.assertion(**more), scope)


def test_a_token_says_who_for_whom_and_what(credentials, vendor):
    """The principal is the client, the agency that of the grant, the scopes those of the role."""
    given = asked(credentials, vendor)
    assert given.scope == "agency:riverbend judge read submit"
    known = credentials.recognise(given.token)
    assert (known.id, known.owner, known.agency) == ("client:lakeshore", "Lakeshore EHR", "riverbend")
    assert (known.role, known.scopes) == (Role.SUBMITTER, {Permission.JUDGE, Permission.READ, Permission.SUBMIT})


def test_a_token_ends_after_five_minutes(credentials, vendor, clock):
    """To the moment."""
    given = asked(credentials, vendor)
    assert timedelta(minutes=5) == LIFE == given.lifetime
    clock.forward(LIFE - timedelta(milliseconds=1))
    assert credentials.recognise(given.token)
    clock.forward(timedelta(milliseconds=1))
    assert credentials.recognise(given.token) is None


def test_a_token_is_kept_nowhere(service, credentials, vendor, tmp_path):
    """Neither it nor the assertion's own name stands in the database."""
    given = asked(credentials, vendor, claims={"jti": "canary-jti-9f1"})
    with service.engine.connect() as connection:
        for table in ("access_token", "assertion"):
            rows = str(connection.execute(text(f"SELECT * FROM {table}")).all())
            assert given.token not in rows
            assert "canary-jti" not in rows
    assert given.token not in repr(given)
    content = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert given.token.removeprefix("ecat_").encode() not in content
    assert b"canary-jti" not in content


def test_an_assertion_is_good_for_one_token(credentials, vendor, clock):
    """Replayed at once, later, or with another scope, it gives nothing."""
    assertion = vendor.assertion()
    assert isinstance(credentials.tokens.issue(assertion, ""), AccessToken)
    for scope in ("", "read", "agency:riverbend"):
        with pytest.raises(NotProven) as refused:
            credentials.tokens.issue(assertion, scope)
        assert refused.value.fault is Fault.REPLAYED
        clock.forward(timedelta(seconds=30))


def test_an_assertion_is_used_up_by_a_scope_that_is_refused(credentials, vendor):
    """Whoever catches it afterwards has nothing."""
    assertion = vendor.assertion()
    assert credentials.tokens.issue(assertion, "agency:harborlight") is Refused.INVALID_SCOPE
    with pytest.raises(NotProven):
        credentials.tokens.issue(assertion, "")


def test_one_name_is_one_client_s(service, credentials, vendor, clock):
    """Two clients may use the same jti, for they do not know of each other; one client may not, whatever it signs."""
    other = Vendor(service.settings.audience, clock, id="shoreline", number=1)
    credentials.clients.add("shoreline", owner="Shoreline EHR", jwks=other.jwks)
    credentials.clients.grant("shoreline", "riverbend", role=Role.SUBMITTER)
    for one in (vendor, other):
        assert isinstance(asked(credentials, one, claims={"jti": "1"}), AccessToken)
        with pytest.raises(NotProven):
            asked(credentials, one, kid="rs", claims={"jti": "1", "exp": int(clock().timestamp()) + 200})


def test_of_sixteen_that_race_one_gets_a_token(credentials, vendor):
    """One assertion at the same moment on sixteen threads: one token, fifteen refusals."""
    assertion, ready = vendor.assertion(), threading.Barrier(16)

    def race(_):
        ready.wait()
        try:
            return credentials.tokens.issue(assertion, "")
        except NotProven as refused:
            return refused.fault

    with ThreadPoolExecutor(16) as clients:
        got = list(clients.map(race, range(16)))
    assert sum(isinstance(one, AccessToken) for one in got) == 1
    assert got.count(Fault.REPLAYED) == 15


def _issue_elsewhere(given, assertions, ready, told):
    """In another process: bring the same assertions as everybody else."""
    service = build_service(Settings.model_validate(given))
    ready.wait()
    won = 0
    for assertion in assertions:
        try:
            won += isinstance(service.credentials.tokens.issue(assertion, ""), AccessToken)
        except NotProven:
            continue
    told.put(won)
    service.engine.dispose()


def test_of_two_processes_that_race_one_gets_a_token(database_url, tmp_path):
    """Twenty assertions brought by three processes at once are twenty tokens."""
    given = {"data_dir": tmp_path / "var", "database_url": database_url}
    service = build_service(Settings.model_validate(given))
    service.agencies.add("riverbend")
    vendor = Vendor(service.settings.audience, service.clock)
    service.credentials.clients.add(vendor.id, owner="Lakeshore EHR", jwks=vendor.jwks)
    service.credentials.clients.grant(vendor.id, "riverbend", role=Role.SUBMITTER)
    assertions = [vendor.assertion() for _ in range(20)]
    service.engine.dispose()
    spawning = multiprocessing.get_context("spawn")
    ready, told = spawning.Barrier(3), spawning.Queue()
    racers = [spawning.Process(target=_issue_elsewhere, args=(given, assertions, ready, told)) for _ in range(3)]
    for racer in racers:
        racer.start()
    won = [told.get(timeout=60) for _ in racers]
    for racer in racers:
        racer.join(30)
    assert sum(won) == 20


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("", "agency:riverbend judge read submit"),
        ("agency:riverbend", "agency:riverbend judge read submit"),
        ("read", "agency:riverbend read"),
        ("agency:riverbend submit read", "agency:riverbend read submit"),
        ("read decide administer", "agency:riverbend read"),
        ("decide", None),
        ("system/*.read", None),
        ("agency:harborlight", None),
        ("agency:harborlight read", None),
        ("agency:nobody", None),
        ("agency:", None),
        ("agency:riverbend agency:harborlight", None),
        ("agency:riverbend%", None),
        ("agency:' OR 1=1 --", None),
        ("read \0", None),
    ],
)
def test_a_scope_narrows_what_was_granted(credentials, vendor, scope, granted):
    """Less is given as asked; nothing is given of what was not granted, and an unknown agency reads as one not granted."""
    given = asked(credentials, vendor, scope)
    assert given is Refused.INVALID_SCOPE if granted is None else given.scope == granted


def test_with_several_agencies_it_says_for_which(credentials, vendor):
    """Each token is bound to one agency; nobody guesses which."""
    credentials.clients.grant(vendor.id, "harborlight", role=Role.AUDITOR, scopes=[Permission.READ_AUDIT])
    assert asked(credentials, vendor) is Refused.INVALID_SCOPE
    tokens = {name: asked(credentials, vendor, f"agency:{name}") for name in ("riverbend", "harborlight")}
    known = {name: credentials.recognise(given.token) for name, given in tokens.items()}
    assert {name: one.agency for name, one in known.items()} == {name: name for name in known}
    assert [permission for permission in Permission if known["harborlight"].may(permission)] == [Permission.READ_AUDIT]


@pytest.mark.parametrize("end", ["grant", "grant-again", "client", "keys", "clock"])
def test_a_token_ends_with_what_it_stands_on(credentials, vendor, clock, end):
    """With its grant, also where a new one takes its place, with its client, and with the key that signed for it."""
    given = asked(credentials, vendor)
    assert credentials.recognise(given.token)
    match end:
        case "grant":
            credentials.clients.revoke(vendor.id, "riverbend")
        case "grant-again":
            credentials.clients.grant(vendor.id, "riverbend", role=Role.ADMIN)
        case "client":
            credentials.clients.revoke(vendor.id)
        case "keys":
            credentials.clients.replace_keys(vendor.id, jwks(jwk_of(vendor.keys["rs"], "rs")))
        case _:
            clock.forward(timedelta(days=3650))
    assert credentials.recognise(given.token) is None


def test_a_vendor_s_keys_overlap_as_it_likes(credentials, vendor):
    """With old and new in one file both work; without the old one, that one is out, and does not come back."""
    new = jwk_of(ec_key(number=7), "new")
    both = jwks(jwk_of(vendor.keys["es"], "es"), new)
    assert credentials.clients.replace_keys(vendor.id, both) == (["new"], ["rs"])
    assert isinstance(asked(credentials, vendor), AccessToken)
    assert credentials.clients.replace_keys(vendor.id, jwks(new)) == ([], ["es"])
    with pytest.raises(NotProven) as refused:
        asked(credentials, vendor)
    assert refused.value.fault is Fault.CLIENT
    with pytest.raises(ConfigurationError, match="does not come back"):
        credentials.clients.replace_keys(vendor.id, both)
    (client,) = credentials.clients.all()
    assert client.kids == ("new",)


def test_a_key_is_one_client_s(credentials, vendor):
    """What one vendor signs never speaks for another."""
    with pytest.raises(ConfigurationError, match="registered before"):
        credentials.clients.add("shoreline", owner="Shoreline EHR", jwks=jwks(jwk_of(vendor.keys["es"], "mine")))
    assert [client.id for client in credentials.clients.all()] == ["lakeshore"]


def test_a_key_keeps_its_name(credentials, vendor):
    """The same key under another kid is refused, and nothing is changed."""
    with pytest.raises(ConfigurationError, match="keeps its name"):
        credentials.clients.replace_keys(vendor.id, jwks(jwk_of(vendor.keys["es"], "else")))
    assert isinstance(asked(credentials, vendor), AccessToken)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        (lambda c: c.add("lakeshore", owner="Twice", jwks=jwks(jwk_of(rsa_key(number=5), "k"))), "there already"),
        (lambda c: c.add("Lakeshore", owner="Upper case", jwks=jwks(jwk_of(rsa_key(number=5), "k"))), "2 to 40"),
        (lambda c: c.grant("nobody", "riverbend", role=Role.ADMIN), "no client"),
        (lambda c: c.grant("lakeshore", "nobody", role=Role.ADMIN), "no agency"),
        (lambda c: c.grant("lakeshore", "riverbend", role=Role.AUDITOR, scopes=[Permission.SUBMIT]), "may not submit"),
        (lambda c: c.revoke("lakeshore", "harborlight"), "does not act for harborlight"),
        (lambda c: c.revoke("nobody"), "no client"),
        (lambda c: c.replace_keys("nobody", jwks(jwk_of(rsa_key(number=5), "k"))), "no client"),
    ],
    ids=["twice", "upper-case", "no-client", "no-agency", "beyond", "not-granted", "revoke-nobody", "keys-of-nobody"],
)
def test_what_cannot_be_done_says_why(credentials, vendor, act, why):
    """In one sentence, and nothing is changed by it."""
    before = credentials.clients.all()
    with pytest.raises(ConfigurationError, match=why):
        act(credentials.clients)
    assert credentials.clients.all() == before


def test_what_nobody_can_use_any_more_is_forgotten(service, credentials, vendor, clock):
    """A day after their end; before that, a clock that is set back still finds every assertion used."""
    assertion = vendor.assertion()
    credentials.tokens.issue(assertion, "")

    def kept():
        with service.engine.connect() as connection:
            return [
                connection.execute(text(f"SELECT count(*) FROM {name}")).scalar()
                for name in ("access_token", "assertion")
            ]

    clock.forward(timedelta(hours=23))
    credentials.tokens.forget()
    assert kept() == [1, 1]
    clock.forward(-timedelta(hours=23))
    with pytest.raises(NotProven):
        credentials.tokens.issue(assertion, "")
    clock.forward(timedelta(hours=25))
    credentials.tokens.forget()
    assert kept() == [0, 0]


@pytest.mark.parametrize("text_", ["", "ecat_", "ecat_" + "A" * 43, "ecat_" + "A" * 42 + "\n", "ecat_\ud800", "\0"])
def test_what_is_no_token_is_nobody_s(credentials, vendor, text_):
    """Whatever comes as a token, an unknown one is nobody's."""
    asked(credentials, vendor)
    assert credentials.recognise(text_) is None
