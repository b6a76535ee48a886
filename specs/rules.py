"""The rules of a package: the closed set of kinds with the shape of their terms, and the reading of ``rules/*.toml``."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, Final

from canonical.finding import Severity
from specs.bounds import MOST_CASES, MOST_RULES, exceeds
from specs.conditions import parse_conditions
from specs.defects import Defects
from specs.dictionary import Dictionary
from specs.expressions import expression_faults, items_in
from specs.folder import Folder
from specs.patterns import pattern_fault
from specs.requirements import citation_faults
from specs.spec import Case, Requirement, Rule, Type
from specs.toml_table import Table, read_toml


class Shape(StrEnum):
    """What a term holds."""

    #: The code of one item.
    ITEM = "item"
    #: The codes of one item or more.
    ITEMS = "items"
    #: Values that the items of another term can have.
    VALUES = "values"
    #: The code of one item; all of its occurrences are meant.
    SERIES = "series"
    #: Conditions, as one text (``specs.conditions``).
    CONDITIONS = "conditions"
    #: Several texts of conditions, of which one is enough.
    WAYS = "ways"
    #: A regular expression in RE2's language.
    PATTERN = "pattern"
    #: An expression in CEL (``specs.expressions``) that asks the items of another term, and no others.
    EXPRESSION = "expression"
    #: One value that the item of another term can have.
    VALUE = "value"
    #: A whole number of zero or more.
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One term of a kind."""

    name: str
    shape: Shape
    optional: bool = False
    #: The types that the item must have; empty for any.
    types: frozenset[Type] = frozenset()
    #: For values and expressions: the term that names their items.
    of: str = ""

    @property
    def names_items(self) -> bool:
        """Return whether the term names items, by itself or within conditions."""
        return self.shape in (Shape.ITEM, Shape.ITEMS, Shape.SERIES, Shape.CONDITIONS, Shape.WAYS)


_DAYS: Final = frozenset({Type.DATE, Type.DATETIME})


def _item(name: str, types: frozenset[Type] = frozenset()) -> Term:
    return Term(name=name, shape=Shape.ITEM, types=types)


def _values(name: str, of: str, *, optional: bool = False) -> Term:
    return Term(name=name, shape=Shape.VALUES, of=of, optional=optional)


def _number(name: str, *, optional: bool = False) -> Term:
    return Term(name=name, shape=Shape.NUMBER, optional=optional)


_ITEMS: Final = Term(name="items", shape=Shape.ITEMS)
_WHEN: Final = Term(name="when", shape=Shape.CONDITIONS)

#: Every kind of rule and its terms. A rule none of whose items is answered does not apply, unless its kind says otherwise.
#: A rule that names items of a repeating section is asked once for each occurrence of it that has any answer, and in any
#: case for the first; a kind with a term of the shape ``series`` looks at all occurrences and is asked once.
KINDS: Final[Mapping[str, tuple[Term, ...]]] = MappingProxyType(
    {
        # The item must be answered where the conditions hold.
        "required_when": (_item("item"), _WHEN),
        # The item must not be answered where the conditions hold.
        "forbidden_when": (_item("item"), _WHEN),
        # Where the conditions hold, the item has one of the values, if it is answered.
        "allowed_when": (_item("item"), _values("values", "item"), _WHEN),
        # first <= then; strict: first < then.
        "date_order": (
            _item("first", _DAYS),
            _item("then", _DAYS),
            Term(name="strict", shape=Shape.FLAG, optional=True),
        ),
        # then - first <= days.
        "date_within": (_item("first", _DAYS), _item("then", _DAYS), _number("days")),
        # Completed years of age, both ends included.
        "age_between": (
            _item("born", _DAYS),
            _item("on", _DAYS),
            _number("youngest", optional=True),
            _number("oldest", optional=True),
        ),
        # How many of the items have one of the values, both ends included.
        "count_between": (_ITEMS, _values("values", "items"), _number("minimum"), _number("maximum")),
        "all_or_none": (_ITEMS,),
        # Both answered with the same text is a fault.
        "differs": (_item("first"), _item("second")),
        # If any of the items has one of the values, ``then`` has one of then_values; if not, one of otherwise_values.
        "any_implies": (
            _ITEMS,
            _values("values", "items"),
            _item("then"),
            _values("then_values", "then"),
            _values("otherwise_values", "then", optional=True),
        ),
        # No two occurrences of the item have the same text.
        "distinct": (Term(name="item", shape=Shape.SERIES),),
        # Where the conditions hold, and the item is answered at all, one of its occurrences matches the pattern.
        "one_matches": (Term(name="item", shape=Shape.SERIES), Term(name="pattern", shape=Shape.PATTERN), _WHEN),
        # What the sender determined is what the ways come to: ``met`` where all conditions of one way hold, ``unmet`` where
        # each way has a condition that an answer contradicts, and nothing yet while one is open. Not asked before the
        # sender has determined anything.
        "determined": (
            _item("item"),
            Term(name="ways", shape=Shape.WAYS),
            Term(name="met", shape=Shape.VALUE, of="item"),
            Term(name="unmet", shape=Shape.VALUE, of="item"),
        ),
        # The expression must be true. Asked where one of its items is answered; the form must carry all of them.
        "cel": (_ITEMS, Term(name="expression", shape=Shape.EXPRESSION, of="items")),
    }
)

