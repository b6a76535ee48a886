"""What the member's consent lets leave: everything, or only demographics and SED."""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, auto

from canonical.assessment import Assessment
from canonical.finding import Finding
from canonical.occurrence import parted
from specs.spec import Spec
from validators.structural_checks import CHECKS


class Consent(Enum):
    """What the record says about consent."""

    #: The full CANS may leave.
    FULL = auto()
    #: Readable, and not to the full CANS: refused, withdrawn, not asked.
    LIMITED = auto()
    #: Missing, undecipherable, or no code of its list: treated as none, and somebody must look.
    UNREADABLE = auto()


def stays_home(spec: Spec) -> frozenset[str]:
    """Return what leaves only with consent to the full CANS: its items, and every section comment whatever its line says."""
    sections = (section for instrument in spec.instruments.values() for section in instrument.sections)
    comments = {section.comment for section in sections if section.comment}
    return frozenset(
        code for code in spec.occurrences if code not in spec.leaves_without_consent or parted(code)[0] in comments
    )


def consent_of(assessment: Assessment, spec: Spec) -> Consent:
    """Read the consent; an item that the adapter complained of is not readable, whatever text came with it."""
    text = assessment.text(spec.consent_item)
    if text not in _choices(spec) or spec.consent_item in assessment.unreadable:
        return Consent.UNREADABLE
    return Consent.FULL if text in spec.consent_full else Consent.LIMITED


def judge(assessment: Assessment, spec: Spec, consent: Consent, home: frozenset[str]) -> list[Finding]:
    """Say what becomes of clinical answers that may not leave (``home``): a loud hold, or advice with their number."""
    clinical = len(home & assessment.answers.keys())
    if consent is Consent.FULL or not clinical:
        return []
    answer = assessment.answers.get(spec.consent_item)
    return [
        CHECKS["S021" if consent is Consent.LIMITED else "S020"].finding(
            spec.desks,
            items=(spec.consent_item,),
            sources=(assessment.origin if answer is None else answer.source,),
            cites=spec.items[spec.consent_item].cites,
            words={
                "item": spec.consent_item,
                "choices": ", ".join(_choices(spec)),
                "count": "1 clinical answer stays" if clinical == 1 else f"{clinical} clinical answers stay",
            },
        )
    ]


def _choices(spec: Spec) -> Collection[str]:
    """Return the codes that a consent can have."""
    return spec.codes.get(spec.items[spec.consent_item].codes or "", {})
