"""Rules changed by machine: each change that no case and no fixture notices is a sentence of a rule that nothing proves.

One change at a time, and only such as a package could really hold: what its reader would refuse is no mutant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Severity
from service.fixtures.fixture import Fixture
from specs.conditions import parse_conditions
from specs.dictionary import Dictionary
from specs.expressions import expression_faults, items_in
from specs.patterns import pattern_fault
from specs.rules import KINDS, Shape, Term
from specs.spec import Condition, Item, Rule, Spec, Type
from validators.cases import check_cases
from validators.engine import validate

#: Any time will do: certification is left out.
_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
#: What asks nearly the same; two terms of one kind, each in the other's place.
_TWINS: Final = {"required_when": "forbidden_when", "forbidden_when": "required_when"}
_PLACES: Final = (("first", "then"), ("born", "on"), ("minimum", "maximum"), ("met", "unmet"))
#: The words of CEL that are changed into each other; longer ones first.
_WORDS: Final = re.compile(r"'[^']*'|\"[^\"]*\"|&&|\|\||[=!<>]=|[<>!+-]|\b[0-9]+\b|\btrue\b|\bfalse\b")
_CHANGED_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "&&": ("||",),
    "||": ("&&",),
    "==": ("!=",),
    "!=": ("==",),
    "<=": ("<", ">="),
    ">=": (">", "<="),
    "<": ("<=", ">"),
    ">": (">=", "<"),
    "!": ("",),
    "+": ("-",),
    "-": ("+",),
    "true": ("false",),
    "false": ("true",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A rule with one change."""

    rule: Rule
    #: The change in a few words: ``when: drops COMPLETION_STATUS=complete``.
    change: str

    @property
    def name(self) -> str:
        """What the mutant is called in a list of survivors."""
        return f"{self.rule.code} {self.change}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What became of the mutants."""

    mutants: int
    survivors: tuple[Mutant, ...]

    @property
    def killed(self) -> int:
        """How many were noticed."""
        return self.mutants - len(self.survivors)

    @property
    def told(self) -> str:
        """The figure in words."""
        share = 100 * self.killed / self.mutants if self.mutants else 100
        return f"{self.killed} of {self.mutants} rule mutants killed, {share:.1f} %"


def score(spec: Spec, fixtures: Sequence[Fixture]) -> Score:
    """Change every rule in every way, and see which changes the rules' own cases and the fixtures notice."""
    found = [mutant for rule in spec.rules for mutant in mutants(rule, spec)]
    survivors = (mutant for mutant in found if not _noticed(mutant, spec, fixtures))
    return Score(mutants=len(found), survivors=tuple(survivors))


def mutants(rule: Rule, spec: Spec) -> Iterator[Mutant]:
    """Yield the rule with each change, none twice."""
    dictionary = Dictionary(instruments=spec.instruments, items=spec.items, codes=spec.codes)
    seen = {_key(rule)}
    for mutant in _changed(rule, dictionary):
        if _key(mutant.rule) not in seen and not _refused(mutant.rule, dictionary):
            seen.add(_key(mutant.rule))
            yield mutant


def _key(rule: Rule) -> tuple[object, ...]:
    return rule.kind, rule.severity, tuple(sorted((name, str(term)) for name, term in rule.terms.items()))


def _changed(rule: Rule, dictionary: Dictionary) -> Iterator[Mutant]:
    for severity in Severity:
        yield Mutant(rule=replace(rule, severity=severity), change=f"severity: {severity}")
    if rule.kind in _TWINS:
        yield Mutant(rule=replace(rule, kind=_TWINS[rule.kind]), change=f"kind: {_TWINS[rule.kind]}")
    for one, other in _PLACES:
        if one in rule.terms and other in rule.terms:
            swapped = {**rule.terms, one: rule.terms[other], other: rule.terms[one]}
            yield Mutant(rule=replace(rule, terms=swapped), change=f"{one} and {other} swapped")
    for term in KINDS[rule.kind]:
        if term.name in rule.terms or term.shape is Shape.FLAG:
            for change, terms in _CHANGES[term.shape](term, rule.terms, dictionary):
                yield Mutant(rule=replace(rule, terms={**rule.terms, **terms}), change=f"{term.name}: {change}")


#: A change in words, and the terms that it gives other values.
Change = tuple[str, Mapping[str, Any]]


