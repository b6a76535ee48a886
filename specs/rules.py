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
from specs.conditions import parse_conditions
from specs.defects import Defects
from specs.dictionary import Dictionary
from specs.folder import Folder
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
    #: Conditions, as one text (``specs.conditions``).
    CONDITIONS = "conditions"
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
    #: For values: the term that names their items.
    of: str = ""

    @property
    def names_items(self) -> bool:
        """Return whether the term names items, by itself or within conditions."""
        return self.shape in (Shape.ITEM, Shape.ITEMS, Shape.CONDITIONS)


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
        for fault in dictionary.item_faults(item):
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
    for first, last in (("minimum", "maximum"), ("youngest", "oldest")):
        if first in terms and last in terms and terms[last] < terms[first]:
            file.refuse(last, f"The term {last!r} is below {first!r}.")
    if kind == "age_between" and not {"youngest", "oldest"} & terms.keys():
        file.refuse("kind", "The kind age_between names the youngest age, the oldest, or both.")
    return MappingProxyType(terms)


def _read_term(file: Table, term: Term) -> str | tuple[str, ...] | int | bool:
    match term.shape:
        case Shape.ITEM | Shape.CONDITIONS:
            return file.text(term.name)
        case Shape.ITEMS | Shape.VALUES:
            return file.texts(term.name)
        case Shape.NUMBER:
            return file.integer(term.name)
        case Shape.FLAG:
            return file.flag(term.name)


def _term_faults(term: Term, terms: Mapping[str, Any], dictionary: Dictionary) -> Iterator[str]:
    """Yield a sentence for each unknown item, each item of a type that the kind cannot use, each impossible value."""
    match term.shape:
        case Shape.ITEM | Shape.ITEMS:
            for item in _items_of(terms[term.name]):
                yield from dictionary.item_faults(item)
                if term.types and item in dictionary.items and dictionary.items[item].type not in term.types:
                    yield f"The item {item} is no {' or '.join(sorted(term.types))}."
        case Shape.VALUES:
            for item in _items_of(terms[term.of]):
                yield from dictionary.value_faults(item, terms[term.name])
        case Shape.CONDITIONS:
            yield from _condition_faults(terms[term.name], dictionary)
        case Shape.NUMBER | Shape.FLAG:
            return


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
