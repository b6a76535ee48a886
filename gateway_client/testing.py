"""A gateway without a network, for the tests of others: it obeys the same contract (tests/contracts/test_gateway.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from canonical.outcome import (
    Accepted,
    Document,
    Misconfigured,
    NotThere,
    Outcome,
    Pending,
    Reason,
    Receipt,
    Rejected,
    Reply,
    Suspended,
    Unsure,
)
from canonical.verdict import Verdict

#: What a state does with a document that is new to it.
Script = Callable[[Document, str], Outcome]


def accept(document: Document, key: str) -> Outcome:
    """Take every document: the script of a fair day."""
    return Accepted(receipt=receipt_for(document, tracking_id=f"trk_{key}"))


def receipt_for(
    document: Document,
    verdict: Verdict = Verdict.ACCEPTED,
    *,
    tracking_id: str = "trk_1",
    reasons: tuple[Reason, ...] = (),
) -> Receipt:
    """Return the receipt that a state would give for the document."""
    return Receipt(
        tracking_id=tracking_id,
        verdict=verdict,
        document_id=document.document_id,
        digest=document.digest,
        reasons=reasons,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """One send, as the state saw it."""

    document: Document
    idempotency_key: str


class ScriptedGateway:
    """A state that follows a script and remembers under each key what it has taken or refused."""

    def __init__(self, script: Script = accept) -> None:
        """Follow the script for each document whose key is new."""
        self._script = script
        self._held: dict[str, tuple[Document, Accepted | Pending | Suspended | Rejected]] = {}
        #: Every send in order, repeats too.
        self.sent: list[Sent] = []
        #: The key of every question, in order.
        self.asked: list[str] = []

    def hold(self, document: Document, key: str, word: Accepted | Pending | Suspended | Rejected) -> None:
        """Take a document although the answer gets lost, or change the word about it: a script may call this."""
        self._held[key] = (document, word)

    async def send(self, document: Document, *, idempotency_key: str) -> Outcome:
        """Answer as the script says; the same key answers as the first time, or refuses another document."""
        self.sent.append(Sent(document=document, idempotency_key=idempotency_key))
        held = self._held.get(idempotency_key)
        if held is not None:
            same = held[0].digest == document.digest
            return held[1] if same else Misconfigured(why="The state says that this key belongs to another document.")
        outcome = self._script(document, idempotency_key)
        if isinstance(outcome, Accepted | Pending | Suspended | Rejected):
            self.hold(document, idempotency_key, outcome)
        return outcome

    async def ask(self, document: Document, *, idempotency_key: str) -> Reply:
        """Say what is held under the key."""
        self.asked.append(idempotency_key)
        held = self._held.get(idempotency_key)
        if held is None:
            return NotThere()
        same = held[0].digest == document.digest
        return held[1] if same else Unsure(why="The state's receipt is for another document.")

    async def poll(self, document_id: str, digest: str, tracking_id: str) -> Reply:
        """Say how the receipt with that tracking id stands."""
        for document, word in self._held.values():
            if word.receipt.tracking_id == tracking_id and (document.document_id, document.digest) == (
                document_id,
                digest,
            ):
                return word
        return Unsure(why="The state does not know this receipt.")

    async def close(self) -> None:
        """Nothing to give back."""
