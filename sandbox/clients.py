"""The clients that the state knows by their public keys, and the tokens that it gave them (RFC 6749 4.4, RFC 7523)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Self

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from canonical.errors import ConfigurationError

#: How long a token lives.
TOKEN_LIFE: Final = timedelta(minutes=5)
#: How far ahead an assertion may expire; a longer one would be a password.
_ASSERTION_LIFE: Final = timedelta(minutes=10)
#: Only signatures by keys that the state never had; ``none`` and shared secrets are no proof.
_ALGORITHMS: Final = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class ClientsDefect(ConfigurationError):
    """The file of registered clients is wrong; it is a JWKS whose keys carry ``client_id``, or the client's id as ``kid``."""


class Clients:
    """Registered clients, and who holds which token. Tokens do not survive a restart: a client gets a new one."""

    def __init__(self, keys: Mapping[str, KeySet]) -> None:
        self._keys = keys
        self._tokens: dict[str, datetime] = {}
        self._assertions: dict[str, datetime] = {}

    @classmethod
    def from_file(cls, path: Path) -> Self:
        """Read the JWKS of registered clients.

        Raises:
            ClientsDefect: where it is none, or holds no key.
        """
        try:
            listed = orjson.loads(path.read_bytes())["keys"]
            by_client: dict[str, list[dict[str, Any]]] = {}
            for key in listed:
                by_client.setdefault(key.get("client_id") or key["kid"], []).append(key)
            keys = {client: KeySet.import_key_set({"keys": its}) for client, its in by_client.items()}
        except OSError as error:
            raise ClientsDefect(f"{path}: {error.strerror}.") from None
        except (JoseError, AttributeError, KeyError, TypeError, ValueError):
            raise ClientsDefect(f"{path}: not a JWKS whose keys carry client_id, or the client's id as kid.") from None
        if not keys:
            raise ClientsDefect(f"{path}: no client is registered.")
        return cls(keys)

    def token(
        self, form: Mapping[str, str], audiences: frozenset[str], now: datetime, life: timedelta = TOKEN_LIFE
    ) -> str | None:
        """Return a new token for a client that proves itself to one of these audiences; None for anyone else."""
        asked = (form.get("grant_type"), form.get("client_assertion_type"))
        if asked != ("client_credentials", _ASSERTION_TYPE):
            return None
        assertion = self._proven(form.get("client_assertion", ""), audiences, now)
        if assertion is None or form.get("client_id", assertion["sub"]) != assertion["sub"]:
            return None
        token = secrets.token_urlsafe(32)
        self._tokens = _alive(self._tokens, now)
        self._tokens[token] = now + life
        return token

    def knows(self, authorization: str, now: datetime) -> bool:
        """Return whether the header carries a token that is still alive."""
        scheme, _, token = authorization.partition(" ")
        expires = self._tokens.get(token)
        return scheme.lower() == "bearer" and expires is not None and now < expires

    def _proven(self, assertion: str, audiences: frozenset[str], now: datetime) -> dict[str, Any] | None:
        """Return the claims of an assertion that is signed by its client, meant for us, alive, and not seen before."""
        for client, keys in self._keys.items():
            try:
                claims = jwt.decode(assertion, keys, algorithms=_ALGORITHMS).claims
                _registry(client, audiences, now).validate(claims)
            except (JoseError, ValueError):
                continue
            return claims if self._is_new(f"{client} {claims['jti']}", claims["exp"], now) else None
        return None

    def _is_new(self, name: str, expires: float, now: datetime) -> bool:
        """Return whether an assertion comes for the first time, and lives no longer than one may."""
        short_lived = expires <= (now + _ASSERTION_LIFE).timestamp()  # false for NaN too
        if not short_lived:
            return False
        self._assertions = _alive(self._assertions, now)
        if name in self._assertions:
            return False
        self._assertions[name] = now + _ASSERTION_LIFE
        return True


def _registry(client: str, audiences: frozenset[str], now: datetime) -> jwt.JWTClaimsRegistry:
    def one_of(*values: str) -> jwt.ClaimsOption:
        return {"essential": True, "values": list(values)}

    must = {"iss": one_of(client), "sub": one_of(client), "aud": one_of(*audiences)}
    always: jwt.ClaimsOption = {"essential": True}
    return jwt.JWTClaimsRegistry(now=int(now.timestamp()), leeway=5, **must, exp=always, jti=always)


def _alive(until: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
    return {name: expires for name, expires in until.items() if now < expires}
