"""What came of one send: our reading of the state's answer, or of its silence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from canonical.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One coded reason of the state."""

    #: The state's own code.
    code: str
    #: The item it concerns, where the state names one that the dictionary knows.
    item: str | None = None
    #: The state's sentence. It may quote the record: kept with the receipt, sealed; never logged or put in a finding.
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the state answered, kept whole."""

    tracking_id: str
    verdict: Verdict
    #: The document id that the state echoed.
    document_id: str
    #: The digest that the state echoed, ``sha-256:<hex>`` of the canonical (C14N) document.
    digest: str
    reasons: tuple[Reason, ...] = ()
    #: The bytes as they came.
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The state took it, perhaps with warnings."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The state has it and has not decided: ask again later. Not a failure."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """The state has it and a person must act there or at the agency."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """The state refused it with coded reasons: never retried as it is."""

    receipt: Receipt
    #: True where a reason concerns the certification key (the second try of the FAQ).
    concerns_key: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TryLater:
    """The state certainly did not take it: safe to send again with the same key."""

    #: Our own words, from a closed set of sentences; never the peer's.
    why: str
    #: The Retry-After of the peer, already capped.
    after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsure:
    """It may or may not have arrived: ask by idempotency key before sending again."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotThere:
    """Asked by idempotency key, the state says that it never received it: safe to send with the same key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Misconfigured:
    """The state refuses us without a coded reason: never retried as it is, and an operator is told."""

    why: str
    #: True where it may lie in this one document; else the destination itself is wrong, and is paused.
    perhaps_document: bool = False


#: What one send can come to.
Outcome = Accepted | Pending | Suspended | Rejected | TryLater | Unsure | Misconfigured
#: What one question by idempotency key or tracking id can come to.
Reply = Accepted | Pending | Suspended | Rejected | NotThere | TryLater | Unsure | Misconfigured


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What goes on the wire for one assessment, built at the moment of sending."""

    document_id: str
    #: The XML, UTF-8.
    content: bytes = field(repr=False)
    #: ``sha-256:<hex>`` of the canonical (C14N 1.0, without comments) form; the receipt must echo it.
    digest: str
    #: The package whose wire it was built for.
    spec: str
    #: True under a provisional or draft package: the interlock keeps it on loopback or a declared sandbox.
    provisional: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One send, question or poll, and what came of it."""

    #: ``send``, ``question`` or ``poll``.
    kind: str
    number: int
    started_at: datetime
    #: None where the worker died, or is still at it.
    ended_at: datetime | None = None
    #: The name of the outcome; None like the moment.
    outcome: str | None = None
    #: Our own sentence about it.
    why: str = ""
