"""What the state makes of a document: its own judgement, and then whatever the weather decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from canonical.outcome import Reason
from canonical.verdict import Verdict
from sandbox.document import WireDocument
from sandbox.judge import Judge, Judgement
from sandbox.ledger import Held
from sandbox.receipt import StateReceipt
from sandbox.spell import Do, Spell
from specs.spec import Spec

#: Receipts that wait, and why, where the weather does not say it.
_WAITING: Final = {
    Do.PENDING: (Verdict.PENDING, Reason(code="IN-REVIEW", text="The document has not been looked at yet.")),
    Do.DEPENDENCY: (Verdict.DEPENDENCY, Reason(code="EARLIER-DOCUMENT", text="The document waits for another one.")),
    Do.SUSPENDED: (Verdict.SUSPENDED, Reason(code="MANUAL-REVIEW", text="A person looks at the document.")),
}
_WARNING: Final = Reason(code="NOTE", text="The document was taken, and is worth another look.")


class Ruling:
    """Gives receipts to the documents of one specification.

    Raises:
        SpecDefect: where the package cannot be judged by.
    """

    def __init__(self, spec: Spec, new_tracking_id: Callable[[], str]) -> None:
        self._judge = Judge(spec)
        self._new_tracking_id = new_tracking_id
        self._key_refused = Reason(
            code=min(spec.transport.key_reasons, default="KEY-REFUSED"),
            item="ASSESSOR_KEY",
            text="The certification key was refused.",
        )

    def on(self, document: WireDocument, spell: Spell, at: str) -> Held:
        """Rule on a document that was built for this specification; what the state refuses by itself no weather makes good."""
        judgement = self._judge.judge(document)
        verdict = Verdict.ACCEPTED_WITH_WARNINGS if judgement.warnings else Verdict.ACCEPTED
        receipt = self._receipt(document, at).become(verdict, judgement.warnings)
        if judgement.refusals:
            return Held(receipt=receipt.become(Verdict.REJECTED, judgement.refusals))
        if spell.do is Do.ACCEPT_THEN_SUSPEND:
            return _suspended_later(receipt, spell)
        if spell.do in _WAITING:
            return _waiting(receipt, spell)
        return Held(receipt=self._weathered(receipt, judgement, spell))

    def refuse(self, document: WireDocument, reason: Reason, at: str) -> Held:
        """Refuse a document before it is judged."""
        return Held(receipt=self._receipt(document, at).become(Verdict.REJECTED, [reason]))

    def _receipt(self, document: WireDocument, at: str) -> StateReceipt:
        """Return a receipt under a new tracking id."""
        return StateReceipt(
            tracking_id=self._new_tracking_id(),
            document_id=document.document_id,
            digest=document.digest,
            verdict=Verdict.ACCEPTED,
            received_at=at,
        )

    def _weathered(self, receipt: StateReceipt, judgement: Judgement, spell: Spell) -> StateReceipt:
        """Return the verdict that the weather gives at once."""
        match spell.do:
            case Do.REJECT:
                return receipt.become(Verdict.REJECTED, spell.reasons)
            case Do.REFUSE_KEY:
                return receipt.become(Verdict.REJECTED, spell.reasons or [self._key_refused])
            case Do.ACCEPT_WITH_WARNINGS:
                return receipt.become(
                    Verdict.ACCEPTED_WITH_WARNINGS, [*judgement.warnings, *(spell.reasons or [_WARNING])]
                )
            case _:
                return receipt


def _waiting(receipt: StateReceipt, spell: Spell) -> Held:
    """Return a receipt that waits: until so many polls, or for ever."""
    verdict, reason = _WAITING[spell.do]
    polls = 1 if spell.polls is None and spell.do is Do.PENDING else spell.polls
    return Held(receipt=receipt.become(verdict, [reason]), later=() if polls is None else ((polls, receipt),))


def _suspended_later(receipt: StateReceipt, spell: Spell) -> Held:
    """Return a receipt that the first poll finds suspended, and that many more find so before it is as it was."""
    verdict, reason = _WAITING[Do.SUSPENDED]
    suspended = (1, receipt.become(verdict, [reason]))
    return Held(receipt=receipt, later=(suspended,) if spell.polls is None else (suspended, (spell.polls + 1, receipt)))
