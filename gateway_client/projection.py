"""What may leave of an assessment: an allow-list from the dictionary, narrowed by the member's consent."""

from __future__ import annotations

from canonical.assessment import Assessment
from canonical.occurrence import parted
from specs.spec import ConsentClass, Item, Spec


def project(assessment: Assessment, spec: Spec) -> dict[str, str]:
    """Return the texts that may leave, by item, in the dictionary's order.

    An item leaves if the dictionary knows it, gives it a place in the document and the instrument carries it; what
    is not for everyone leaves only with consent to the full CANS. (design.md section 6) Of an item that repeats, the
    same is true of every occurrence.
    """
    instrument = assessment.text("INSTRUMENT") or ""
    consented = consents(assessment, spec)
    comments = frozenset[str]() if consented else _comments(spec)
    texts = {}
    for code, item in spec.occurrences.items():
        answer = assessment.answers.get(code)
        if answer is not None and _may_leave(item, instrument, consented=consented) and code not in comments:
            texts[code] = answer.text
    return texts


def consents(assessment: Assessment, spec: Spec) -> bool:
    """Return whether the member's consent lets the full CANS leave; a consent that could not be read does not."""
    if spec.consent_item in assessment.unreadable:
        return False
    return assessment.text(spec.consent_item) in spec.consent_full


def _may_leave(item: Item, instrument: str, *, consented: bool) -> bool:
    return bool(item.wire) and item.belongs_to(instrument) and (consented or item.consent is ConsentClass.ALWAYS)


def _comments(spec: Spec) -> frozenset[str]:
    """Free text says more than its section: without consent it stays home whatever its own line says."""
    sections = (section for instrument in spec.instruments.values() for section in instrument.sections)
    own = frozenset(section.comment for section in sections if section.comment)
    return frozenset(code for code in spec.occurrences if parted(code)[0] in own)