def _item(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    for other in _others(terms[term.name], dictionary):
        yield f"{other} in its place", {term.name: other}


def _items(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    listed = terms[term.name]
    if "expression" in terms:  # the items of an expression are changed with it
        return
    for item in listed:
        rest = tuple(each for each in listed if each != item)
        if rest:
            yield f"without {item}", {term.name: rest}
        for other in _others(item, dictionary):
            if other not in listed:
                yield f"{other} for {item}", {term.name: tuple(other if each == item else each for each in listed)}
                yield f"{other} too", {term.name: (*listed, other)}


def _values(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    listed = terms[term.name]
    for value in listed:
        if len(listed) > 1:
            yield f"without {value}", {term.name: tuple(each for each in listed if each != value)}
    for value in _possible(terms[term.of], listed, dictionary):
        yield f"{value} too", {term.name: (*listed, value)}


def _value(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    for value in _possible(terms[term.of], (terms[term.name],), dictionary):
        yield f"{value} in its place", {term.name: value}


def _conditions(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    for change, text in _other_conditions(terms[term.name], dictionary):
        yield change, {term.name: text}


def _ways(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    ways = terms[term.name]
    for number, way in enumerate(ways):
        before, after = ways[:number], ways[number + 1 :]
        if before or after:
            yield f"without the way {number + 1}", {term.name: (*before, *after)}
        for change, text in _other_conditions(way, dictionary):
            yield f"way {number + 1}: {change}", {term.name: (*before, text, *after)}


def _number(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:  # noqa: ARG001 - a change's signature
    for number in (terms[term.name] - 1, terms[term.name] + 1):
        yield f"{number}", {term.name: number}


def _flag(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:  # noqa: ARG001 - a change's signature
    flag = not terms.get(term.name, False)
    yield f"{flag}", {term.name: flag}


def _pattern(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:  # noqa: ARG001 - a change's signature
    for change, pattern in _other_patterns(terms[term.name]):
        yield change, {term.name: pattern}


def _other_patterns(pattern: str) -> Iterator[tuple[str, str]]:
    """Yield a regular expression that takes anything, more characters, other classes, other digits."""
    yield "anything", ".*"
    yield "one character more", f"(?:{pattern})."
    for found in re.finditer(r"\[(?!\^)", pattern):
        yield f"the contrary class at {found.end()}", f"{pattern[: found.end()]}^{pattern[found.end() :]}"
    for found in re.finditer("[0-9]", pattern):
        digit = (int(found.group()) + 1) % 10
        yield (
            f"{digit} for {found.group()} at {found.end()}",
            f"{pattern[: found.start()]}{digit}{pattern[found.end() :]}",
        )


def _expression(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[Change]:
    expression = terms[term.name]
    for word in _WORDS.finditer(expression):
        before, after = expression[: word.start()], expression[word.end() :]
        for other in _other_words(word.group(), terms[term.of], dictionary):
            yield (
                f"{other or 'nothing'} for {word.group()} at {word.start() + 1}",
                {term.name: f"{before}{other}{after}"},
            )
        for change, pattern in _other_patterns(word.group()[1:-1]) if before.endswith("matches(") else ():
            yield f"matches: {change}", {term.name: f"{before}{word.group()[0]}{pattern}{word.group()[0]}{after}"}
    for item in terms[term.of]:
        for other in _others(item, dictionary):
            if other not in terms[term.of]:
                text = re.sub(rf"\b{item}\b", other, expression)
                yield f"{other} for {item}", {term.name: text, term.of: items_in(text)}


def _other_words(word: str, items: Sequence[str], dictionary: Dictionary) -> Iterable[str]:
    if word.isdigit():
        return (str(int(word) - 1), str(int(word) + 1))
    if word[0] in "'\"":
        lists = (tuple(dictionary.values_of(item)) for item in items)
        return [f"{word[0]}{other}{word[0]}" for codes in lists if word[1:-1] in codes for other in codes]
    return _CHANGED_WORDS[word]


_CHANGES: Final[Mapping[Shape, Callable[[Term, Mapping[str, Any], Dictionary], Iterator[Change]]]] = {
    Shape.ITEM: _item,
    Shape.SERIES: _item,
    Shape.ITEMS: _items,
    Shape.VALUES: _values,
    Shape.VALUE: _value,
    Shape.CONDITIONS: _conditions,
    Shape.WAYS: _ways,
    Shape.NUMBER: _number,
    Shape.FLAG: _flag,
    Shape.PATTERN: _pattern,
    Shape.EXPRESSION: _expression,
}


def _other_conditions(text: str, dictionary: Dictionary) -> Iterator[tuple[str, str]]:
    """Yield conditions with one change: one fewer, one the other way round, of another item, of other values."""
    conditions = parse_conditions(text)
    for number, condition in enumerate(conditions):
        before, after = conditions[:number], conditions[number + 1 :]
        told = _written((condition,))
        if before or after:
            yield f"without {told}", _written((*before, *after))
        for change, other in _other_condition(condition, dictionary):
            yield f"{change} in {told}", _written((*before, other, *after))


def _other_condition(condition: Condition, dictionary: Dictionary) -> Iterator[tuple[str, Condition]]:
    yield "the contrary", replace(condition, negated=not condition.negated)
    for item in _others(condition.item, dictionary):
        yield f"{item}", replace(condition, item=item)
    listed = condition.values
    for value in listed if len(listed) > 1 else ():
        yield f"without {value}", replace(condition, values=tuple(each for each in listed if each != value))
    for value in _possible(condition.item, listed, dictionary) if listed else ():
        yield f"{value} too", replace(condition, values=(*listed, value))


def _written(conditions: Iterable[Condition]) -> str:
    return ";".join(map(_condition, conditions))


def _condition(condition: Condition) -> str:
    if not condition.values:
        return f"{'!' if condition.negated else ''}{condition.item}"
    return f"{condition.item}{'!' if condition.negated else ''}={'|'.join(condition.values)}"


def _others(code: str, dictionary: Dictionary) -> list[str]:
    """Return the items next to an item, before and behind, that could stand in its place.

    They are of its list and its repeating section; where it is alone there, of its type, and where it is the only one of
    its section, of those that do not repeat.
    """
    item = dictionary.items[code]
    near = [other for other in dictionary.items.values() if _place(other) == _place(item)]
    single = [other for other in dictionary.items.values() if other.repeats == 1 or other is item]
    for pool, alike in ((near, _same_list), (near, _same_type), (single, _same_type)):
        codes = [other.code for other in pool if alike(other, item)]
        if len(codes) > 1:
            at = codes.index(code)
            return [codes[at - 1], codes[(at + 1) % len(codes)]]
    return []


def _place(item: Item) -> str:
    return item.section if item.repeats > 1 else ""


def _same_list(one: Item, other: Item) -> bool:
    return (one.type, one.codes) == (other.type, other.codes)


def _same_type(one: Item, other: Item) -> bool:
    words = (Type.TEXT, Type.IDENTIFIER)
    return one.type is other.type or (one.type in words and other.type in words)


def _possible(of: str | Sequence[str], listed: Sequence[str], dictionary: Dictionary) -> list[str]:
    """Return values that the items could have besides: of a closed list all, of numbers the next ones."""
    item = of if isinstance(of, str) else of[0]
    line = dictionary.items[item]
    if line.type is Type.INTEGER:
        beside = (int(listed[-1]) + 1, int(listed[0]) - 1)
        low, high = line.minimum, line.maximum
        return [str(n) for n in beside if (low is None or n >= low) and (high is None or n <= high)]
    return [value for value in dictionary.values_of(item) if value not in listed]


def _refused(rule: Rule, dictionary: Dictionary) -> bool:
    """Return whether the reader of packages would refuse the rule."""
    for term in (term for term in KINDS[rule.kind] if term.name in rule.terms):
        value = rule.terms[term.name]
        match term.shape:
            case Shape.NUMBER if value < 0:
                return True
            case Shape.VALUES | Shape.VALUE:
                items = rule.terms[term.of]
                listed = (value,) if isinstance(value, str) else value
                if any(
                    tuple(dictionary.value_faults(item, listed))
                    for item in ((items,) if isinstance(items, str) else items)
                ):
                    return True
            case Shape.CONDITIONS | Shape.WAYS:
                texts = (value,) if isinstance(value, str) else value
                if any(tuple(dictionary.condition_faults(parse_conditions(text))) for text in texts):
                    return True
            case Shape.PATTERN if pattern_fault(value):
                return True
            case Shape.EXPRESSION if expression_faults(value) or set(items_in(value)) != set(rule.terms[term.of]):
                return True
            case _:
                pass
    return any(
        rule.terms[low] > rule.terms[high]
        for low, high in (("minimum", "maximum"), ("youngest", "oldest"))
        if low in rule.terms and high in rule.terms
    )


def _noticed(mutant: Mutant, spec: Spec, fixtures: Sequence[Fixture]) -> bool:
    """Return whether a case of the rule, or a fixture, says something else of the mutant than of the rule."""
    alone = replace(spec, rules=(mutant.rule,))
    if check_cases(alone):
        return True
    code = mutant.rule.code
    telling = sorted(fixtures, key=lambda fixture: code not in fixture.expected.rules)
    return any(_found(fixture, alone) != fixture.expected.rules.get(code) for fixture in telling)


def _found(fixture: Fixture, alone: Spec) -> Severity | None:
    """Return the severity at which the only rule of the package is broken; None where it is kept."""
    place = Source(file=fixture.name, label=fixture.name)
    answers = {item: Answer(text=text, source=place) for item, text in fixture.answers.items()}
    report = validate(Assessment(agency=None, answers=answers, origin=place), alone, None, _AT, certification=False)
    (rule,) = alone.rules
    return next((finding.severity for finding in report.findings if finding.rule == rule.code), None)
