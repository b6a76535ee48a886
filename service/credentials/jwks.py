"""The public keys of a vendor's client, from the JWKS file that it handed over: RS384 and ES384, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from canonical.errors import ConfigurationError

#: The algorithms of SMART Backend Services, by the kind of key that signs with them.
ALGORITHMS: Final[Mapping[str, str]] = {"RSA": "RS384", "EC": "ES384"}
#: What makes a public key; everything else of the file is left behind.
_PUBLIC: Final[Mapping[str, tuple[str, ...]]] = {"RSA": ("kty", "n", "e"), "EC": ("kty", "crv", "x", "y")}
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_MOST_BYTES: Final = 65_536
_MOST_KEYS: Final = 10
_BITS: Final = range(2048, 8193)
#: What base64 adds to fill its last character.
_BITS_TOLD: Final = range(2048, 8193 + 6)
_NOT_THE_SIZE: Final = f"has not {_BITS[0]} to {_BITS[-1]} bits"
#: FIPS 186-5 asks for more than 65536; with an exponent of 1, anybody's text is its own signature.
_LEAST_EXPONENT: Final = 65_537


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One key that a client signs with."""

    #: The client's own name for it: compared, never looked into.
    kid: str
    #: The public members alone.
    jwk: Mapping[str, str]
    #: RFC 7638: equal for equal keys.
    thumbprint: str

    @property
    def algorithm(self) -> str:
        """The one algorithm that this kind of key signs with; what a token says of itself does not choose it."""
        return ALGORITHMS[self.jwk["kty"]]

    def loaded(self) -> RSAKey | ECKey:
        """Return the key ready to check a signature."""
        return _loaded(self.jwk)


def read_jwks(content: bytes) -> list[PublicKey]:
    """Return the keys of a JWKS file.

    Raises:
        ConfigurationError: it is none, or one of its keys must not be used; the text names the key by its place.
    """
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"A JWKS has {_MOST_BYTES} bytes at most.")
    try:
        listed = json.loads(content)["keys"]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list) or not 1 <= len(listed) <= _MOST_KEYS:
        raise ConfigurationError(f"The file is no JWKS: a JSON object whose “keys” are 1 to {_MOST_KEYS} keys.")
    keys = [_read(jwk, place) for place, jwk in enumerate(listed, start=1)]
    if len({key.kid for key in keys}) < len(keys) or len({key.thumbprint for key in keys}) < len(keys):
        raise ConfigurationError("Two keys of the file have the same “kid”, or are the same key.")
    return keys


def _read(jwk: Any, place: int) -> PublicKey:  # noqa: ANN401 - somebody's JSON
    """Return one key of the file.

    Raises:
        ConfigurationError: it must not be used.
    """
    fault = _fault(jwk)
    if fault is not None:
        raise ConfigurationError(f"Key {place} of the file {fault}.")
    public = {name: jwk[name] for name in _PUBLIC[jwk["kty"]]}
    try:
        key = _loaded(public)
        weak = _weakness(key)
    except (JoseError, ValueError, TypeError, OverflowError):
        # From None: the reader's own words may quote the key.
        raise ConfigurationError(f"Key {place} of the file cannot be read as the key that it says it is.") from None
    if weak is not None:
        raise ConfigurationError(f"Key {place} of the file {weak}.")
    return PublicKey(kid=jwk["kid"], jwk=public, thumbprint=key.thumbprint())


def _fault(jwk: Any) -> str | None:  # noqa: ANN401 - somebody's JSON
    """Return why a key is not even looked into; None where it may be."""
    if not isinstance(jwk, dict):
        return "is no JSON object"
    kid, kind = jwk.get("kid"), str(jwk.get("kty"))
    algorithm = ALGORITHMS.get(kind)
    faults = {
        "is a private or shared key: hand over the public part alone, and make a new key, for this one is out": (
            jwk.keys() & _PRIVATE
        ),
        "has no “kid” of 1 to 255 visible ASCII characters": not isinstance(kid, str) or not _KID.fullmatch(kid),
        "is neither RSA (RS384) nor EC (ES384)": algorithm is None,
        "lacks a part of its public key": not all(isinstance(jwk.get(name), str) for name in _PUBLIC.get(kind, ())),
        f"is for another algorithm than {algorithm}": jwk.get("alg", algorithm) != algorithm,
        # Before it is loaded, which for a huge one would take long; to the bit afterwards.
        _NOT_THE_SIZE: kind == "RSA" and isinstance(jwk.get("n"), str) and len(jwk["n"]) * 6 not in _BITS_TOLD,
        "is not for signatures": jwk.get("use", "sig") != "sig" or jwk.get("key_ops", ["verify"]) != ["verify"],
    }
    return next((fault for fault, found in faults.items() if found), None)


def _weakness(key: RSAKey | ECKey) -> str | None:
    if isinstance(key, ECKey):
        return None if key.curve_name == "P-384" else "is not on P-384 (ES384)"
    numbers = key.public_key.public_numbers()
    if numbers.n.bit_length() not in _BITS:
        return _NOT_THE_SIZE
    return None if numbers.e >= _LEAST_EXPONENT else "has an exponent below 65537"


def _loaded(jwk: Mapping[str, str]) -> RSAKey | ECKey:
    kind: type[RSAKey | ECKey] = RSAKey if jwk["kty"] == "RSA" else ECKey
    return kind.import_key(dict(jwk))
