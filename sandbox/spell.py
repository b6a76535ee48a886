"""One entry of a weather script: whom it means, and what happens to them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from canonical.outcome import Reason


class On(StrEnum):
    """Which question the weather meets."""

    #: ``POST``: a document.
    SUBMIT = "submit"
    #: ``GET`` by tracking id.
    STATUS = "status"
    #: ``GET`` by idempotency key.
    QUERY = "query"
    #: ``POST``: a client asks for a token.
    TOKEN = "token"  # noqa: S105 - the name of a question


class Do(StrEnum):
    """What happens."""

    #: Nothing special: the document is judged.
    ACCEPT = "accept"
    #: A verdict: accepted, with ``reasons`` as warnings.
    ACCEPT_WITH_WARNINGS = "accept-with-warnings"
    #: A verdict: refused for ``reasons``.
    REJECT = "reject"
    #: A verdict: refused for the certification key (the package's first code for that, or ``reasons``).
    REFUSE_KEY = "refuse-key"
    #: A verdict: taken, and settled after ``polls`` questions by tracking id (1 where none are given).
    PENDING = "pending"
    #: A verdict: waits for something else; for ever, or until ``polls``.
    DEPENDENCY = "dependency"
    #: A verdict: waits for a person; for ever, or until ``polls``.
    SUSPENDED = "suspended"
    #: A verdict: accepted at once; a question by tracking id tells suspended; accepted again after ``polls`` of them, or never.
    ACCEPT_THEN_SUSPEND = "accept-then-suspend"
    #: On the road: 503, perhaps with ``retry_after`` or ``retry_after_date``.
    UNAVAILABLE = "unavailable"
    #: On the road: 429, perhaps with ``retry_after`` or ``retry_after_date``.
    TOO_MANY = "too-many"
    #: On the road: 401.
    UNAUTHORIZED = "unauthorized"
    #: On the road: 307 ``to`` another address.
    REDIRECT = "redirect"
    #: On the road: the connection ends before the state looks at the question.
    DROP_BEFORE = "drop-before"
    #: On the road: 200 with a page for people; with ``taken = true`` the state has the document all the same.
    ERROR_PAGE = "error-page"
    #: On the way back: the question is answered and written down, and the connection ends without the answer.
    DROP_AFTER_ACCEPT = "drop-after-accept"
    #: On the way back: the first ``bytes`` of the answer, or half of it, as a whole HTTP answer.
    TRUNCATE = "truncate"
    #: On the way back: a receipt for a document that nobody sent.
    WRONG_RECEIPT = "wrong-receipt"
    #: On the way back: the receipt, right for that one, of the sender's latest other document; the right one where it has none.
    DUPLICATE_RECEIPT = "duplicate-receipt"
    #: On the way back: the answer comes ``seconds`` late.
    SLOW = "slow"
    #: On the way back: the headers come at once, and the body a byte at a time over ``seconds``.
    DRIP = "drip"
    #: The state has forgotten what it took: the key is new to a submit, received by nobody to a query, unknown to a status.
    FORGET = "forget"
    #: No token: ``status`` (401 or 400) with the ``error`` of RFC 6749 (``invalid_client``).
    REFUSE_TOKEN = "refuse-token"  # noqa: S105 - the name of a weather
    #: A token that lives for ``seconds`` (0: it is dead at once), whatever ``expires_in`` says of it.
    SHORT_TOKEN = "short-token"  # noqa: S105 - the name of a weather


#: What never reaches the state.
ROAD: Final = frozenset(
    {Do.UNAVAILABLE, Do.TOO_MANY, Do.UNAUTHORIZED, Do.REDIRECT, Do.DROP_BEFORE, Do.ERROR_PAGE},
)
#: What only a document can meet.
VERDICTS: Final = frozenset(
    {
        Do.ACCEPT_WITH_WARNINGS,
        Do.REJECT,
        Do.REFUSE_KEY,
        Do.PENDING,
        Do.DEPENDENCY,
        Do.SUSPENDED,
        Do.ACCEPT_THEN_SUSPEND,
    },
)
#: What concerns receipts, and so no token.
_OF_RECEIPTS: Final = frozenset({Do.WRONG_RECEIPT, Do.DUPLICATE_RECEIPT, Do.FORGET})
#: What concerns tokens, and nothing else.
_OF_TOKENS: Final = frozenset({Do.REFUSE_TOKEN, Do.SHORT_TOKEN})
#: What each may be told beside ``on``, ``match``, ``times``, ``share``, ``seed`` and ``do``; a ``!`` must be told.
OPTIONS: Final[Mapping[Do, tuple[str, ...]]] = {
    Do.ACCEPT_WITH_WARNINGS: ("reasons",),
    Do.REJECT: ("!reasons",),
    Do.REFUSE_KEY: ("reasons",),
    Do.PENDING: ("polls",),
    Do.DEPENDENCY: ("polls",),
    Do.SUSPENDED: ("polls",),
    Do.ACCEPT_THEN_SUSPEND: ("polls",),
    Do.UNAVAILABLE: ("retry_after", "retry_after_date"),
    Do.TOO_MANY: ("retry_after", "retry_after_date"),
    Do.REDIRECT: ("!to",),
    Do.ERROR_PAGE: ("taken",),
    Do.TRUNCATE: ("bytes",),
    Do.SLOW: ("!seconds",),
    Do.DRIP: ("!seconds",),
    Do.REFUSE_TOKEN: ("status", "error"),
    Do.SHORT_TOKEN: ("seconds", "expires_in"),
}


def can_meet(do: Do, on: On) -> bool:
    """Return whether this can happen to that question."""
    if do in _OF_TOKENS:
        return on is On.TOKEN
    if on is On.TOKEN:
        return do not in _OF_RECEIPTS and do not in VERDICTS
    return on is On.SUBMIT or do not in VERDICTS


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a question is about, as far as the state knows it."""

    #: What ``times`` is counted for: the document, or the key or tracking id where no document is known.
    name: str
    document_id: str | None = None
    #: The document's place among all, by first arrival, from 1.
    nth: int | None = None
    #: Its place among the documents of its child.
    child_nth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which documents are meant; whatever is not given, all."""

    document_id: str | None = None
    nth: int | None = None
    every: int | None = None
    child_nth: int | None = None

    def holds(self, subject: Subject) -> bool:
        """Return whether the subject is meant; one of which nothing is known is meant only by an empty match."""
        return (
            (self.document_id is None or self.document_id == subject.document_id)
            and (self.nth is None or self.nth == subject.nth)
            and (self.every is None or (subject.nth is not None and subject.nth % self.every == 0))
            and (self.child_nth is None or self.child_nth == subject.child_nth)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """What happens, to whom, and how often."""

    do: Do
    on: On = On.SUBMIT
    match: Match = Match()
    #: How often it meets the same document; None for always.
    times: int | None = None
    #: The part of all documents that it meets: always the same ones for the same seed. None for all.
    share: float | None = None
    seed: int = 0
    reasons: tuple[Reason, ...] = field(default=(), repr=False)
    #: As the header says it: seconds or a date, or nonsense where that is to be tried.
    retry_after: str | None = None
    #: Seconds from now, told as a date.
    retry_after_date: int | None = None
    polls: int | None = None
    seconds: float = 0.0
    to: str = ""
    taken: bool = False
    bytes: int | None = None
    status: int = 401
    error: str = "invalid_client"
    expires_in: int | None = None

    def means(self, on: On, subject: Subject) -> bool:
        """Return whether this is for that question about that subject."""
        return self.on is on and self.match.holds(subject) and self._in_share(subject)

    def _in_share(self, subject: Subject) -> bool:
        if self.share is None:
            return True
        if subject.document_id is None:
            return False
        digest = hashlib.sha256(f"{self.seed} {subject.document_id}".encode()).digest()
        return int.from_bytes(digest[:8]) < self.share * 2**64


#: What happens where the script has nothing to say.
FAIR: Final = Spell(do=Do.ACCEPT)
