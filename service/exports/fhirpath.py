"""What the dictionary asks, as FHIRPath over a QuestionnaireResponse: for the tools of EHR teams, never run by us."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from service import fhir_names
from specs.spec import AgeRange, Condition, Item, Spec, Type

#: The items of the whole response, and those of one occurrence of a section.
EVERYWHERE: Final = "repeat(item)"
HERE: Final = "item"

_BORN: Final = "%resource.repeat(item).where(linkId = 'MEMBER_DOB').answer.value.toString()"
_ON: Final = "%resource.repeat(item).where(linkId = 'ASSESSMENT_DATE').answer.value.toString()"
#: The completed years of age on the assessment date. FHIRPath's own ``birth + 14 years`` would take a child of
#: 29 February to be a year older on 28 February, a day before the law and our judge do.
AGE: Final = (
    f"{_ON}.substring(0, 4).toInteger() - {_BORN}.substring(0, 4).toInteger()"
    f" - iif({_ON}.substring(5) < {_BORN}.substring(5), 1, 0)"
)


def within(age: AgeRange) -> str:
    """Return the test whether the variable ``%age`` lies in a range."""
    ends = (("%age >= ", age.youngest), ("%age <= ", age.oldest))
    return " and ".join(f"{beginning}{years}" for beginning, years in ends if years is not None)


def has_one_of(item: Item, values: Iterable[str], among: str = EVERYWHERE) -> str:
    """Return the test whether the item is answered with one of these values."""
    coded = fhir_names.list_of(item) is not None
    answer = "answer.value.code" if coded else "answer.value.toString()"
    return f"{among}.where(linkId = {quoted(item.code)} and {answer} in ({_union(values)})).exists()"


def holds(condition: Condition, spec: Spec, among: str = EVERYWHERE) -> str:
    """Return one condition of the dictionary."""
    item = spec.items[condition.item]
    test = has_one_of(item, condition.values, among) if condition.values else _answered(item, among)
    return f"{test}.not()" if condition.negated else test


def all_answered(items: Iterable[Item], among: str = EVERYWHERE) -> str:
    """Return the test whether each of the items has an answer."""
    codes = _union(item.code for item in items)
    return f"({codes}).subsetOf({among}.where(answer.exists()).linkId)"


def in_each(section: str, test: str) -> str:
    """Return that a section is there, and that the test holds in each occurrence of it that has anything."""
    groups = f"repeat(item).where(linkId = {quoted(section)}"
    return f"({groups}).exists() and {groups} and item.exists()).all({test}))"


def quoted(text: str) -> str:
    """Return a text as a FHIRPath string."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _answered(item: Item, among: str) -> str:
    """Return the test whether an item has an answer; an undecided tri-state has none."""
    decided = " and answer.value.code != 'unanswered'" if item.type is Type.TRISTATE else ""
    return f"{among}.where(linkId = {quoted(item.code)} and answer.exists(){decided}).exists()"


def _union(texts: Iterable[str]) -> str:
    return " | ".join(quoted(text) for text in texts)
