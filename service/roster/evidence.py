"""What a certificate rests on: the digest of its document, or the word of whoever saw it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime

import orjson


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One proof of one certificate; either a document or a note."""

    #: ``sha-256:<hex>`` of the document, which is not kept: it shows the key.
    document: str | None = None
    note: str = field(default="", repr=False)
    #: Who saw the certificate.
    seen_by: str = field(default="", repr=False)
    seen_on: date | None = None
    #: When it was written down.
    at: datetime | None = None


def digest_of(document: bytes) -> str:
    """Return the digest by which a document can be recognised later."""
    return f"sha-256:{hashlib.sha256(document).hexdigest()}"


def write_evidence(evidence: Evidence) -> bytes:
    """Return what is sealed of it."""
    return orjson.dumps(
        {"document": evidence.document, "note": evidence.note, "by": evidence.seen_by, "on": evidence.seen_on}
    )


def read_evidence(content: bytes, at: datetime) -> Evidence:
    """Return what ``write_evidence`` wrote."""
    record = orjson.loads(content)
    seen_on = None if record["on"] is None else date.fromisoformat(record["on"])
    return Evidence(document=record["document"], note=record["note"], seen_by=record["by"], seen_on=seen_on, at=at)
