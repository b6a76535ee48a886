"""What the state received, written down before it is answered, and counted for whoever looks from outside."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

from canonical.verdict import Verdict
from sandbox.journal import Journal, LedgerDefect, LedgerLost
from sandbox.receipt import StateReceipt, as_entry, from_entry
from sandbox.spell import On
from sandbox.tally import Tally

__all__ = ["Arrival", "End", "Held", "Ledger", "LedgerDefect", "LedgerLost", "Question"]

#: Of how many documents of one sender the latest receipts are remembered: one, and another for that one itself.
_LATEST: Final = 2


class End(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"
    #: The weather let it not reach the state.
    TURNED_BACK = "turned_back"
    #: The state wanted nothing of it: no token, no document, no such name.
    REFUSED = "refused"


#: The ends that are counted by themselves: the requests into a dead peer are among them.
_ENDS: Final = (End.TURNED_BACK, End.REFUSED)


@dataclass(slots=True, kw_only=True)
class Row:
    """One document: how often it was asked for, and how often it took effect."""

    document_id: str
    #: Keyed digest of the member's id.
    child: str
    #: Keyed digest of the agency's id.
    sender: str
    #: Its place among all documents, by first arrival, from 1.
    nth: int
    #: Its place among the documents of its child, from 1.
    child_nth: int
    #: When it came first, and last.
    first_at: str
    last_at: str = ""
    #: The key under which it took effect; before that, the latest one.
    idempotency_key: str = ""
    #: Submissions of it that came, answered or not.
    requests: int = 0
    #: Questions about it, by tracking id or by key.
    questions: int = 0
    #: How often the state took it; 2 is a duplicate.
    effects: int = 0
    #: Its place in the sequence in which documents took effect, from 1; None until then.
    order: int | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the row as anyone outside may read it (design.md section 8)."""
        return {
            "document_id": self.document_id,
            "idempotency_key": self.idempotency_key,
            "child": self.child,
            "requests": self.requests,
            "effects": self.effects,
            "first_at": self.first_at,
            "order": self.order,
            "last_at": self.last_at,
            "questions": self.questions,
        }


