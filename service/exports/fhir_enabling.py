"""``enableWhen``: said where a rule forbids the answer and FHIR can say when; otherwise nothing, never a half-truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from canonical.finding import Severity
from service import fhir_names
from service.exports.fhir_resource import Json
from specs.conditions import parse_conditions
from specs.spec import Condition, Item, Spec, Type

_FORBIDDEN: Final = "forbidden_when"


def enable_when(item: Item, spec: Spec) -> Json:
    """Return the elements of an item that exactly one rule forbids under conditions that FHIR can negate."""
    rules = [
        rule
        for rule in spec.rules
        if rule.kind == _FORBIDDEN and rule.severity is Severity.ERROR and rule.terms["item"] == item.code
    ]
    if len(rules) != 1:
        return {}
    forbidding = parse_conditions(rules[0].terms["when"])
    behavior = _behavior(forbidding)
    if behavior is None or any(_misleads(condition, item, spec) for condition in forbidding):
        return {}
    tests = [test for condition in forbidding for test in _opposites(condition, spec)]
    return {"enableWhen": tests, **({"enableBehavior": behavior} if len(tests) > 1 else {})}


def _behavior(forbidding: Sequence[Condition]) -> str | None:
    """Return how the opposites join: FHIR knows all or any, and nothing mixed."""
    if len(forbidding) == 1:
        return "any" if forbidding[0].negated else "all"
    return "any" if all(len(condition.values) <= 1 for condition in forbidding) else None


def _misleads(condition: Condition, item: Item, spec: Spec) -> bool:
    """Return whether FHIR would mean something else: an item that disables itself, or an undecided tri-state."""
    undecided = not condition.values and spec.items[condition.item].type is Type.TRISTATE
    return condition.item == item.code or undecided


def _opposites(condition: Condition, spec: Spec) -> list[Json]:
    """Return the tests of the opposite of a condition, one for each of its values."""
    if not condition.values:
        return [{"question": condition.item, "operator": "exists", "answerBoolean": condition.negated}]
    operator = "=" if condition.negated else "!="
    return [
        {"question": condition.item, "operator": operator, **_answer(spec.items[condition.item], value)}
        for value in condition.values
    ]


def _answer(item: Item, value: str) -> Json:
    codes = fhir_names.list_of(item)
    if codes is not None:
        return {"answerCoding": {"system": fhir_names.code_system(codes), "code": value}}
    match item.type:
        case Type.BOOLEAN:
            return {"answerBoolean": value == "true"}
        case Type.INTEGER:
            return {"answerInteger": int(value)}
        case Type.DATE:
            return {"answerDate": value}
        case Type.DATETIME:
            return {"answerDateTime": value}
        case _:
            return {"answerString": value}
