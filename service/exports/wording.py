"""What a package says, in words for people: the same in every export."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from specs.rules import items_named
from specs.spec import AgeRange, Code, Condition, ConsentClass, Item, Rule, Spec, Status, Type

#: What every export says of the instrument's owner.
COPYRIGHT: Final = (
    "The CANS is copyrighted by the Praed Foundation and free to use. Item names only are carried here: neither its "
    "glossary nor its manual, and not the wording of its rating levels."
)
_NOTICES: Final = {
    Status.PROVISIONAL: "Provisional: written from public facts and assumptions, not by the Commonwealth of "
    "Massachusetts. What conforms to it may not conform to eCAS.",
    Status.DRAFT: "Draft: not in force. It may change, and nothing is sent by it.",
    Status.OFFICIAL: "",
    Status.RETIRED: "Retired: no longer in force.",
}


def notice(spec: Spec) -> str:
    """Return how far the package may be trusted; nothing where it may be."""
    return _NOTICES[spec.status]


def required(item: Item, spec: Spec) -> str:
    """Return in one phrase when an answer is owed."""
    if not item.required and not item.required_when:
        return "optional"
    limits = []
    if item.required_when:
        limits.append(f"when {conditions(item.required_when, spec)}")
    if item.consent is ConsentClass.FULL:
        limits.append("with the member's consent")
    if item.age:
        limits.append(f"at {ages(item.age)}")
    return f"required {', '.join(limits)}" if limits else "required"


def consent(item: Item) -> str:
    """Return when the item leaves."""
    if not item.wire:
        return "stays home"
    return "leaves always" if item.consent is ConsentClass.ALWAYS else "leaves only with the member's consent"


def ages(age: AgeRange) -> str:
    """Return an age range in completed years."""
    if age.youngest is None:
        return f"ages up to {age.oldest}"
    return f"ages {age.youngest} and over" if age.oldest is None else f"ages {age.youngest} to {age.oldest}"


def takes(item: Item) -> str:
    """Return what an answer may be, beside its codes."""
    if item.type is Type.INTEGER and (item.minimum, item.maximum) != (None, None):
        return f"whole number {_bounds(item.minimum, item.maximum)}"
    words = {Type.INTEGER: "whole number", Type.TRISTATE: "yes, no or unanswered", Type.DATETIME: "date and time"}
    told = words.get(item.type, item.type.value)
    return f"{told}, at most {item.length} characters" if item.length else told


def validity(code: Code) -> str:
    """Return the days on which a code may be used; nothing where it always may."""
    begins = f"from {code.valid_from.isoformat()}" if code.valid_from else ""
    ends = f"until {code.valid_to.isoformat()}" if code.valid_to else ""
    return " ".join(filter(None, (begins, ends)))


def conditions(tests: Iterable[Condition], spec: Spec) -> str:
    """Return conditions that must all hold, in the labels of the form."""
    return " and ".join(_condition(test, spec) for test in tests)


def rule_items(rule: Rule, spec: Spec) -> tuple[str, ...]:
    """Return the items that a rule names, in the dictionary's order."""
    named = set(items_named(rule))
    return tuple(code for code in spec.items if code in named)


def _condition(test: Condition, spec: Spec) -> str:
    label = spec.items[test.item].label
    if not test.values:
        return f"“{label}” is {'not ' if test.negated else ''}answered"
    values = " or ".join(f"“{_label(test.item, value, spec)}”" for value in test.values)
    return f"“{label}” is {'not ' if test.negated else ''}{values}"


def _label(item: str, value: str, spec: Spec) -> str:
    code = spec.codes.get(spec.items[item].codes or "", {}).get(value)
    return code.label if code else value


def _bounds(least: int | None, most: int | None) -> str:
    if least is None:
        return f"up to {most}"
    return f"from {least}" if most is None else f"from {least} to {most}"
