"""The conditions of the dictionary and of rules, as functions of an assessment's texts."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeAlias

from specs.spec import Condition, Item, Type

#: The texts that would leave, by item code.
Texts: TypeAlias = Mapping[str, str]


class Seen(dict[str, str]):
    """The texts of one document, and what was made of them once for all rules that need it."""

    __slots__ = ("contexts",)

    def __init__(self, texts: Mapping[str, str]) -> None:
        """Begin with the texts alone."""
        super().__init__(texts)
        #: The contexts of its expressions, by what binds them (``validators.expressions``).
        self.contexts: dict[Hashable, Any] = {}


#: Asks something of the texts.
Test: TypeAlias = Callable[[Texts], bool]

#: The canonical text of a tri-state that nobody has decided; it counts as no answer.
UNANSWERED = "unanswered"


def answered(item: str, items: Mapping[str, Item]) -> Test:
    """Return the test whether an item has an answer; an undecided tri-state has none."""
    if item in items and items[item].type is Type.TRISTATE:
        return lambda texts: texts.get(item, UNANSWERED) != UNANSWERED
    return lambda texts: item in texts


def _holds(condition: Condition, items: Mapping[str, Item]) -> Test:
    """Return one condition as a test."""
    item, values, negated = condition.item, frozenset(condition.values), condition.negated
    if values and negated:
        return lambda texts: texts.get(item) not in values
    if values:
        return lambda texts: texts.get(item) in values
    present = answered(item, items)
    return (lambda texts: not present(texts)) if negated else present


def all_hold(conditions: Sequence[Condition], items: Mapping[str, Item]) -> Test:
    """Return the test whether all of the conditions hold; none at all always hold."""
    tests = tuple(_holds(condition, items) for condition in conditions)
    if len(tests) == 1:
        return tests[0]
    return lambda texts: all(test(texts) for test in tests)
