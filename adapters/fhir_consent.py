"""What a Consent says, in R4 and in R5: given, refused or withdrawn, and nothing where it does not say so plainly.

========== ============================================== ==================================================
..         R4                                             R5
========== ============================================== ==================================================
whose      ``patient``                                    ``subject``
about      ``scope`` patient-privacy                      ``category`` patient-privacy, or IDSCL (disclosure)
given      active, ``provision.type`` permit              active, ``decision`` permit
refused    rejected; active, ``provision.type`` deny      active, ``decision`` deny
withdrawn  inactive                                       inactive
not plain  anything in the provision but type and period  any provision: it is an exception to the decision
when       ``dateTime``; ``provision.period``             ``date``; ``period``
========== ============================================== ==================================================

A draft, a proposal and what was entered in error say nothing. Neither does a Consent in R5 that was not done or is of unknown
status: that is no refusal.
"""

from __future__ import annotations

from typing import Final

from adapters.fhir_choosing import coded, few, in_force
from adapters.fhir_element import Element
from adapters.fhir_release import Release

_SCOPES: Final = "http://terminology.hl7.org/CodeSystem/consentscope"
_ACTS: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_PRIVACY: Final = "patient-privacy"
_DISCLOSURE: Final = "IDSCL"
#: Tuples, because what stands there may be anything, and not everything can be looked up in a set.
_SAYS_NOTHING: Final = ("draft", "proposed", "entered-in-error")
_MEANINGS: Final = {"permit": "given", "deny": "refused"}
#: What a provision of R4 may say and still be about the whole record.
_PLAIN: Final = frozenset({"type", "period", "id"})

#: The element that tells whose it is, and the one that tells when it was given.
WHOSE: Final = {Release.R4: "patient", Release.R5: "subject"}
WHEN: Final = {Release.R4: "dateTime", Release.R5: "date"}


def counts(consent: Element, release: Release) -> bool:
    """Return whether a Consent is about privacy, and says anything."""
    if consent.members.get("status") in _SAYS_NOTHING:
        return False
    if release is Release.R4:
        return any(coding.text("code") == _PRIVACY for coding in coded(consent.member("scope"), (_SCOPES,)))
    codings = (coding for category in few(consent, "category") for coding in coded(category, (_SCOPES, _ACTS)))
    return any(coding.text("code") in (_PRIVACY, _DISCLOSURE) for coding in codings)


def meaning(consent: Element, release: Release, on: str | None) -> str | None:
    """Return given, refused or withdrawn; None where it says neither plainly, is narrowed, or did not hold on that day."""
    status = consent.members.get("status")
    if status == "inactive":
        return "withdrawn"
    if status == "rejected" and release is Release.R4:
        return "refused"
    if status != "active" or "modifierExtension" in consent.members:
        return None
    return _r4(consent, on) if release is Release.R4 else _r5(consent, on)


def _r4(consent: Element, on: str | None) -> str | None:
    provision = consent.member("provision")
    if provision is None or not provision.members.keys() <= _PLAIN:
        return None  # an actor, a purpose, a class of data …: a permit for something else is none for this
    if not in_force(provision.member("period"), on):
        return None
    return _MEANINGS.get(str(provision.text("type")))


def _r5(consent: Element, on: str | None) -> str | None:
    if consent.members.get("provision") or not in_force(consent.member("period"), on):
        return None
    return _MEANINGS.get(str(consent.text("decision")))