@dataclass(slots=True, kw_only=True)
class Held:
    """What the state holds under one idempotency key."""

    #: The receipt of the first time.
    receipt: StateReceipt
    #: What becomes of it after so many polls, in their order; empty where it stays as it is.
    later: tuple[tuple[int, StateReceipt], ...] = ()
    polls: int = 0

    @property
    def standing(self) -> StateReceipt:
        """The receipt as it stands now."""
        return next((receipt for polls, receipt in reversed(self.later) if self.polls >= polls), self.receipt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One submission that came, and what came of it."""

    at: str
    document_id: str
    #: Keyed digest of what makes it this document: its id and its version.
    identity: str
    #: Keyed digests of the member's id, and of the agency's.
    child: str
    sender: str
    idempotency_key: str
    end: End = End.ANSWERED
    #: What the state holds from now on; None where it took nothing, or held it already.
    held: Held | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Any other request: one that brings no document that can be read."""

    at: str
    on: On
    end: End
    #: The receipt that it asks about, where the state has one.
    about: Held | None = None
    #: Whether it counts as a poll of that receipt.
    polls: bool = False


@dataclass(slots=True)
class Totals:
    """What is counted over all documents."""

    effects: int = 0
    documents_taken: int = 0
    #: Documents that took effect more than once.
    documents_duplicated: int = 0
    #: How often two submissions of one child were under way at once.
    overlaps: int = 0
    every: Tally = field(default_factory=Tally)
    kinds: dict[str, Tally] = field(default_factory=lambda: {name.value: Tally() for name in (*On, *_ENDS)})

    def count(self, at: str, on: On, end: End) -> None:
        """Count a request, whatever became of it."""
        for tally in (self.every, self.kinds[on], self.kinds.get(end)):
            if tally is not None:
                tally.count(at)


class Ledger:
    """The state's memory: one line an event, without a value of a record but DOCUMENT_ID."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._children: Counter[str] = Counter()
        self._by_key: dict[str, Held] = {}
        self._by_tracking_id: dict[str, Held] = {}
        self._identities: dict[str, str] = {}
        #: By sender and identity, the receipts of what took effect latest; the very latest comes last.
        self._latest: dict[str, dict[str, Held]] = {}
        self._totals = Totals()
        self._journal: Journal

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger, with everything that it already holds; a last line that a crash tore is cut off.

        Raises:
            LedgerDefect: where the file is no ledger, cannot be opened, or another sandbox is writing it.
        """
        ledger = cls()
        ledger._journal = Journal.open(path, ledger._apply)
        return ledger

    def close(self) -> None:
        """Write what waits, and let others have the file."""
        self._journal.close()

    def veil(self, *values: str) -> str:
        """Return a name for these values that says nothing about them and is always the same in this ledger."""
        return hmac.digest(self._journal.secret, "\x1f".join(values).encode(), "sha256").hex()[:32]

    def place(self, identity: str, child: str) -> tuple[int, int]:
        """Return the document's place among all and among its child's; for one not seen yet, the place it will have."""
        row = self._rows.get(identity)
        if row is None:
            return len(self._rows) + 1, self._children[child] + 1
        return row.nth, row.child_nth

    def place_of(self, held: Held) -> tuple[int, int]:
        """Return the place of the document that is held: among all, and among its child's."""
        row = self._row_of(held)
        return row.nth, row.child_nth

    def under_key(self, idempotency_key: str) -> Held | None:
        """Return what the state holds under that key."""
        return self._by_key.get(idempotency_key)

    def under_tracking_id(self, tracking_id: str) -> Held | None:
        """Return what the state calls by that name."""
        return self._by_tracking_id.get(tracking_id)

    def other_of_sender(self, held: Held) -> Held | None:
        """Return what the state took last from the same sender, of another document; None where there is none."""
        own = self._identities[held.receipt.tracking_id]
        latest = self._latest.get(self._rows[own].sender, {})
        return next((other for identity, other in reversed(latest.items()) if identity != own), None)

    def arrived(self, arrival: Arrival) -> None:
        """Enter a submission."""
        self._enter(
            {
                "event": "arrived",
                "at": arrival.at,
                "end": arrival.end,
                "document_id": arrival.document_id,
                "identity": arrival.identity,
                "child": arrival.child,
                "sender": arrival.sender,
                "idempotency_key": arrival.idempotency_key,
                "held": None if arrival.held is None else _held_entry(arrival.held),
            }
        )

    def asked(self, question: Question) -> None:
        """Enter any other request."""
        about = None if question.about is None else question.about.receipt.tracking_id
        self._enter(
            {
                "event": "asked",
                "at": question.at,
                "on": question.on,
                "end": question.end,
                "tracking_id": about,
                "polls": question.polls,
            }
        )

    def overlapped(self, child: str, at: str) -> None:
        """Enter that two submissions of one child were under way at once."""
        self._enter({"event": "overlapped", "at": at, "child": child})

    async def durable(self) -> None:
        """Return once everything entered so far is on the disk.

        Raises:
            LedgerLost: where the disk refuses; nothing is answered after that.
        """
        await self._journal.durable()

    def documents(self) -> Iterator[dict[str, Any]]:
        """Yield the documents that are there now, in the order of first arrival, each as it stands when it is looked at."""
        return (row.as_json() for row in list(self._rows.values()))

    def summary(self) -> dict[str, Any]:
        """Return everything but the documents."""
        totals = self._totals
        return {
            "overlaps": totals.overlaps,
            "requests": {
                "total": totals.every.requests,
                **{kind: tally.requests for kind, tally in totals.kinds.items()},
            },
            "rate": {**totals.every.as_json(), **{kind: tally.as_json() for kind, tally in totals.kinds.items()}},
            "counts": {
                "documents": len(self._rows),
                "taken": totals.documents_taken,
                "duplicated": totals.documents_duplicated,
                "effects": totals.effects,
                "children": len(self._children),
            },
        }

    def _enter(self, entry: dict[str, Any]) -> None:
        self._apply(entry)
        self._journal.enter(entry)

    def _apply(self, entry: dict[str, Any]) -> None:
        """Change the memory by one event; the same when it happens and when it is read again."""
        match entry["event"]:
            case "arrived":
                self._apply_arrival(entry)
            case "asked":
                self._apply_question(entry)
            case "overlapped":
                self._totals.overlaps += 1
            case _:
                raise ValueError

    def _apply_arrival(self, entry: dict[str, Any]) -> None:
        held = None if entry["held"] is None else _held_in(entry["held"])
        row = self._row(entry)
        row.requests += 1
        row.last_at = entry["at"]
        self._totals.count(entry["at"], On.SUBMIT, End(entry["end"]))
        if row.order is None:
            row.idempotency_key = entry["idempotency_key"]
        if held is not None:
            self._hold(held, row, entry["identity"], entry["idempotency_key"])

    def _hold(self, held: Held, row: Row, identity: str, key: str) -> None:
        """Remember a receipt under its names; any but a rejection is an effect."""
        self._by_tracking_id[held.receipt.tracking_id] = held
        self._identities[held.receipt.tracking_id] = identity
        if key:
            self._by_key[key] = held
        if held.receipt.verdict is Verdict.REJECTED:
            return
        latest = self._latest.setdefault(row.sender, {})
        latest.pop(identity, None)
        latest[identity] = held
        if len(latest) > _LATEST:
            del latest[next(iter(latest))]
        row.effects += 1
        self._totals.effects += 1
        self._totals.documents_taken += row.effects == 1
        self._totals.documents_duplicated += row.effects == 2  # noqa: PLR2004 - the second time
        row.order = row.order or self._totals.effects

    def _apply_question(self, entry: dict[str, Any]) -> None:
        self._totals.count(entry["at"], On(entry["on"]), End(entry["end"]))
        if entry["tracking_id"] is not None:
            held = self._by_tracking_id[entry["tracking_id"]]
            held.polls += entry["polls"]
            self._row_of(held).questions += 1

    def _row_of(self, held: Held) -> Row:
        return self._rows[self._identities[held.receipt.tracking_id]]

    def _row(self, entry: dict[str, Any]) -> Row:
        """Return the document's row, opening it at the first arrival."""
        row = self._rows.get(entry["identity"])
        if row is None:
            child, sender = entry["child"], entry["sender"]
            nth, child_nth = self.place(entry["identity"], child)
            row = Row(
                document_id=entry["document_id"],
                child=child,
                sender=sender,
                nth=nth,
                child_nth=child_nth,
                first_at=entry["at"],
            )
            self._children[child] += 1
            self._rows[entry["identity"]] = row
        return row


def _held_entry(held: Held) -> dict[str, Any]:
    return {
        "receipt": as_entry(held.receipt),
        "later": [[polls, as_entry(receipt)] for polls, receipt in held.later],
    }


def _held_in(entry: dict[str, Any]) -> Held:
    later = tuple((polls, from_entry(receipt)) for polls, receipt in entry["later"])
    return Held(receipt=from_entry(entry["receipt"]), later=later)
