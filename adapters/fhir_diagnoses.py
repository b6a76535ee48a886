"""The diagnoses that Conditions tell, in their order, where the response gives none itself.

Those count which the response's Encounter lists (``diagnosis``), in the order of their ``rank``; where it lists none, the
Conditions of the child that are encounter diagnoses or of no category. What is refuted, provisional, a differential, entered
in error, resolved or inactive is no diagnosis. A code is one of ICD-10-CM.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.fhir_choosing import coded, few
from adapters.fhir_document import Document
from adapters.fhir_element import Element
from adapters.fhir_release import Release

ICD: Final = "http://hl7.org/fhir/sid/icd-10-cm"
_CATEGORIES: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_CERTAINTY: Final = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_OVER: Final = frozenset({"inactive", "remission", "resolved"})
_ENCOUNTERS: Final = "encounter-diagnosis"
_CERTAIN: Final = frozenset({"confirmed"})


class Diagnoses:
    """The Conditions that count for one response, in their order."""

    def __init__(self, document: Document, about_the_child: Iterable[Element], encounter: Element | None) -> None:
        """Choose among the child's Conditions, or take those that the Encounter lists."""
        listed = list(_listed(document, encounter)) if encounter else []
        ranks = [rank for rank, _ in listed]
        if listed:
            found = [condition for _, condition in sorted(listed, key=lambda one: one[0])]
        else:
            found = [one for one in about_the_child if _is_encounters(one)]
        #: In their order, each once.
        self.conditions = list({one.pointer: one for one in found if _holds(one)}.values())
        #: Whether two of them bear one rank, so that their order is nobody's.
        self.tied = len(set(ranks)) < len(ranks)
        #: Whether something says in which order they stand.
        self.ranked = bool(listed) or len(self.conditions) <= 1


def codes(condition: Element) -> list[Element]:
    """Return the codes of a Condition, each once."""
    found = (coding.member("code") for coding in coded(condition.member("code"), (ICD,)))
    return list({str(code.value): code for code in found if code is not None}.values())


def _listed(document: Document, encounter: Element) -> Iterator[tuple[int, Element]]:
    """Yield the Conditions that an Encounter lists, with their rank; in R5 it is the place in the list."""
    for place, one in enumerate(few(encounter, "diagnosis"), start=1):
        rank = one.members.get("rank")
        if document.release is Release.R4:
            references = [one.member("condition")]
        else:
            references = [reference.member("reference") for reference in few(one, "condition")]
        for reference in references:
            condition = document.resolve(encounter, reference)
            if condition is not None and condition.text("resourceType") == "Condition":
                yield (rank if type(rank) is int else place), condition


def _is_encounters(condition: Element) -> bool:
    categories = [coding for one in few(condition, "category") for coding in coded(one, (_CATEGORIES,))]
    return not categories or any(coding.text("code") == _ENCOUNTERS for coding in categories)


def _holds(condition: Element) -> bool:
    """Return whether a Condition is a diagnosis now: nothing that it says takes that back."""
    clinical = {coding.text("code") for coding in coded(condition.member("clinicalStatus"), (_CLINICAL,))}
    certainty = {coding.text("code") for coding in coded(condition.member("verificationStatus"), (_CERTAINTY,))}
    return not clinical & _OVER and certainty <= _CERTAIN
