"""A client's signed assertion (RFC 7523, ``private_key_jwt``): read with suspicion, and believed only as a whole."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NoReturn, Self

from joserfc import jws
from joserfc.errors import JoseError

from service.clock import from_milliseconds
from service.credentials.jwks import ALGORITHMS, PublicKey

#: How far two clocks may differ.
SKEW: Final = timedelta(seconds=60)
#: How long an assertion may live at most (SMART Backend Services).
LONGEST: Final = timedelta(minutes=5)
_MOST_CHARACTERS: Final = 8192
_FORM: Final = re.compile(r"[A-Za-z0-9_-]{2,1024}\.[A-Za-z0-9_-]{2,6144}\.[A-Za-z0-9_-]{2,2048}")
#: All that a header may hold: where keys come from (jku, x5u, jwk, x5c) and what else to heed (crit) is not its choice.
_HEADER: Final = frozenset({"alg", "kid", "typ"})
_TYPES: Final = frozenset({"JWT", "client-authentication+jwt"})
_LONGEST_NAME: Final = 255
#: Seconds; beyond it nothing is now.
_FAR: Final = 10**11


class Fault(StrEnum):
    """Why an assertion is not believed: for our log alone; the caller learns only that it is not."""

    FORM = "not three parts of base64url"
    JSON = "not two JSON objects"
    HEADER = "header with more than alg, kid and typ, or less"
    ALGORITHM = "another algorithm than the key's"
    CLIENT = "unknown client or key"
    SIGNATURE = "not signed by that key"
    SUBJECT = "issuer and subject are not the client"
    AUDIENCE = "meant for somebody else"
    TIMES = "times missing, or no numbers"
    EXPIRED = "expired"
    TOO_LONG = "lives too long"
    EARLY = "from the future"
    NAMELESS = "no jti"
    REPLAYED = "used before"


class NotProven(Exception):
    """The assertion proves nothing."""

    def __init__(self, fault: Fault) -> None:
        """Carry the word for the log."""
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a believed assertion says."""

    client: str
    #: Its own name, which may be used once.
    jti: str = field(repr=False)
    #: From then on nobody takes it any more.
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """An assertion of which nothing is believed yet: whose it claims to be, and by which key."""

    text: str = field(repr=False)
    client: str
    kid: str
    algorithm: str

    @classmethod
    def read(cls, text: str) -> Self:
        """Take it apart, strictly.

        Raises:
            NotProven: it has not the form of an assertion that we take.
        """
        if len(text) > _MOST_CHARACTERS or not _FORM.fullmatch(text):
            _refuse(Fault.FORM)
        head, body, _ = text.split(".")
        header, claims = _object(_decoded(head)), _object(_decoded(body))
        if header.keys() != _HEADER or not all(isinstance(value, str) for value in header.values()):
            _refuse(Fault.HEADER)
        if header["typ"] not in _TYPES:
            _refuse(Fault.HEADER)
        if header["alg"] not in set(ALGORITHMS.values()):
            _refuse(Fault.ALGORITHM)
        client = claims.get("iss")
        if not isinstance(client, str) or not isinstance(header["kid"], str):
            _refuse(Fault.SUBJECT)
        return cls(text=text, client=client, kid=header["kid"], algorithm=header["alg"])

    def proven(self, client: str, key: PublicKey, audience: str, now: datetime) -> Proof:
        """Check it against the registered client and key.

        Raises:
            NotProven: it is not this client's, for this audience, now.
        """
        if self.algorithm != key.algorithm:
            _refuse(Fault.ALGORITHM)
        try:
            signed = jws.deserialize_compact(self.text, key.loaded(), algorithms=[key.algorithm])
        except (JoseError, ValueError):
            raise NotProven(Fault.SIGNATURE) from None
        claims = _object(signed.payload or b"")  # of the bytes that were signed, not of those that we read before
        if (claims.get("iss"), claims.get("sub")) != (client, client):
            _refuse(Fault.SUBJECT)
        if claims.get("aud") != audience:  # one text, the whole of it: no list, no prefix
            _refuse(Fault.AUDIENCE)
        ends = _lifetime(claims, now)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 1 <= len(jti) <= _LONGEST_NAME:
            _refuse(Fault.NAMELESS)
        return Proof(client=client, jti=jti, ends=ends)


def _lifetime(claims: Mapping[str, Any], now: datetime) -> datetime:
    """Return until when the assertion could be used.

    Raises:
        NotProven: not now, or for too long.
    """
    expires, issued = _moment(claims.get("exp")), _moment(claims.get("iat"))
    begins = _moment(claims.get("nbf", issued))
    skew, present = SKEW.total_seconds(), now.timestamp()
    if not 0 < expires - issued <= LONGEST.total_seconds():
        _refuse(Fault.TOO_LONG)
    if not present < expires + skew:
        _refuse(Fault.EXPIRED)
    if not (issued <= present + skew and begins <= present + skew):
        _refuse(Fault.EARLY)
    return from_milliseconds(int(expires * 1000)) + SKEW


def _moment(claim: Any) -> float:  # noqa: ANN401 - a client's JSON
    """Return a time; huge numbers are cut to what a comparison can hold.

    Raises:
        NotProven: it is missing, or no number.
    """
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        _refuse(Fault.TIMES)
    return float(max(-_FAR, min(_FAR, claim)))


def _decoded(part: str) -> bytes:
    """Return the bytes of a part that is written in the one way in which it can be."""
    try:
        content = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        raise NotProven(Fault.FORM) from None
    if base64.urlsafe_b64encode(content).rstrip(b"=") != part.encode():
        _refuse(Fault.FORM)
    return content


def _object(content: bytes) -> dict[str, Any]:
    """Return a JSON object whose members come once each, so that nobody can read it otherwise."""
    try:
        read = json.loads(content.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise NotProven(Fault.JSON) from None
    if not isinstance(read, dict):
        _refuse(Fault.JSON)
    return read


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError
    return members


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _refuse(fault: Fault) -> NoReturn:
    raise NotProven(fault)
