"""A checkpoint: somebody with the key saw this chain with this many entries and this head, at this time."""

from __future__ import annotations

import hashlib
from typing import Any, Final, NamedTuple

import orjson

from service.audit.entry import BEGINNING, encode
from service.audit.signing import PublicKey, SigningKey

#: What the first checkpoint of a chain follows.
FIRST: Final = BEGINNING
_DOMAIN: Final = b"ecas-bridge audit checkpoint 1\n"


class Checkpoint(NamedTuple):
    """What is signed, and the signature. Whoever keeps it elsewhere sees when the chain is cut or written anew."""

    agency: str
    #: How many entries the chain had.
    entries: int
    #: The digest of the last of them.
    head: str
    #: In milliseconds.
    at: int
    #: The digest of the checkpoint before.
    previous: str
    #: The id of the key that signed it.
    key: str
    signature: str

    def signed_content(self) -> bytes:
        """Return what the signature is of: everything but itself."""
        return _DOMAIN + encode(self[:-1])

    def digest(self) -> str:
        """Return what the next checkpoint names as its previous one."""
        return hashlib.sha256(self.signed_content()).hexdigest()

    def holds(self, keys: dict[str, PublicKey]) -> bool:
        """Return whether one of these keys signed it."""
        return self.key in keys and keys[self.key].signed(self.signed_content(), self.signature)


def sign(key: SigningKey, *, agency: str, entries: int, head: str, at: int, previous: str) -> Checkpoint:
    """Return a signed checkpoint."""
    blank = Checkpoint(agency, entries, head, at, previous, key.public.id, "")
    return blank._replace(signature=key.sign(blank.signed_content()))


def as_line(checkpoint: Checkpoint, seq: int) -> bytes:
    """Return a checkpoint as a line of the file that is shipped off the host; ``seq`` is its row in the database."""
    return orjson.dumps({"seq": seq, **checkpoint._asdict()}) + b"\n"


def from_line(line: bytes) -> tuple[int, Checkpoint] | None:
    """Return what ``as_line`` wrote; None for any other line."""
    try:
        found: Any = orjson.loads(line)
        seq = found.pop("seq")
        checkpoint = Checkpoint(**found)
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError):
        return None
    typed = all(type(value) is (int if name in ("entries", "at") else str) for name, value in found.items())
    return (seq, checkpoint) if typed and type(seq) is int else None
