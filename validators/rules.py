"""The business rules of a package, compiled once into functions; a kind that does not exist refuses to compile."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeAlias

from canonical.assessment import Assessment, Source
from canonical.errors import SpecDefect
from canonical.finding import Finding, Kind
from specs.conditions import parse_conditions
from specs.rules import KINDS
from specs.spec import AgeRange, Item, Rule, Spec
from validators.circumstances import Circumstances
from validators.conditions import Test, Texts, all_hold, answered
from validators.consent import stays_home
from validators.days import completed_years, read_day
from validators.structural_checks import CHECKS

#: What a rule raises on texts that it was not made for: it could not be evaluated.
NOT_EVALUABLE: Final = (ArithmeticError, LookupError, TypeError, ValueError)

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


class _Terms:
    """A rule's terms, read by shape; notes which items they name."""

    def __init__(self, rule: Rule, items: Mapping[str, Item], carried: frozenset[str] | None) -> None:
        self.rule = rule
        self.dictionary = items
        #: The items of the form; None for all.
        self.carried = carried
        self.named: list[str] = []
        self.subjects: set[str] = set()
        self.pools: list[frozenset[str]] = []

    def item(self, name: str) -> str:
        """Return the item of a term."""
        item = str(self._term(name))
        self.subjects.add(self._known(item))
        return item

    def items(self, *, all_of_them: bool = False) -> tuple[str, ...]:
        """Return the items of ``items`` that the form carries; ``all_of_them`` where the rule is about each."""
        listed = tuple(map(self._known, self._texts("items")))
        self.pools.append(frozenset(listed))
        carried = tuple(item for item in listed if self.carried is None or item in self.carried)
        if all_of_them:
            self.subjects.update(carried)
        return carried

    def values(self, name: str) -> frozenset[str]:
        """Return the values of a term; none where it is left out."""
        return frozenset(self._texts(name)) if name in self.rule.terms else frozenset()

    def when(self) -> Test:
        """Return the conditions as a test."""
        try:
            conditions = parse_conditions(str(self._term("when")))
        except ValueError as fault:
            raise self._defect(str(fault)) from None
        for condition in conditions:
            self._known(condition.item)
        return all_hold(conditions, self.dictionary)

    def number(self, name: str) -> int | None:
        """Return the number of a term; None where it is left out."""
        number = self.rule.terms.get(name)
        if number is None or (isinstance(number, int) and not isinstance(number, bool)):
            return number
        raise self._defect(f"the term {name} is no whole number.")

    def flag(self, name: str) -> bool:
        """Return the flag of a term; false where it is left out."""
        return self.rule.terms.get(name, False) is True

    def answered(self, item: str) -> Test:
        """Return the test whether an item is answered."""
        return answered(item, self.dictionary)

    def refuse_strangers(self) -> None:
        """Raise SpecDefect where a term is missing, or one is there that the kind does not know.

        A misspelt optional term would otherwise make the rule say less than its author meant.
        """
        terms = KINDS[self.rule.kind]
        missing = [term.name for term in terms if not term.optional and term.name not in self.rule.terms]
        strange = self.rule.terms.keys() - {term.name for term in terms}
        if missing or strange:
            raise self._defect(f"the kind {self.rule.kind} has the terms {', '.join(term.name for term in terms)}.")

    def _texts(self, name: str) -> tuple[str, ...]:
        texts = self._term(name)
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise self._defect(f"the term {name} is no list of texts.")
        return tuple(texts)

    def _term(self, name: str) -> Any:  # noqa: ANN401  as read from the file; every caller narrows it
        return self.rule.terms[name]

    def _known(self, item: str) -> str:
        if item not in self.dictionary:
            raise self._defect(f"{item} is no item of the dictionary.")
        if item not in self.named:
            self.named.append(item)
        return item

    def _defect(self, sentence: str) -> SpecDefect:
        return SpecDefect(f"rules/{self.rule.code}.toml: {sentence}")


def _required_when(terms: _Terms) -> Broken:
    is_answered, when = terms.answered(terms.item("item")), terms.when()
    return lambda texts: not is_answered(texts) and when(texts)


def _forbidden_when(terms: _Terms) -> Broken:
    is_answered, when = terms.answered(terms.item("item")), terms.when()
    return lambda texts: is_answered(texts) and when(texts)


def _allowed_when(terms: _Terms) -> Broken:
    item, values, when = terms.item("item"), terms.values("values"), terms.when()
    is_answered = terms.answered(item)
    return lambda texts: is_answered(texts) and texts[item] not in values and when(texts)


def _date_order(terms: _Terms) -> Broken:
    first, then = terms.item("first"), terms.item("then")
    least = 1 if terms.flag("strict") else 0

    def broken(texts: Texts) -> bool:
        return first in texts and then in texts and (_day(texts[then]) - _day(texts[first])).days < least

    return broken


def _date_within(terms: _Terms) -> Broken:
    first, then, days = terms.item("first"), terms.item("then"), terms.number("days") or 0

    def broken(texts: Texts) -> bool:
        return first in texts and then in texts and (_day(texts[then]) - _day(texts[first])).days > days

    return broken


def _age_between(terms: _Terms) -> Broken:
    born, on = terms.item("born"), terms.item("on")
    youngest, oldest = terms.number("youngest"), terms.number("oldest")

    def broken(texts: Texts) -> bool:
        if born not in texts or on not in texts:
            return False
        age = completed_years(_day(texts[born]), _day(texts[on]))
        return (youngest is not None and age < youngest) or (oldest is not None and age > oldest)

    return broken


