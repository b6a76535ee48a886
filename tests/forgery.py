"""A vendor's client that signs assertions as it should, and a forger who bends each part of one."""

from __future__ import annotations

import base64
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

NAME = "lakeshore"
UNSIGNED = b'{"alg":"none","kid":"es","typ":"JWT"}'
_numbers = itertools.count(1)
#: Members of a header or of the claims to put in, or with None to leave out.
Bent = Mapping[str, Any]


@cache
def rsa_key(bits: int = 2048, number: int = 0) -> rsa.RSAPrivateKey:
    """Return a key that is made once in a run; other numbers are other keys."""
    return rsa.generate_private_key(65_537, bits)


@cache
def ec_key(curve: str = "secp384r1", number: int = 0) -> ec.EllipticCurvePrivateKey:
    curves = {"secp256r1": ec.SECP256R1(), "secp384r1": ec.SECP384R1(), "secp521r1": ec.SECP521R1()}
    return ec.generate_private_key(curves[curve])


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _number(value: int, size: int | None = None) -> str:
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


def jwk_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, kid: str, **more: Any) -> dict[str, Any]:
    """Return the public key as a vendor writes it into its JWKS."""
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "kid": kid, "n": _number(numbers.n), "e": _number(numbers.e), **more}
    point, size = key.public_key().public_numbers(), (key.key_size + 7) // 8
    curve = {256: "P-256", 384: "P-384", 521: "P-521"}[key.key_size]
    return {"kty": "EC", "kid": kid, "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size), **more}


def jwks(*keys: Mapping[str, Any]) -> bytes:
    return json.dumps({"keys": keys}).encode()


def public_pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def signature(algorithm: str, key: Any, content: bytes) -> bytes:
    """Sign as an algorithm of JWA says, whatever key it is: also as nobody should."""
    size = algorithm[2:]
    digest: Any = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}.get(size, hashes.SHA384)()
    if algorithm.lower() == "none":
        return b""
    if algorithm.startswith("HS"):
        return hmac.new(key, content, f"sha{size}").digest()
    if algorithm.startswith("RS"):
        return key.sign(content, padding.PKCS1v15(), digest)
    if algorithm.startswith("PS"):
        return key.sign(content, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
    r, s = utils.decode_dss_signature(key.sign(content, ec.ECDSA(digest)))
    width = (key.key_size + 7) // 8
    return r.to_bytes(width) + s.to_bytes(width)


def joined(header: bytes, claims: bytes, sign: Callable[[bytes], bytes]) -> str:
    content = f"{b64(header)}.{b64(claims)}".encode()
    return f"{content.decode()}.{b64(sign(content))}"


def _bent(members: Mapping[str, Any], how: Bent) -> bytes:
    return json.dumps({name: value for name, value in {**members, **how}.items() if value is not None}).encode()


@dataclass
class Vendor:
    """A client with a key for each algorithm."""

    audience: str
    now: Callable[[], datetime]
    id: str = NAME
    number: int = 0

    @property
    def keys(self) -> dict[str, Any]:
        """Which kid signs with what."""
        return {"rs": rsa_key(number=self.number), "es": ec_key(number=self.number)}

    @property
    def jwks(self) -> bytes:
        return jwks(*(jwk_of(key, kid) for kid, key in self.keys.items()))

    def claims(self) -> dict[str, Any]:
        now = int(self.now().timestamp())
        return {
            "iss": self.id,
            "sub": self.id,
            "aud": self.audience,
            "iat": now,
            "exp": now + 300,
            "jti": f"jti-{next(_numbers)}",
        }

    def assertion(
        self,
        kid: str = "es",
        *,
        header: Bent | None = None,
        claims: Bent | None = None,
        key: Any = None,
        algorithm: str | None = None,
    ) -> str:
        """Return an assertion, signed as its header says, that is good but for what is bent."""
        says = {"rs": "RS384", "es": "ES384"}[kid]
        head = _bent({"alg": algorithm or says, "kid": kid, "typ": "JWT"}, header or {})
        signing, with_ = algorithm or says, self.keys[kid] if key is None else key
        return joined(head, _bent(self.claims(), claims or {}), lambda content: signature(signing, with_, content))

    def raw(self, header: bytes | None = None, claims: bytes | None = None) -> str:
        """Return an assertion of these very bytes, signed by the right key."""
        head = _bent({"alg": "ES384", "kid": "es", "typ": "JWT"}, {}) if header is None else header
        body = _bent(self.claims(), {}) if claims is None else claims
        return joined(head, body, lambda content: signature("ES384", self.keys["es"], content))


def forgeries(vendor: Vendor, stranger: Vendor) -> dict[str, Callable[[], str]]:
    """Return every way in which we tried to get in, each made at the moment of use."""
    now = lambda: int(vendor.now().timestamp())  # noqa: E731
    aud = vendor.audience
    pem = public_pem(vendor.keys["rs"])
    own = jwk_of(stranger.keys["es"], "es")
    good = vendor.assertion

    def with_claims(**bent: Any) -> Callable[[], str]:
        return lambda: good(claims=bent)

    def with_header(**bent: Any) -> Callable[[], str]:
        return lambda: good(header=bent)

    def times(exp: Any = 300, iat: Any = 0, **more: Any) -> Callable[[], str]:
        return lambda: good(claims={"exp": now() + exp, "iat": now() + iat, **more})

    def cut(change: Callable[[list[str]], str]) -> Callable[[], str]:
        return lambda: change(good().split("."))

    def swapped(text: str) -> Callable[[], str]:
        """Keep the signature of another assertion under a text that was changed after it."""
        return cut(
            lambda p: f"{p[0]}.{b64(base64.urlsafe_b64decode(p[1] + '==').replace(b'lakeshore', text.encode()))}.{p[2]}"
        )

    def claims_text(change: Callable[[str], str]) -> Callable[[], str]:
        return lambda: vendor.raw(claims=change(json.dumps(vendor.claims())).encode())

    return {
        # algorithms
        "alg none": lambda: good(algorithm="none"),
        "alg None": lambda: good(algorithm="None"),
        "alg nOnE": lambda: good(algorithm="nOnE"),
        "alg none, signature kept": cut(lambda p: f"{b64(UNSIGNED)}.{p[1]}.{p[2]}"),
        "no alg": with_header(alg=None),
        "alg empty": lambda: good(header={"alg": ""}),
        "alg a list": with_header(alg=["ES384"]),
        "HS256 with the public key": lambda: good("rs", algorithm="HS256", key=pem),
        "HS384 with the public key": lambda: good("rs", algorithm="HS384", key=pem),
        "HS384 with the modulus": lambda: good(
            "rs", algorithm="HS384", key=jwk_of(vendor.keys["rs"], "rs")["n"].encode()
        ),
        "HS384 with an empty secret": lambda: good(algorithm="HS384", key=b""),
        "HS384 with the kid": lambda: good(algorithm="HS384", key=b"es"),
        "RS256": lambda: good("rs", algorithm="RS256"),
        "RS512": lambda: good("rs", algorithm="RS512"),
        "PS384": lambda: good("rs", algorithm="PS384"),
        "ES256": lambda: good(algorithm="ES256"),
        "ES512": lambda: good(algorithm="ES512"),
        "ES384 by a P-256 key": lambda: good(key=ec_key("secp256r1")),
        "RS384 named, ES384 signed": lambda: good("rs", header={"alg": "ES384"}),
        "ES384 named, RS384 key": lambda: good("rs", key=vendor.keys["es"], algorithm="ES384"),
        # keys
        "a stranger's EC key": lambda: good(key=stranger.keys["es"]),
        "a stranger's RSA key": lambda: good("rs", key=stranger.keys["rs"]),
        "a small RSA key": lambda: good("rs", key=rsa_key(1024)),
        "kid of nobody": with_header(kid="other"),
        "no kid": with_header(kid=None),
        "kid empty": with_header(kid=""),
        "kid a number": with_header(kid=1),
        "kid a path": with_header(kid="../../../dev/null"),
        "kid an address": with_header(kid="http://127.0.0.1:1/jwks"),
        "kid with SQL": with_header(kid="es' OR '1'='1"),
        "kid with NUL": with_header(kid="es\0"),
        "kid in upper case": with_header(kid="ES"),
        "kid of 300": with_header(kid="e" * 300),
        "jwk beside it": lambda: good(key=stranger.keys["es"], header={"jwk": own}),
        "jwk beside it, kid of nobody": lambda: good(key=stranger.keys["es"], header={"jwk": own, "kid": "x"}),
        "jku": with_header(jku="http://127.0.0.1:1/jwks.json"),
        "jku, stranger's key": lambda: good(key=stranger.keys["es"], header={"jku": "http://127.0.0.1:1/jwks.json"}),
        "x5u": with_header(x5u="http://127.0.0.1:1/cert.pem"),
        "x5c": with_header(x5c=["MIIB"]),
        "crit": with_header(crit=["exp"]),
        "crit b64": with_header(crit=["b64"], b64=False),
        "zip": with_header(zip="DEF"),
        "typ missing": with_header(typ=None),
        "typ of another kind": with_header(typ="at+jwt"),
        # who and for whom
        "iss of another": with_claims(iss="somebody"),
        "sub of another": with_claims(sub="somebody"),
        "iss and sub of another": with_claims(iss="somebody", sub="somebody"),
        "iss begins like it": with_claims(iss="lakeshore-2", sub="lakeshore-2"),
        "iss part of it": with_claims(iss="lake", sub="lake"),
        "iss in upper case": with_claims(iss="LAKESHORE", sub="LAKESHORE"),
        "no iss": with_claims(iss=None),
        "no sub": with_claims(sub=None),
        "iss a list": with_claims(iss=["lakeshore"], sub=["lakeshore"]),
        "iss changed after signing": swapped("somebody2"),
        "another client's, our key": lambda: stranger.assertion(key=vendor.keys["es"]),
        "a stranger's, as ours": lambda: stranger.assertion(claims={"iss": NAME, "sub": NAME}),
        "no aud": with_claims(aud=None),
        "aud of another": with_claims(aud="https://state.example/oauth2/token"),
        "aud begins with ours": with_claims(aud=f"{aud}/more"),
        "aud with a host behind ours": with_claims(aud=f"{aud}.attacker.example"),
        "aud the beginning of ours": with_claims(aud=aud.removesuffix("/token")),
        "aud with a slash": with_claims(aud=f"{aud}/"),
        "aud in upper case": with_claims(aud=aud.upper()),
        "aud a list": with_claims(aud=[aud]),
        "aud a list of two": with_claims(aud=[aud, "https://state.example/oauth2/token"]),
        "aud an object": with_claims(aud={aud: True}),
        "aud empty": with_claims(aud=""),
        # times
        "no exp": with_claims(exp=None),
        "exp passed": times(exp=-61, iat=-361),
        "exp long passed": times(exp=-86_400, iat=-86_700),
        "exp in ten years": times(exp=315_360_000),
        "exp in 301 s": times(exp=301),
        "exp a text": with_claims(exp="9999999999"),
        "exp true": with_claims(exp=True),
        "exp a list": with_claims(exp=[9_999_999_999]),
        "exp infinite": claims_text(lambda text: text.replace('"exp": ', '"exp": 1e999, "was": ')),
        "exp NaN": claims_text(lambda text: text.replace('"exp": ', '"exp": NaN, "was": ')),
        "exp of 5000 digits": claims_text(lambda text: text.replace('"exp": ', f'"exp": {"9" * 5000}, "was": ')),
        "exp before iat": times(exp=-10, iat=0),
        "no iat": with_claims(iat=None),
        "iat to come": times(exp=361, iat=61),
        "iat to come, nbf not": times(exp=361, iat=61, nbf=0),
        "all of it in ten years, nbf not": times(exp=315_360_300, iat=315_360_000, nbf=0),
        "iat a text": with_claims(iat="1"),
        "iat minus infinity": claims_text(lambda text: text.replace('"iat": ', '"iat": -1e999, "was": ')),
        "nbf to come": times(nbf=9_999_999_999),
        "nbf a text": times(nbf="now"),
        # names of its own
        "no jti": with_claims(jti=None),
        "jti empty": with_claims(jti=""),
        "jti a number": with_claims(jti=7),
        "jti of 256": with_claims(jti="j" * 256),
        # the text itself
        "empty": lambda: "",
        "one part": cut(lambda p: p[0]),
        "two parts": cut(lambda p: f"{p[0]}.{p[1]}"),
        "no signature": cut(lambda p: f"{p[0]}.{p[1]}."),
        "four parts": cut(lambda p: ".".join([*p, p[2]])),
        "five parts, as if encrypted": cut(lambda p: ".".join([*p, p[1], p[2]])),
        "signature of nought": cut(lambda p: f"{p[0]}.{p[1]}.{b64(bytes(96))}"),
        "signature cut": cut(lambda p: f"{p[0]}.{p[1]}.{p[2][:-8]}"),
        "signature with more": cut(lambda p: f"{p[0]}.{p[1]}.{p[2]}AAAA"),
        "signature in DER": lambda: joined(
            b'{"alg":"ES384","kid":"es","typ":"JWT"}',
            json.dumps(vendor.claims()).encode(),
            lambda content: vendor.keys["es"].sign(content, ec.ECDSA(hashes.SHA384())),
        ),
        "padded": cut(lambda p: f"{p[0]}.{p[1]}.{p[2]}=="),
        "standard base64": cut(lambda p: f"{p[0]}.{p[1]}+/.{p[2]}"),
        "a line break": cut(lambda p: f"{p[0]}.{p[1]}.{p[2]}\n"),
        "blanks around": lambda: f" {good()} ",
        "200 kB": lambda: good(claims={"more": "x" * 5000}),
        "header no object": lambda: vendor.raw(header=b'["ES384"]'),
        "header no JSON": lambda: vendor.raw(header=b"alg"),
        "header not UTF-8": lambda: vendor.raw(header=b'{"alg":"ES384","kid":"\xff","typ":"JWT"}'),
        "claims no object": lambda: vendor.raw(claims=b"[]"),
        "claims deep": lambda: vendor.raw(claims=b"[" * 4000),
        "alg twice": lambda: vendor.raw(header=b'{"alg":"none","alg":"ES384","kid":"es","typ":"JWT"}'),
        "aud twice": claims_text(lambda text: text.replace('"aud"', '"aud": "https://x.example", "aud"')),
        "exp twice": claims_text(lambda text: text.replace('"exp"', '"exp": 9999999999, "exp"')),
    }
