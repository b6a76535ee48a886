"""Assertions, taken apart: whatever comes, only what is whole and right is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from forgery import Vendor, forgeries
from hypothesis import given, settings
from hypothesis import strategies as st

from service.credentials.assertion import Fault, NotProven, Presented
from service.credentials.jwks import read_jwks

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
AUDIENCE = "http://127.0.0.1:8000/oauth2/token"
VENDOR = Vendor(AUDIENCE, lambda: NOW)
STRANGER = Vendor(AUDIENCE, lambda: NOW, id="shoreline", number=1)
KEYS = {key.kid: key for key in read_jwks(VENDOR.jwks)}
FORGERIES = forgeries(VENDOR, STRANGER)
TYPES = ("JWT", "client-authentication+jwt")
#: Anything that JSON can say.
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["alg", "kid", "typ", "jku", "jwk", "x5u", "x5c", "x5t", "crit", "zip", "b64", "cty", "enc"])
CLAIMS = st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "scope"])


def proven(text: str, now: datetime = NOW):
    presented = Presented.read(text)
    if presented.client != VENDOR.id or presented.kid not in KEYS:
        raise NotProven(Fault.CLIENT)
    return presented.proven(VENDOR.id, KEYS[presented.kid], AUDIENCE, now)


@pytest.mark.parametrize("kid", ["rs", "es"])
def test_a_good_assertion_is_believed(kid):
    """RS384 and ES384; it says who, its own name, and until when it could be used."""
    proof = proven(VENDOR.assertion(kid, claims={"jti": "canary-1"}))
    assert (proof.client, proof.jti, proof.ends) == (VENDOR.id, "canary-1", NOW + timedelta(minutes=5, seconds=60))
    assert "canary" not in repr(proof)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_one_is_not(name):
    """Each of the table is refused for a reason, and for no crash of ours."""
    with pytest.raises(NotProven):
        proven(FORGERIES[name]())


@pytest.mark.parametrize(
    ("bent", "seconds"),
    [
        ({}, -60), ({}, 0), ({}, 299), ({}, 359),
        ({"nbf": NOW.timestamp()}, -60), ({"exp": NOW.timestamp() + 299.5, "iat": NOW.timestamp() + 0.25}, 0),
    ],
)  # fmt: skip
def test_clocks_may_differ_by_a_minute(bent, seconds):
    """A client's clock that is a minute ahead or behind shuts nobody out."""
    assert proven(VENDOR.assertion(claims=bent), NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(("seconds", "fault"), [(-61, Fault.EARLY), (360, Fault.EXPIRED), (10**8, Fault.EXPIRED)])
def test_and_by_no_more(seconds, fault):
    """Beyond it an assertion is from the future, or expired."""
    with pytest.raises(NotProven) as refused:
        proven(VENDOR.assertion(), NOW + timedelta(seconds=seconds))
    assert refused.value.fault is fault


@pytest.mark.parametrize("kind", TYPES)
def test_both_names_of_its_type_are_taken(kind):
    """Today's, and that of RFC 7523bis."""
    assert proven(VENDOR.assertion(header={"typ": kind}))


@settings(max_examples=150, deadline=None)
@given(bent=st.dictionaries(NAMES | st.text(max_size=6), JSON, min_size=1, max_size=4))
def test_no_other_header_is_believed(bent):
    """Whatever a header says beside or instead of what it should, the assertion is refused, although it is signed."""
    header = {"alg": "ES384", "kid": "es", "typ": "JWT"} | bent
    text = VENDOR.raw(header=json.dumps(header).encode())
    if header | {"typ": "JWT"} == {"alg": "ES384", "kid": "es", "typ": "JWT"} and header["typ"] in TYPES:
        assert proven(text)
        return
    with pytest.raises(NotProven):
        proven(text)


@settings(max_examples=150, deadline=None)
@given(bent=st.dictionaries(CLAIMS, JSON, min_size=1, max_size=4))
def test_no_other_claims_are_believed(bent):
    """Signed claims that say anything else than they should are refused; what they may say freely changes nothing."""
    claims = VENDOR.claims() | bent
    text = VENDOR.raw(claims=json.dumps(claims).encode())
    try:
        proof = proven(text)
    except NotProven:
        return
    now = NOW.timestamp()
    assert (claims["iss"], claims["sub"], claims["aud"]) == (VENDOR.id, VENDOR.id, AUDIENCE)
    assert 0 < claims["exp"] - claims["iat"] <= 300
    assert now - 60 < claims["exp"] <= now + 360
    assert proof.jti == claims["jti"]
    assert isinstance(claims["jti"], str)


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="AZaz09-_.=", max_size=60) | st.text(max_size=60) | st.binary(max_size=40).map(repr))
def test_whatever_text_comes_it_is_refused_in_order(text):
    """Nothing but the one refusal comes out of any text."""
    with pytest.raises(NotProven):
        proven(text)


@settings(max_examples=100, deadline=None)
@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_bit_turned_anywhere_is_seen(place, bit):
    """Header, claims and signature: no bit of the text may change."""
    good = VENDOR.assertion()
    place %= len(good)
    turned = good[:place] + chr(ord(good[place]) ^ (1 << bit)) + good[place + 1 :]
    with pytest.raises(NotProven):
        proven(turned)
