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
from sandbox.weather import Do, Spell
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
        """Rule on a document; what the state refuses by itself no weather makes good."""
        judgement = self._judge.judge(document)
        receipt = StateReceipt(
            tracking_id=self._new_tracking_id(),
            document_id=document.document_id,
            digest=document.digest,
            verdict=Verdict.ACCEPTED_WITH_WARNINGS if judgement.warnings else Verdict.ACCEPTED,
            received_at=at,
            reasons=judgement.warnings,
        )
        if judgement.refusals:
            return Held(receipt=receipt.become(Verdict.REJECTED, judgement.refusals))
        if spell.do in _WAITING:
            return _waiting(receipt, spell)
        return Held(receipt=self._weathered(receipt, judgement, spell))

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
    waiting = receipt.become(verdict, [reason])
    polls = 1 if spell.polls is None and spell.do is Do.PENDING else spell.polls
    return Held(receipt=waiting) if polls is None else Held(receipt=waiting, settled=receipt, settles_after=polls)
