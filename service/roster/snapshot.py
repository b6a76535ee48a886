"""A roster to take along: signed and sealed, with keyed digests in the place of keys, good for so many days.

Whoever holds the file alone can read nothing of it and change nothing in it. Whoever holds the snapshot key too (a build
server, say) can ask about a key that it knows, and learns no other.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar, Final

import orjson
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from canonical.errors import ConfigurationError, EcasBridgeError
from validators.roster import AccountStatus, Assessor, Roster, masked

#: The first line of every snapshot.
MAGIC: Final = b"ecas roster snapshot 1\n"
#: How long one is good unless it says otherwise.
GOOD_FOR: Final = timedelta(days=30)
#: Clocks of two machines may differ by so much.
_SKEW: Final = timedelta(hours=1)
_PREFIX: Final = "ecas-snapshot-1."
_SECRET_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_DAYS: Final = ("certified_on", "issued_on", "expires_on", "approved_on")


class SnapshotTooOld(EcasBridgeError):
    """The snapshot says nothing about today any more: what it would judge could not be checked."""

    exit_code: ClassVar[int] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRoster(Roster):
    """A roster that holds no keys: one is found by its keyed digest, by whoever knows it."""

    made_at: datetime
    good_until: datetime
    agency: str
    secret: bytes = field(repr=False)

    def lines_of(self, key: str) -> tuple[Assessor, ...]:
        """Return the lines that carry exactly this key; they bear it as long as somebody asks about it."""
        return tuple(replace(line, key=key) for line in Roster.lines_of(self, _digest(self.secret, key)))

    def other_keys_of(self, line: Assessor) -> tuple[Assessor, ...]:
        """Return the lines in use that name the same person under another key."""
        return Roster.other_keys_of(self, replace(line, key=_digest(self.secret, line.key)))

    def told(self, now: datetime) -> str:
        """Say in one sentence what it is and how old."""
        days = (now - self.made_at).days
        age = "today" if not days else f"{days} day{'s' if days > 1 else ''} ago"
        return (
            f"The roster is a snapshot of {self.agency}, made {age}; good until {self.good_until.date().isoformat()}."
        )


class Snapshots:
    """Makes the snapshots of one agency; its signing key and its secret follow from the vault's master key."""

    def __init__(self, signing: bytes, secret: bytes) -> None:
        """Take 32 bytes to sign with and 32 bytes that digest and seal."""
        self._signing = Ed25519PrivateKey.from_private_bytes(signing)
        self._secret = secret

    @property
    def key(self) -> str:
        """What reads these snapshots: the secret, and the public key that proves who made them."""
        both = self._secret + self._signing.public_key().public_bytes_raw()
        return _PREFIX + base64.urlsafe_b64encode(both).decode().rstrip("=")

    def write(self, roster: Roster, *, agency: str, at: datetime, good_for: timedelta = GOOD_FOR) -> bytes:
        """Return a snapshot of a roster as it is now."""
        head = {
            "agency": agency,
            "made_at": at.astimezone(UTC).isoformat(timespec="seconds"),
            "good_until": (at + good_for).astimezone(UTC).isoformat(timespec="seconds"),
        }
        body = orjson.dumps([_line(self._secret, line) for line in roster.assessors])
        nonce = os.urandom(_NONCE_BYTES)
        stated = MAGIC + orjson.dumps(head) + b"\n"
        sealed = nonce + AESGCM(_derived(self._secret, b"seal")).encrypt(nonce, body, stated)
        whole = stated + base64.b64encode(sealed) + b"\n"
        return whole + base64.b64encode(self._signing.sign(whole)) + b"\n"


def read(content: bytes, name: str, *, key: str | None, now: datetime) -> SnapshotRoster:
    """Return the roster of a snapshot.

    Raises:
        ConfigurationError: there is no snapshot key, it is another one's, or the file was altered.
        SnapshotTooOld: its time is over, or has not come.
    """
    if key is None:
        raise ConfigurationError(f"{name} is a snapshot; ECAS_SNAPSHOT_KEY, which reads it, is not set.")
    secret, public = _opened(key)
    whole, _, signature = content.rstrip(b"\n").rpartition(b"\n")
    try:
        public.verify(_decoded(signature), whole + b"\n")
        stated, _, sealed = whole.rpartition(b"\n")
        head = orjson.loads(stated[len(MAGIC) :])
        sealed = _decoded(sealed)
        cipher = AESGCM(_derived(secret, b"seal"))
        body = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], stated + b"\n")
    except (InvalidSignature, InvalidTag, ValueError):
        raise ConfigurationError(
            f"{name} was altered, or it is the snapshot of somebody with another key; make a new one: ecas keys snapshot."
        ) from None
    made_at, good_until = (datetime.fromisoformat(head[what]) for what in ("made_at", "good_until"))
    if now > good_until or now < made_at - _SKEW:
        raise SnapshotTooOld(
            f"{name} was made on {made_at.date().isoformat()} and is good until {good_until.date().isoformat()}: "
            "it says nothing about today. Make a new one: ecas keys snapshot."
        )
    return SnapshotRoster(
        digest=f"sha-256:{hashlib.sha256(content).hexdigest()}",
        assessors=tuple(map(_assessor, orjson.loads(body))),
        made_at=made_at,
        good_until=good_until,
        agency=head["agency"],
        secret=secret,
    )


def _line(secret: bytes, line: Assessor) -> dict[str, Any]:
    days = {name: getattr(line, name) for name in _DAYS}
    return {
        "key": _digest(secret, line.key),
        "last_name": line.last_name,
        "first_name": line.first_name,
        "former_names": line.former_names,
        "agencies": sorted(line.agencies),
        "state": line.state,
        "status": line.status,
        **days,
    }


def _assessor(record: dict[str, Any]) -> Assessor:
    days = {name: date.fromisoformat(text) if (text := record.pop(name)) else None for name in _DAYS}
    return Assessor(
        **{
            **record,
            **days,
            "former_names": tuple(record["former_names"]),
            "agencies": frozenset(record["agencies"]),
            "status": AccountStatus(record["status"]),
        }
    )


def _digest(secret: bytes, key: str) -> str:
    """Return what stands for a key: a keyed digest that ends as the key does where a mask shows its end."""
    digest = hmac.digest(_derived(secret, b"key"), key.encode("utf-8", "surrogatepass"), "sha256").hex()
    return digest + masked(key)[-2:]


def _derived(secret: bytes, use: bytes) -> bytes:
    return hmac.digest(secret, b"ecas roster snapshot 1 " + use, "sha256")


def _opened(key: str) -> tuple[bytes, Ed25519PublicKey]:
    try:
        both = _decoded_url(key.strip().removeprefix(_PREFIX))
        return both[:_SECRET_BYTES], Ed25519PublicKey.from_public_bytes(both[_SECRET_BYTES:])
    except ValueError:
        raise ConfigurationError("ECAS_SNAPSHOT_KEY is not what “ecas keys snapshot” printed.") from None


def _decoded(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)


def _decoded_url(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
