"""The kinds of rules, each compiled once into a function of a document's texts; a kind that does not exist is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, TypeAlias

from canonical.errors import SpecDefect
from specs.expressions import compiled, expression_faults
from specs.patterns import pattern_fault
from specs.rules import KINDS, Shape, items_named
from specs.spec import Item, Rule
from validators.conditions import Test, Texts, all_hold
from validators.days import completed_years, read_day
from validators.expressions import Binding
from validators.patterns import whole_match
from validators.terms import Terms

#: Whether the texts break a rule.
Broken: TypeAlias = Test


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """One rule as a function."""

    rule: Rule
    broken: Broken
    #: All items that it names, in the order of its terms.
    items: tuple[str, ...]
    #: Those that the form must carry, or the rule says nothing about it.
    subjects: frozenset[str]
    #: Lists of items of which the form must carry one.
    pools: tuple[frozenset[str], ...]
    #: For the second, third … occurrence of a repeating section: its codes, of which one must be answered for the rule
    #: to be asked. Empty for the first, and where nothing repeats.
    occurrence: frozenset[str] = frozenset()

    def is_asked(self, texts: Texts) -> bool:
        """Return whether the occurrence that the rule is about is there."""
        return not self.occurrence or not self.occurrence.isdisjoint(texts)


def _required_when(terms: Terms) -> Broken:
    is_answered, when = terms.answered(terms.item("item")), terms.when()
    return lambda texts: not is_answered(texts) and when(texts)


def _forbidden_when(terms: Terms) -> Broken:
    is_answered, when = terms.answered(terms.item("item")), terms.when()
    return lambda texts: is_answered(texts) and when(texts)


def _allowed_when(terms: Terms) -> Broken:
    item, values, when = terms.item("item"), terms.values("values"), terms.when()
    is_answered = terms.answered(item)
    return lambda texts: is_answered(texts) and texts[item] not in values and when(texts)


def _date_order(terms: Terms) -> Broken:
    first, then = terms.item("first"), terms.item("then")
    least = 1 if terms.flag("strict") else 0

    def broken(texts: Texts) -> bool:
        return first in texts and then in texts and (_day(texts[then]) - _day(texts[first])).days < least

    return broken


def _date_within(terms: Terms) -> Broken:
    first, then, days = terms.item("first"), terms.item("then"), terms.number("days") or 0

    def broken(texts: Texts) -> bool:
        return first in texts and then in texts and (_day(texts[then]) - _day(texts[first])).days > days

    return broken


def _age_between(terms: Terms) -> Broken:
    born, on = terms.item("born"), terms.item("on")
    youngest, oldest = terms.number("youngest"), terms.number("oldest")

    def broken(texts: Texts) -> bool:
        if born not in texts or on not in texts:
            return False
        age = completed_years(_day(texts[born]), _day(texts[on]))
        return (youngest is not None and age < youngest) or (oldest is not None and age > oldest)

    return broken


def _count_between(terms: Terms) -> Broken:
    items, values = terms.items(), terms.values("values")
    minimum, maximum = terms.number("minimum"), terms.number("maximum")
    tests = tuple(map(terms.answered, items))

    def broken(texts: Texts) -> bool:
        if not any(test(texts) for test in tests):
            return False
        count = sum(1 for item in items if texts.get(item) in values)
        return (minimum is not None and count < minimum) or (maximum is not None and count > maximum)

    return broken


def _all_or_none(terms: Terms) -> Broken:
    tests = tuple(map(terms.answered, terms.items(all_of_them=True)))
    return lambda texts: 0 < sum(test(texts) for test in tests) < len(tests)


def _differs(terms: Terms) -> Broken:
    first, second = terms.item("first"), terms.item("second")
    return lambda texts: first in texts and texts.get(second) == texts[first]


def _any_implies(terms: Terms) -> Broken:
    then, items, values = terms.item("then"), terms.items(), terms.values("values")
    then_values, otherwise = terms.values("then_values"), terms.values("otherwise_values")
    tests, then_answered = tuple(map(terms.answered, items)), terms.answered(then)

    def broken(texts: Texts) -> bool:
        if not then_answered(texts) or not any(test(texts) for test in tests):
            return False
        if any(texts.get(item) in values for item in items):
            return texts[then] not in then_values
        return bool(otherwise) and texts[then] not in otherwise

    return broken


def _distinct(terms: Terms) -> Broken:
    codes = terms.series("item")

    def broken(texts: Texts) -> bool:
        given = [texts[code] for code in codes if code in texts]
        return len(set(given)) < len(given)

    return broken


def _one_matches(terms: Terms) -> Broken:
    codes, pattern, when = terms.series("item"), terms.text("pattern"), terms.when()
    if fault := pattern_fault(pattern):
        raise terms.defect(fault)
    matches = whole_match(pattern)

    def broken(texts: Texts) -> bool:
        given = [texts[code] for code in codes if code in texts]
        return bool(given) and not any(map(matches, given)) and when(texts)

    return broken


def _determined(terms: Terms) -> Broken:
    item = terms.item("item")
    is_answered, met, unmet = terms.answered(item), terms.text("met"), terms.text("unmet")
    #: Each way as its conditions, each condition with what tells that it is decided at all.
    ways = tuple(
        tuple((all_hold((condition,), terms.dictionary), terms.answered(condition.item)) for condition in way)
        for way in terms.ways()
    )

    def broken(texts: Texts) -> bool:
        if not is_answered(texts):
            return False
        if any(all(decided(texts) and holds(texts) for holds, decided in way) for way in ways):
            return texts[item] != met
        closed = all(any(decided(texts) and not holds(texts) for holds, decided in way) for way in ways)
        return closed and texts[item] != unmet

    return broken


def _cel(terms: Terms) -> Broken:
    expression = terms.text("expression")
    if faults := expression_faults(expression):
        raise terms.defect(faults[0])
    program, binding, codes = compiled(expression), terms.binding, terms.bound()

    def broken(texts: Texts) -> bool:
        if not any(code in texts for code in codes):
            return False
        if not binding.readable(codes, texts):
            raise ValueError("an answer that is none of its type has no value to ask about")
        return not binding.holds(program, texts)

    return broken


_COMPILERS: Final[Mapping[str, Callable[[Terms], Broken]]] = {
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


def _day(text: str) -> date:
    """Return the day of a date, or of a moment by its own clock; raise ValueError where it is neither."""
    return datetime.fromisoformat(text).date() if "T" in text else read_day(text)


def compile_rule(
    rule: Rule,
    items: Mapping[str, Item],
    carried: frozenset[str] | None = None,
    *,
    number: int = 1,
    bindings: dict[tuple[str | None, int], Binding] | None = None,
) -> CompiledRule:
    """Compile one rule, for the items that a form carries (None: for all of the dictionary).

    ``number`` is the occurrence to ask it of, where it names items of a repeating section; beyond the first, ``items``
    must hold the occurrences too (``Spec.occurrences``). Rules compiled with the same ``bindings`` share their contexts.

    Raises:
        SpecDefect: where the kind does not exist, or its terms are not what the kind takes.
    """
    section = _section_of(rule, items)
    binding = ({} if bindings is None else bindings).setdefault((section, number), Binding(items, section, number))
    terms = Terms(rule, items, carried, section, number, binding)
    terms.refuse_strangers()
    broken = _COMPILERS[rule.kind](terms)
    return CompiledRule(
        rule=rule,
        broken=broken,
        items=tuple(terms.named),
        subjects=frozenset(terms.subjects),
        pools=tuple(terms.pools),
        occurrence=frozenset(
            code for code, item in items.items() if item.section == section and item.occurrence == number > 1
        ),
    )


def compile_occurrences(
    rule: Rule,
    items: Mapping[str, Item],
    carried: frozenset[str] | None = None,
    bindings: dict[tuple[str | None, int], Binding] | None = None,
) -> tuple[CompiledRule, ...]:
    """Compile one rule once for each occurrence of the section that it asks (``items`` holds all occurrences).

    Raises:
        SpecDefect: as ``compile_rule``.
    """
    section = _section_of(rule, items)
    repeats = max((item.repeats for item in items.values() if item.section == section), default=1)
    numbers = range(1, repeats + 1)
    return tuple(compile_rule(rule, items, carried, number=number, bindings=bindings) for number in numbers)


def _section_of(rule: Rule, items: Mapping[str, Item]) -> str | None:
    """Return the repeating section whose occurrences a rule is asked of, one by one; None where it is asked once."""
    if rule.kind not in _COMPILERS:
        raise SpecDefect(f"rules/{rule.code}.toml: {rule.kind} is no kind of rule; there are {', '.join(_COMPILERS)}.")
    series = [term for term in KINDS[rule.kind] if term.shape is Shape.SERIES]
    named = () if series else items_named(rule)
    return next((items[item].section for item in named if item in items and items[item].repeats > 1), None)
