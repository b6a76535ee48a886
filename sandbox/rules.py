"""The rules of the package, interpreted one by one as they are written.

Nothing is compiled, and nothing is shared with ``validators``: two readings of one rule must agree, or one of them is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import re2

from canonical.errors import SpecDefect
from sandbox.expressions import is_true
from sandbox.form import Form, completed_years
from specs.conditions import parse_conditions
from specs.rules import items_named
from specs.spec import Rule, Spec

#: The terms of a rule, and the item to name where the form breaks it; None where it does not.
Terms = Mapping[str, Any]
Reader = Callable[[Terms, Form], str | None]


def check_kinds(spec: Spec) -> None:
    """Refuse a package with a rule that the state could not read: it would let everything through.

    Raises:
        SpecDefect: naming the rules.
    """
    strange = [
        f"rules/{rule.code}.toml: the sandbox has no reading of the kind {rule.kind}."
        for rule in spec.rules
        if rule.kind not in READERS
    ]
    if strange:
        raise SpecDefect("The sandbox cannot judge.", defects=tuple(strange))


def broken_at(rule: Rule, form: Form) -> str | None:
    """Return the item at which the form breaks the rule, or None where it keeps it.

    What a rule asks of a section that was filled in several times, it asks each time.
    """
    broken = READERS[rule.kind](rule.terms, form)
    if broken is not None or rule.kind in _OF_ALL_TIMES:
        return broken
    again = form.further
    sections = {form.spec.items[item].section for item in items_named(rule)} if again else set()
    for section, number in again:
        if section in sections:
            item = READERS[rule.kind](rule.terms, form.again(section, number))
            if item is not None:
                return f"{item}.{number}" if form.spec.items[item].section == section else item
    return None


def _required_when(terms: Terms, form: Form) -> str | None:
    item = terms["item"]
    if form.has(item) or form.excludes(form.spec.items[item]):
        return None
    return item if form.meets(parse_conditions(terms["when"])) else None


def _forbidden_when(terms: Terms, form: Form) -> str | None:
    item = terms["item"]
    return item if form.has(item) and form.meets(parse_conditions(terms["when"])) else None


def _allowed_when(terms: Terms, form: Form) -> str | None:
    item = terms["item"]
    if not form.has(item) or form.text(item) in terms["values"]:
        return None
    return item if form.meets(parse_conditions(terms["when"])) else None


def _date_order(terms: Terms, form: Form) -> str | None:
    first, then = form.day(terms["first"]), form.day(terms["then"])
    if first is None or then is None:
        return None
    too_early = then <= first if terms.get("strict", False) else then < first
    return terms["then"] if too_early else None


def _date_within(terms: Terms, form: Form) -> str | None:
    first, then = form.day(terms["first"]), form.day(terms["then"])
    if first is None or then is None:
        return None
    return terms["then"] if (then - first).days > terms["days"] else None


def _age_between(terms: Terms, form: Form) -> str | None:
    born, on = form.day(terms["born"]), form.day(terms["on"])
    if born is None or on is None:
        return None
    years = completed_years(born, on)
    too_young = "youngest" in terms and years < terms["youngest"]
    too_old = "oldest" in terms and years > terms["oldest"]
    return terms["born"] if too_young or too_old else None


def _count_between(terms: Terms, form: Form) -> str | None:
    items = terms["items"]
    if not any(form.has(item) for item in items):
        return None
    count = form.any_of(items, terms["values"])
    too_few = "minimum" in terms and count < terms["minimum"]
    too_many = "maximum" in terms and count > terms["maximum"]
    return items[0] if too_few or too_many else None


def _all_or_none(terms: Terms, form: Form) -> str | None:
    missing = [item for item in terms["items"] if not form.has(item)]
    return missing[0] if 0 < len(missing) < len(terms["items"]) else None


def _differs(terms: Terms, form: Form) -> str | None:
    first, second = form.text(terms["first"]), form.text(terms["second"])
    return terms["second"] if first is not None and first == second else None


def _any_implies(terms: Terms, form: Form) -> str | None:
    then = terms["then"]
    if not form.has(then) or not any(form.has(item) for item in terms["items"]):
        return None
    happened = form.any_of(terms["items"], terms["values"]) > 0
    allowed = terms["then_values"] if happened else terms.get("otherwise_values")
    return then if allowed is not None and form.text(then) not in allowed else None


def _distinct(terms: Terms, form: Form) -> str | None:
    seen: set[str] = set()
    for code, text in form.series(terms["item"]).items():
        if text in seen:
            return code
        seen.add(text)
    return None


def _one_matches(terms: Terms, form: Form) -> str | None:
    given = form.series(terms["item"])
    if not given or any(re2.fullmatch(terms["pattern"], text) for text in given.values()):
        return None
    return terms["item"] if form.meets(parse_conditions(terms["when"])) else None


def _determined(terms: Terms, form: Form) -> str | None:
    item = terms["item"]
    if not form.has(item):
        return None
    ways = [[form.decides(condition) for condition in parse_conditions(way)] for way in terms["ways"]]
    if any(all(way) for way in ways):
        return None if form.text(item) == terms["met"] else item
    ruled_out = all(False in way for way in ways)
    return item if ruled_out and form.text(item) != terms["unmet"] else None


def _cel(terms: Terms, form: Form) -> str | None:
    items = terms["items"]
    if not any(form.text(item) is not None for item in items):
        return None
    if any(form.excludes(form.spec.items[item]) for item in items):
        return None
    # What cannot be evaluated is not kept: the state takes nothing that it could not check.
    return None if is_true(terms["expression"], items, form) else str(items[0])


#: Kinds that look at all the times at once.
_OF_ALL_TIMES: Final = frozenset({"distinct", "one_matches"})

#: How the state reads each kind of rule.
READERS: Final[Mapping[str, Reader]] = {
    "required_when": _required_when,
    "forbidden_when": _forbidden_when,
    "allowed_when": _allowed_when,
    "date_order": _date_order,
    "date_within": _date_within,
    "age_between": _age_between,
    "count_between": _count_between,
    "all_or_none": _all_or_none,
    "differs": _differs,
    "any_implies": _any_implies,
    "distinct": _distinct,
    "one_matches": _one_matches,
    "determined": _determined,
    "cel": _cel,
}