def _count_between(terms: _Terms) -> Broken:
    items, values = terms.items(), terms.values("values")
    minimum, maximum = terms.number("minimum"), terms.number("maximum")
    tests = tuple(map(terms.answered, items))

    def broken(texts: Texts) -> bool:
        if not any(test(texts) for test in tests):
            return False
        count = sum(1 for item in items if texts.get(item) in values)
        return (minimum is not None and count < minimum) or (maximum is not None and count > maximum)

    return broken


def _all_or_none(terms: _Terms) -> Broken:
    tests = tuple(map(terms.answered, terms.items(all_of_them=True)))
    return lambda texts: 0 < sum(test(texts) for test in tests) < len(tests)


def _differs(terms: _Terms) -> Broken:
    first, second = terms.item("first"), terms.item("second")
    return lambda texts: first in texts and texts.get(second) == texts[first]


def _any_implies(terms: _Terms) -> Broken:
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


_COMPILERS: Final[Mapping[str, Callable[[_Terms], Broken]]] = {
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
}


def _day(text: str) -> date:
    """Return the day of a date, or of a moment by its own clock; raise ValueError where it is neither."""
    return datetime.fromisoformat(text).date() if "T" in text else read_day(text)


def compile_rule(rule: Rule, items: Mapping[str, Item], carried: frozenset[str] | None = None) -> CompiledRule:
    """Compile one rule, for the items that a form carries (None: for all of the dictionary).

    Raises:
        SpecDefect: where the kind does not exist, or its terms are not what the kind takes.
    """
    if rule.kind not in _COMPILERS:
        raise SpecDefect(f"rules/{rule.code}.toml: {rule.kind} is no kind of rule; there are {', '.join(_COMPILERS)}.")
    terms = _Terms(rule, items, carried)
    terms.refuse_strangers()
    broken = _COMPILERS[rule.kind](terms)
    return CompiledRule(
        rule=rule,
        broken=broken,
        items=tuple(terms.named),
        subjects=frozenset(terms.subjects),
        pools=tuple(terms.pools),
    )


@dataclass(frozen=True, slots=True)
class _Clause:
    """A compiled rule with what decides whether it is asked at all."""

    compiled: CompiledRule
    items: frozenset[str]
    #: Asked only with consent to the full CANS: it looks at what would stay home.
    clinical: bool
    gates: tuple[AgeRange, ...]


class Rules:
    """The rules of one instrument, in the order of their codes."""

    def __init__(self, spec: Spec, carried: frozenset[str]) -> None:
        """Compile the rules that say something about a form with these items; raise SpecDefect as ``compile_rule``."""
        self._spec = spec
        home = stays_home(spec)
        compiled = (compile_rule(rule, spec.items, carried) for rule in sorted(spec.rules, key=lambda rule: rule.code))
        self._clauses = tuple(
            _Clause(
                compiled=rule,
                items=frozenset(rule.items),
                clinical=not home.isdisjoint(rule.items),
                gates=_gates(rule, spec.items),
            )
            for rule in compiled
            if rule.subjects <= carried and not any(pool.isdisjoint(carried) for pool in rule.pools)
        )

    def judge(self, assessment: Assessment, circumstances: Circumstances, texts: Texts) -> list[Finding]:
        """Judge the texts; a rule that needs what could not be read is left out, for that has its error already."""
        found = []
        age = circumstances.age
        for clause in self._clauses:
            if (
                (clause.clinical and not circumstances.full)
                or not clause.items.isdisjoint(circumstances.unreadable)
                or any(age is None or not gate.holds(age) for gate in clause.gates)
            ):
                continue
            try:
                broken = clause.compiled.broken(texts)
            except NOT_EVALUABLE:
                found.append(_could_not_run(clause.compiled, assessment, self._spec))
            else:
                if broken:
                    found.append(_finding(clause.compiled, assessment, self._spec))
        return found


def _gates(compiled: CompiledRule, items: Mapping[str, Item]) -> tuple[AgeRange, ...]:
    """Return the age gates behind which a rule has nothing to say: its subjects', and those that all of a list share."""
    gates = [items[code].age for code in sorted(compiled.subjects)]
    for pool in compiled.pools:
        shared = {items[code].age for code in pool}
        gates += shared if len(shared) == 1 else ()
    return tuple(dict.fromkeys(gate for gate in gates if gate is not None))


def _finding(compiled: CompiledRule, assessment: Assessment, spec: Spec) -> Finding:
    rule = compiled.rule
    return Finding(
        rule=rule.code,
        severity=rule.severity,
        kind=Kind.BUSINESS,
        title=rule.title,
        message=rule.message,
        items=compiled.items,
        sources=_places(compiled.items, assessment),
        fix=rule.fix,
        why=rule.why,
        desk=spec.desks.get(rule.desk),
        cites=rule.cites,
    )


def _could_not_run(compiled: CompiledRule, assessment: Assessment, spec: Spec) -> Finding:
    return CHECKS["X001"].finding(
        spec.desks,
        items=compiled.items,
        sources=_places(compiled.items, assessment),
        cites=compiled.rule.cites,
        words={"check": f"The rule {compiled.rule.code} ({compiled.rule.title})"},
    )


def _places(items: Iterable[str], assessment: Assessment) -> tuple[Source, ...]:
    """Return where the items were read, each place once; where none was, the assessment's own place."""
    places = dict.fromkeys(assessment.answers[item].source for item in items if item in assessment.answers)
    return tuple(places) or (assessment.origin,)
