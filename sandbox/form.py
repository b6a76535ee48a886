"""A filled-in form as the state reads it: the answers of one document, and the questions that the rules put to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property, lru_cache
from typing import Final

from specs.spec import Condition, ConsentClass, Instrument, Item, Spec, Type

#: The only form in which a date is a date here: ten characters.
_DATE_LENGTH: Final = 10
#: How many texts are known as days: a form asks for the same few again and again.
_DAYS_KNOWN: Final = 64


@dataclass(frozen=True, kw_only=True)  # without slots: what many rules ask is worked out once
class Form:
    """One document's answers under one specification."""

    spec: Spec
    #: By item code; what is empty or blank is not among them.
    answers: Mapping[str, str] = field(repr=False)
    #: Items that the state may not see for want of consent; nobody can miss them.
    withheld: frozenset[str] = frozenset()

    @classmethod
    def of(cls, answers: Mapping[str, str], spec: Spec) -> Form:
        """Fill in a form; blank text is no answer."""
        return cls(spec=spec, answers={item: text for item, text in answers.items() if text.strip()})

    def text(self, item: str) -> str | None:
        """Return the answer, or None."""
        return self.answers.get(item)

    def day(self, item: str) -> date | None:
        """Return the answer as a day, also of a moment; None where there is none or it is neither."""
        return as_day(self.answers.get(item, "").partition("T")[0])

    def has(self, item: str) -> bool:
        """Return whether the item is answered; a question that is left open is not."""
        known = self.spec.items.get(item)
        text = self.answers.get(item)
        return text is not None and not (known is not None and known.type is Type.TRISTATE and text == "unanswered")

    def series(self, item: str) -> dict[str, str]:
        """Return the answers to all occurrences of an item, by their codes."""
        codes = [f"{item}.{number}" for number in range(2, self.spec.items[item].repeats + 1)]
        return {code: self.answers[code] for code in (item, *codes) if code in self.answers}

    @cached_property
    def further(self) -> list[tuple[str, int]]:
        """The sections that are filled in again, each with the number of the time: from the second on."""
        times = {
            (self.spec.items[item].section, int(number))
            for item, _, number in (code.partition(".") for code in self.answers if "." in code)
            if item in self.spec.items and number.isdecimal() and 1 < int(number) <= self.spec.items[item].repeats
        }
        return sorted(times)

    def again(self, section: str, number: int) -> Form:
        """Return the form as if one section had only been filled in that one time; the rest stays as it is."""
        own = {item.code for item in self.spec.items.values() if item.section == section}
        answers = {code: text for code, text in self.answers.items() if code.partition(".")[0] not in own}
        this = {code: self.answers[f"{code}.{number}"] for code in own if f"{code}.{number}" in self.answers}
        return replace(self, answers=answers | this)

    def any_of(self, items: Iterable[str], values: Iterable[str]) -> int:
        """Return how many of the items have one of the values."""
        wanted = set(values)
        return sum(self.answers.get(item) in wanted for item in items)

    def meets(self, conditions: Iterable[Condition]) -> bool:
        """Return whether all the conditions hold."""
        return all(self._meets(condition) for condition in conditions)

    def _meets(self, condition: Condition) -> bool:
        if condition.values:
            return (self.answers.get(condition.item) in condition.values) is not condition.negated
        return self.has(condition.item) is not condition.negated

    def decides(self, condition: Condition) -> bool | None:
        """Return whether one condition holds; None while its item is open."""
        return self._meets(condition) if self.has(condition.item) else None

    @cached_property
    def instrument(self) -> Instrument | None:
        """The form's instrument, where the specification knows it."""
        return self.spec.instruments.get(self.answers.get("INSTRUMENT", ""))

    @cached_property
    def consented(self) -> bool:
        """Whether the member lets the full CANS be seen."""
        return self.answers.get(self.spec.consent_item) in self.spec.consent_full

    @cached_property
    def age(self) -> int | None:
        """The member's completed years on the day of the assessment; whoever is born later has no age yet."""
        born, assessed = self.day("MEMBER_DOB"), self.day("ASSESSMENT_DATE")
        return None if born is None or assessed is None or assessed < born else completed_years(born, assessed)

    def without_full(self) -> Form:
        """Return the form as the state may see it without consent to the full CANS."""
        full = frozenset(code for code, item in self.spec.items.items() if item.consent is ConsentClass.FULL)
        seen = {code: text for code, text in self.answers.items() if code.partition(".")[0] not in full}
        return replace(self, answers=seen, withheld=full)

    def carries(self, item: Item) -> bool | None:
        """Return whether the item belongs to the form's instrument; None where that is not known."""
        return None if self.instrument is None else item.belongs_to(self.instrument.code)

    def suits_age(self, item: Item) -> bool | None:
        """Return whether the item is for a member of this age; None where the age is not known and matters."""
        if item.age is None:
            return True
        return None if self.age is None else item.age.holds(self.age)

    def asks(self, item: Item) -> bool:
        """Return whether the form certainly asks this item of this member: by instrument, age and consent."""
        return self.carries(item) is True and self.suits_age(item) is True and item.code not in self.withheld

    def excludes(self, item: Item) -> bool:
        """Return whether the form certainly does not ask this item of this member."""
        return self.carries(item) is False or self.suits_age(item) is False or item.code in self.withheld


@lru_cache(_DAYS_KNOWN)
def as_day(text: str) -> date | None:
    """Read ``YYYY-MM-DD``, and nothing else that ISO 8601 may call a date."""
    if len(text) != _DATE_LENGTH or text[4] != "-":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def completed_years(born: date, on: date) -> int:
    """Count the birthdays up to and including a day; who is born on 29 February has the other birthdays on 1 March."""
    years = on.year - born.year
    had_birthday = on.month > born.month or (on.month == born.month and on.day >= born.day)
    return years if had_birthday else years - 1
