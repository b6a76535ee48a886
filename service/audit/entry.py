"""One entry of an agency's chain, and the digest that ties it to the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final, NamedTuple

import orjson

#: What the first entry of a chain follows.
BEGINNING: Final = "0" * 64
_DOMAIN: Final = b"ecas-bridge audit entry 1\n"


class Outcome(StrEnum):
    """How a deed ended."""

    DONE = "done"
    #: Asked for, and not allowed or not possible.
    REFUSED = "refused"
    #: Tried, and it did not work out.
    FAILED = "failed"


class Entry(NamedTuple):
    """Who did what, when, and how it ended. A tuple, for a hundred thousand a second are verified."""

    #: Whose chain it is in; empty for that of the deployment itself.
    agency: str
    #: Its place in the chain, from 1, without a gap.
    number: int
    #: In milliseconds.
    at: int
    #: What was done: a word of ours, such as ``submission.hold``.
    action: str
    outcome: str
    #: Who: the id of a key or client, a worker, or a person on the host.
    principal: str
    role: str
    #: What it was done to: what that is, and its id.
    kind: str
    about: str
    #: States and counts, in our own words.
    detail: str
    #: The keyed digest of a person's note; empty where there is none. The note itself is sealed elsewhere.
    note: str
    #: The id of the request, as the log tells it.
    request: str
    #: Follows from everything above and from the entry before.
    digest: str


_TYPES: Final = tuple(int if name in ("number", "at") else str for name in Entry._fields)


def encode(fields: Iterable[object]) -> bytes:
    """Return fields as bytes that no other fields give: each after its length."""
    return "".join([f"{len(text)}:{text}" for text in map(str, fields)]).encode("utf-8", "surrogatepass")


def chained(previous: str, entry: Entry) -> str:
    """Return the digest that an entry has after the one of this digest: every field of it but its own digest counts."""
    return hashlib.sha256(_DOMAIN + bytes.fromhex(previous) + encode(entry[:-1])).hexdigest()


def as_line(entry: Entry) -> bytes:
    """Return an entry as one line of an export."""
    return orjson.dumps(entry._asdict()) + b"\n"


def from_line(line: bytes) -> Entry | None:
    """Return the entry of a line that ``as_line`` wrote, byte for byte; None for any other."""
    try:
        found: Any = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(found, dict) or tuple(found) != Entry._fields:
        return None
    entry = Entry._make(found.values())
    typed = tuple(map(type, entry)) == _TYPES
    return entry if typed and orjson.dumps(found) + b"\n" == line else None