_CODE: Final = re.compile(r"B\d{3}")


def read_rules(
    folder: Folder,
    dictionary: Dictionary,
    requirements: Mapping[str, Requirement],
    desks: Collection[str],
    defects: Defects,
) -> tuple[Rule, ...]:
    """Read every file below ``rules/``, by code."""
    rules = []
    for name in folder.below("rules"):
        path = PurePosixPath(name)
        if path.suffix == ".toml" and str(path.parent) == "rules":
            file = read_toml(folder, name, defects)
            rules.append(_read_rule(file, path.stem, dictionary, requirements, desks))
        else:
            defects.add(name, 1, "Only rules stand here, one a file, named by their code: rules/B001.toml.")
    if len(rules) > MOST_RULES:
        defects.add("rules", 1, exceeds(len(rules), MOST_RULES, "rules"))
    return tuple(rules)


def _read_rule(
    file: Table, name: str, dictionary: Dictionary, requirements: Mapping[str, Requirement], desks: Collection[str]
) -> Rule:
    with file:
        rule = Rule(
            code=file.text("code"),
            title=file.text("title"),
            severity=file.choice("severity", Severity.ERROR),
            kind=file.text("kind", among=KINDS, noun=f"kind of rule ({', '.join(KINDS)})"),
            terms=_read_terms(file, dictionary),
            message=file.text("message"),
            why=file.text("why"),
            fix=file.text("fix"),
            desk=file.text("desk", among=desks, noun="desk of desks.toml"),
            cites=file.texts("cites"),
            fhirpath=file.text("fhirpath", default=""),
            passes=_read_cases(file, "pass", dictionary),
            fails=_read_cases(file, "fail", dictionary),
        )
    if rule.code and (rule.code != name or not _CODE.fullmatch(rule.code)):
        file.refuse("code", "The code of a rule is B and three digits, and its file is named after it.")
    cases = len(rule.passes) + len(rule.fails)
    if cases > MOST_CASES:
        file.refuse("code", exceeds(cases, MOST_CASES, "cases of one rule"))
    for fault in citation_faults(rule.cites, requirements) if "cites" in file else ():
        file.refuse("cites", fault)
    return rule


def _read_cases(file: Table, key: str, dictionary: Dictionary) -> tuple[Case, ...]:
    tables = file.tables(key)
    if not tables:
        file.refuse("", f"The rule has no [[{key}]] case.")
    return tuple(_read_case(table, dictionary) for table in tables)


def _read_case(table: Table, dictionary: Dictionary) -> Case:
    with table:
        case = Case(why=table.text("why"), answers=table.text_by_name("answers"))
    for item in case.answers:
        for fault in dictionary.answer_faults(item):
            table.refuse("answers", fault)
    return case


def _read_terms(file: Table, dictionary: Dictionary) -> Mapping[str, Any]:
    kind = file.text("kind")
    if kind not in KINDS:
        # Which of its keys are terms cannot be told.
        file.ignore_the_rest()
        return MappingProxyType({})
    terms: dict[str, Any] = {
        term.name: _read_term(file, term) for term in KINDS[kind] if term.name in file or not term.optional
    }
    for term in KINDS[kind]:
        for fault in _term_faults(term, terms, dictionary) if term.name in file else ():
            file.refuse(term.name, fault)
    for fault in _section_faults(kind, terms, dictionary):
        file.refuse("kind", fault)
    for first, last in (("minimum", "maximum"), ("youngest", "oldest")):
        if first in terms and last in terms and terms[last] < terms[first]:
            file.refuse(last, f"The term {last!r} is below {first!r}.")
    if kind == "age_between" and not {"youngest", "oldest"} & terms.keys():
        file.refuse("kind", "The kind age_between names the youngest age, the oldest, or both.")
    return MappingProxyType(terms)


