"""The terms of one rule, read by their shape for one form and one occurrence of what repeats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from canonical.errors import SpecDefect
from canonical.occurrence import nth_of
from specs.conditions import parse_conditions
from specs.rules import KINDS
from specs.spec import Condition, Item, Rule
from validators.conditions import Test, all_hold, answered
from validators.expressions import Binding


class Terms:
    """A rule's terms, read by shape; notes which items they name."""

    def __init__(
        self,
        rule: Rule,
        items: Mapping[str, Item],
        carried: frozenset[str] | None,
        section: str | None,
        number: int,
        binding: Binding,
    ) -> None:
        self.rule = rule
        self.dictionary = items
        #: The repeating section, and the occurrence of it, that the rule is asked of.
        self.section = section
        self.occurrence = number
        #: What an expression sees.
        self.binding = binding
        #: The items of the form; None for all.
        self.carried = carried
        self.named: list[str] = []
        self.subjects: set[str] = set()
        self.pools: list[frozenset[str]] = []

    def item(self, name: str) -> str:
        """Return the item of a term."""
        item = self._known(str(self._term(name)))
        self.subjects.add(item)
        return item

    def series(self, name: str) -> tuple[str, ...]:
        """Return the item of a term in all of its occurrences."""
        item = self._known(str(self._term(name)))
        self.subjects.add(item)
        codes = (nth_of(item, number) for number in range(1, self.dictionary[item].repeats + 1))
        return tuple(map(self._known, codes))

    def items(self, *, all_of_them: bool = False) -> tuple[str, ...]:
        """Return the items of ``items`` that the form carries; ``all_of_them`` where the rule is about each."""
        listed = tuple(map(self._known, self._texts("items")))
        self.pools.append(frozenset(listed))
        carried = tuple(item for item in listed if self.carried is None or item in self.carried)
        if all_of_them:
            self.subjects.update(carried)
        return carried

    def bound(self) -> tuple[str, ...]:
        """Bind ``items`` for an expression, all of which the form must carry; return the codes of their answers."""
        listed = self._texts("items")
        self.subjects.update(map(self._known, listed))
        return self.binding.bind(listed)

    def values(self, name: str) -> frozenset[str]:
        """Return the values of a term; none where it is left out."""
        return frozenset(self._texts(name)) if name in self.rule.terms else frozenset()

    def when(self) -> Test:
        """Return the conditions as a test."""
        return all_hold(self._conditions(str(self._term("when"))), self.dictionary)

    def ways(self) -> tuple[tuple[Condition, ...], ...]:
        """Return the conditions of each way."""
        return tuple(map(self._conditions, self._texts("ways")))

    def text(self, name: str) -> str:
        """Return the text of a term."""
        return str(self._term(name))

    def number(self, name: str) -> int | None:
        """Return the number of a term; None where it is left out."""
        number = self.rule.terms.get(name)
        if number is None or (isinstance(number, int) and not isinstance(number, bool)):
            return number
        raise self.defect(f"the term {name} is no whole number.")

    def flag(self, name: str) -> bool:
        """Return the flag of a term; false where it is left out."""
        return self.rule.terms.get(name, False) is True

    def answered(self, item: str) -> Test:
        """Return the test whether an item is answered."""
        return answered(item, self.dictionary)

    def _conditions(self, text: str) -> tuple[Condition, ...]:
        try:
            conditions = parse_conditions(text)
        except ValueError as fault:
            raise self.defect(str(fault)) from None
        return tuple(replace(condition, item=self._known(condition.item)) for condition in conditions)

    def refuse_strangers(self) -> None:
        """Raise SpecDefect where a term is missing, or one is there that the kind does not know.

        A misspelt optional term would otherwise make the rule say less than its author meant.
        """
        terms = KINDS[self.rule.kind]
        missing = [term.name for term in terms if not term.optional and term.name not in self.rule.terms]
        strange = self.rule.terms.keys() - {term.name for term in terms}
        if missing or strange:
            raise self.defect(f"the kind {self.rule.kind} has the terms {', '.join(term.name for term in terms)}.")

    def _texts(self, name: str) -> tuple[str, ...]:
        texts = self._term(name)
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise self.defect(f"the term {name} is no list of texts.")
        return tuple(texts)

    def _term(self, name: str) -> Any:  # noqa: ANN401  as read from the file; every caller narrows it
        return self.rule.terms[name]

    def _known(self, item: str) -> str:
        """Note that an item is named; return its code in the occurrence that the rule is asked of."""
        if item not in self.dictionary:
            raise self.defect(f"{item} is no item of the dictionary.")
        if self.section is not None and self.dictionary[item].section == self.section:
            item = nth_of(item, self.occurrence)
        if item not in self.named:
            self.named.append(item)
        return item

    def defect(self, sentence: str) -> SpecDefect:
        """Return the defect of the rule's file."""
        return SpecDefect(f"rules/{self.rule.code}.toml: {sentence}")
