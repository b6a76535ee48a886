"""Who we are to the state: OAuth 2 client credentials with a signed assertion (RFC 7523, ``private_key_jwt``)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from canonical.errors import ConfigurationError

#: SMART Backend Services allow five minutes at most.
_LIFE: Final = timedelta(minutes=5)
_ALGORITHM: Final = "ES384"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """The client that the state registered, and the key that proves it."""

    #: The client id that the state gave us.
    client_id: str
    #: The name of the key in the key set that the state holds.
    key_id: str
    #: The private key on P-384, as PEM.
    private_key: bytes = field(repr=False)
    #: Whom the assertion is for, from the settings: taken from discovery it could be an attacker's (RFC 7523bis).
    audience: str

    def __post_init__(self) -> None:
        """Refuse a key that cannot sign.

        Raises:
            ConfigurationError: where the key is not a private key on P-384.
        """
        key = self._key()
        if not key.is_private or key.curve_name != "P-384":
            raise ConfigurationError("The client key (gateway_key_file) must be a private key on P-384 (ES384).")

    def assertion(self, *, now: datetime, jti: str) -> str:
        """Return a signed assertion that may be used once, within five minutes."""
        issued = int(now.timestamp())
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.audience,
            "iat": issued,
            "exp": issued + int(_LIFE.total_seconds()),
            "jti": jti,
        }
        header = {"alg": _ALGORITHM, "kid": self.key_id, "typ": "JWT"}
        return jwt.encode(header, claims, self._key(), algorithms=[_ALGORITHM])

    def _key(self) -> ECKey:
        try:
            return ECKey.import_key(self.private_key)
        except (JoseError, ValueError, TypeError):
            # From None: the reader's own words may quote the key.
            raise ConfigurationError("The client key (gateway_key_file) is not a readable EC key in PEM.") from None