def _read_term(file: Table, term: Term) -> str | tuple[str, ...] | int | bool:
    match term.shape:
        case Shape.ITEM | Shape.SERIES | Shape.CONDITIONS | Shape.VALUE | Shape.PATTERN | Shape.EXPRESSION:
            return file.text(term.name)
        case Shape.ITEMS | Shape.VALUES | Shape.WAYS:
            return file.texts(term.name)
        case Shape.NUMBER:
            return file.integer(term.name)
        case Shape.FLAG:
            return file.flag(term.name)


def _term_faults(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[str]:
    """Yield a sentence for each unknown item, each item of a type that the kind cannot use, each impossible value."""
    match term.shape:
        case Shape.ITEM | Shape.ITEMS | Shape.SERIES:
            for item in _items_of(terms[term.name]):
                yield from dictionary.item_faults(item)
                yield from _type_faults(item, term, dictionary)
        case Shape.VALUES | Shape.VALUE:
            for item in _items_of(terms[term.of]):
                yield from dictionary.value_faults(item, _items_of(terms[term.name]))
        case Shape.CONDITIONS | Shape.WAYS:
            for conditions in _items_of(terms[term.name]):
                yield from _condition_faults(conditions, dictionary)
        case Shape.PATTERN:
            yield from filter(None, [pattern_fault(terms[term.name])])
        case Shape.EXPRESSION:
            yield from _expression_faults(terms[term.name], _items_of(terms[term.of]))
        case Shape.NUMBER | Shape.FLAG:
            return


def _type_faults(item: str, term: Term, dictionary: Dictionary) -> Iterator[str]:
    if term.types and item in dictionary.items and dictionary.items[item].type not in term.types:
        yield f"The item {item} is no {' or '.join(sorted(term.types))}."


def _expression_faults(expression: str, named: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with an expression, and each item that only it names, or that it does not ask."""
    faults = expression_faults(expression)
    yield from faults
    asked = () if faults else items_in(expression)
    for item in asked:
        if item not in named:
            yield f"The expression asks {item!r}, which 'items' does not name."
    for item in named if asked else ():
        if item not in asked:
            yield f"The expression does not ask {item!r}, which 'items' names."
    if not faults and not asked:
        yield "The expression asks no item."


def _section_faults(kind: str, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[str]:
    """Refuse a rule that would have to be asked for each occurrence of two sections at once."""
    single = [term for term in KINDS[kind] if term.names_items and term.shape is not Shape.SERIES]
    items = (dictionary.items[item] for term in single for item in _named(term, terms) if item in dictionary.items)
    sections = sorted({item.section for item in items if item.repeats > 1})
    series = [term for term in KINDS[kind] if term.shape is Shape.SERIES]
    if len(sections) > (0 if series else 1):
        yield f"A rule may not ask items of {' and '.join(sections)} once for each occurrence{' beside a series' * bool(series)}."


def _named(term: Term, terms: Mapping[str, Any]) -> Iterator[str]:
    """Yield the items that a term names, by itself or within conditions."""
    for text in _items_of(terms.get(term.name, ())):
        if term.shape in (Shape.CONDITIONS, Shape.WAYS):
            try:
                yield from (condition.item for condition in parse_conditions(text))
            except ValueError:  # it has its defect already
                continue
        else:
            yield text


def items_named(rule: Rule) -> tuple[str, ...]:
    """Return the items that a rule names, each once, in the order of its terms."""
    terms = (term for term in KINDS[rule.kind] if term.names_items)
    return tuple(dict.fromkeys(item for term in terms for item in _named(term, rule.terms)))


def _condition_faults(text: str, dictionary: Dictionary) -> Iterator[str]:
    try:
        conditions = parse_conditions(text)
    except ValueError as fault:
        yield str(fault)
        return
    yield from dictionary.condition_faults(conditions)


def _items_of(named: str | tuple[str, ...]) -> tuple[str, ...]:
    """Return the items of a term; none where the term was no text and its defect is noted already."""
    return tuple(filter(None, (named,) if isinstance(named, str) else named))
