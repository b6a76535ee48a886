"""Vendors' key sets: which keys are taken, and why others are not."""

from __future__ import annotations

import json

import pytest
from forgery import ec_key, jwk_of, jwks, rsa_key

from canonical.errors import ConfigurationError
from service.credentials.jwks import read_jwks

RSA = jwk_of(rsa_key(), "rs")
EC = jwk_of(ec_key(), "es")


def test_the_public_parts_alone_are_kept():
    """Both kinds are taken; whatever else the file says of a key is left behind."""
    keys = read_jwks(jwks({**RSA, "alg": "RS384", "use": "sig", "x5u": "http://x.example", "owner": "Lakeshore"}, EC))
    assert [(key.kid, key.algorithm) for key in keys] == [("rs", "RS384"), ("es", "ES384")]
    assert [set(key.jwk) for key in keys] == [{"kty", "n", "e"}, {"kty", "crv", "x", "y"}]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "no JWKS"),
        (b"[]", "no JWKS"),
        (b"null", "no JWKS"),
        (b"\xff", "no JWKS"),
        (b"[" * 50_000, "no JWKS"),
        (jwks(), "no JWKS"),
        (b'{"keys": {}}', "no JWKS"),
        (jwks(*({**RSA, "kid": str(n)} for n in range(11))), "1 to 10 keys"),
        (b" " * 65_537, "65536 bytes"),
        (jwks(RSA, RSA), "the same"),
        (jwks(RSA, {**EC, "kid": "rs"}), "the same"),
        (jwks(RSA, {**RSA, "kid": "other"}), "the same key"),
        (jwks("key"), "Key 1 of the file is no JSON object"),  # type: ignore[arg-type]
        (jwks({**RSA, "d": "AAAA"}), "private"),
        (jwks(EC, {"kty": "oct", "kid": "k", "k": "c2VjcmV0"}), "Key 2 of the file is a private or shared key"),
        (jwks({**RSA, "kid": None}), "kid"),
        (jwks({**RSA, "kid": "a b"}), "kid"),
        (jwks({**RSA, "kid": "k" * 256}), "kid"),
        (jwks({**RSA, "kty": "OKP"}), "neither RSA"),
        (jwks({**RSA, "kty": ["RSA"]}), "neither RSA"),
        (jwks({"kty": "RSA", "kid": "k", "n": "AQAB"}), "lacks a part"),
        (jwks({**RSA, "n": 65_537}), "lacks a part"),
        (jwks({**RSA, "alg": "RS256"}), "another algorithm than RS384"),
        (jwks({**EC, "alg": "ES256"}), "another algorithm than ES384"),
        (jwks({**RSA, "use": "enc"}), "not for signatures"),
        (jwks({**RSA, "key_ops": ["encrypt"]}), "not for signatures"),
        (jwks({**RSA, "key_ops": 7}), "not for signatures"),
        (jwks(jwk_of(rsa_key(1024), "k")), "2048 to 8192 bits"),
        (jwks({**RSA, "e": "AQ"}), "cannot be read|exponent"),
        (jwks({**RSA, "e": "Aw"}), "exponent below 65537"),
        (jwks({**RSA, "e": "AQAA"}), "cannot be read"),
        (jwks({**RSA, "n": "!" * 342}), "cannot be read|2048 to 8192"),
        (jwks(jwk_of(ec_key("secp256r1"), "k")), "P-384"),
        (jwks(jwk_of(ec_key("secp521r1"), "k")), "P-384"),
        (jwks({**EC, "y": EC["x"]}), "cannot be read"),
        (jwks({**EC, "crv": "P-256"}), "cannot be read|P-384"),
    ],
    ids=lambda case: None if isinstance(case, str) else f"{len(case)}-bytes",
)
def test_a_key_that_must_not_be_used_is_refused(content, why):
    """In one sentence, which names the key by its place and quotes nothing of it."""
    with pytest.raises(ConfigurationError, match=why) as refused:
        read_jwks(content)
    assert RSA["n"][:20] not in str(refused.value)
    assert refused.value.__cause__ is None


def test_equal_keys_have_one_thumbprint():
    """However the members stand, and whatever the key is called."""
    again = json.dumps({"keys": [dict(reversed([*RSA.items()])) | {"kid": "other"}]}).encode()
    assert read_jwks(jwks(RSA))[0].thumbprint == read_jwks(again)[0].thumbprint
