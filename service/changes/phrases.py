"""Conditions, ages and values as phrases that name items and codes as an export does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import Enum

from specs.spec import AgeRange, Condition, Item, Spec


def required(item: Item) -> str:
    """Return when an answer is owed."""
    if item.required:
        return "required"
    return f"required when {conditions(item.required_when)}" if item.required_when else "optional"


def conditions(tests: Iterable[Condition]) -> str:
    """Return conditions that must all hold."""
    return " and ".join(_condition(test) for test in tests)


def _condition(test: Condition) -> str:
    negated = "not " if test.negated else ""
    return f"{test.item} is {negated}{' or '.join(test.values) if test.values else 'answered'}"


def ages(age: AgeRange | None) -> str:
    """Return an age range in completed years."""
    return "all ages" if age is None else f"ages {end(age.youngest)} to {end(age.oldest)}"


def end(number: int | None) -> str:
    """Return one end of a range; an ellipsis where it is open."""
    return "…" if number is None else str(number)


def described(item: Item, spec: Spec) -> tuple[str, ...]:
    """Return what somebody who has to fill an item must know first."""
    values = f"one of {', '.join(spec.codes[item.codes])}" if item.codes else ""
    length = f"at most {item.length} characters" if item.length else ""
    instruments = f"only in {', '.join(item.instruments)}" if item.instruments else ""
    age = ages(item.age) if item.age else ""
    told = (f"“{item.label}”, {item.type.value}", values, length, required(item), instruments, age)
    return tuple(filter(None, told))


def plain(value: object) -> str:
    """Return any value of a package in one line."""
    told: str
    match value:
        case bool():
            told = "yes" if value else "no"
        case Enum():
            told = str(value.value)
        case timedelta():
            told = f"{value.total_seconds():.0f} s"
        case AgeRange():
            told = ages(value)
        case frozenset():
            told = ", ".join(sorted(map(plain, value)))
        case tuple():
            told = ", ".join(map(plain, value))
        case None:
            told = ""
        case _:
            told = str(value)
    return told or "none"


def became(name: str, old: object, new: object) -> str:
    """Return that something is now one thing, and was another; without a name, of the subject itself."""
    told = f"{plain(new)}, was {plain(old)}"
    return f"{name}: {told}" if name else told
