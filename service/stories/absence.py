"""Why an item has no answer: the first thing that failed on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from adapters.agency_mapping import AgencyMapping, ItemMapping
from adapters.mapping_places import TABLES
from adapters.record import Record
from canonical.assessment import Assessment
from canonical.finding import Finding
from specs.spec import AgeRange, Item
from validators.days import completed_years

#: What the adapter's findings mean for an item, where they mean more than that it cannot be read.
_BECAUSE = {
    "A005": "what stands in its place is in no line of the mapping's code table.",
    "A006": "the column that the mapping names is not in the file.",
    "A010": "its place is answered more than once, and the answers differ.",
    "A014": "there are several to choose from, and nothing tells which.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """What is known about the items of one assessment that have no answer."""

    assessment: Assessment
    findings: Sequence[Finding]
    mapping: AgencyMapping | None
    #: What the assessment was made of; None where no mapping read it.
    record: Record | None

    def because(self, item: Item) -> str:
        """Return the first reason that kept an answer away."""
        if not item.belongs_to(self.assessment.text("INSTRUMENT") or ""):
            return f"it belongs to {' and '.join(item.instruments)}, not to this assessment's instrument."
        if item.code in self.assessment.unreadable:
            rules = [one.rule for one in self.assessment.findings if item.code in one.items]
            return next((_BECAUSE[rule] for rule in rules if rule in _BECAUSE), self._unreadable(item.code))
        if self.mapping is not None and item.code not in self.mapping.items and self.record is not None:
            return f"the mapping {self.mapping.name} names no place for it."
        return f"{self._place(item)}{self._gate(item)}."

    def _unreadable(self, code: str) -> str:
        mapped = self.mapping.items.get(code) if self.mapping else None
        how = f" as the mapping says: {', '.join(step.name for step in mapped.transforms)}" if mapped else ""
        return f"what stands in its place could not be read{how if mapped and mapped.transforms else ''}."

    def _place(self, item: Item) -> str:
        """Return what is wrong with its place, as far as the record tells."""
        mapped = self.mapping.items.get(item.code) if self.mapping else None
        if mapped is None or self.mapping is None or self.record is None:
            return "its place is empty or missing"
        found = [field for path in mapped.paths for field in self.record.fields(path)]
        if not found:
            return self._nothing(mapped)
        empty = self.mapping.empty if mapped.empty is None else mapped.empty
        texts = [field.text.strip() for field in found]
        if any(text.casefold() in empty for text in texts):
            return "one of the words for nothing (“empty” in the mapping) stands in its place"
        if not any(texts):
            return "its place holds nothing but blanks"
        if mapped.split is not None and not any(mapped.split.apply(text) for text in texts):
            return f"the text in its place has no such part: {mapped.split.name}"
        return "nothing is left of the text in its place after what the mapping does to it"

    def _nothing(self, mapped: ItemMapping) -> str:
        if mapped.questions:
            return "no row answers its question"
        if self.mapping is not None and self.mapping.format in TABLES:
            return "its cell is empty or missing"
        return "nothing stands at its path, so its place is empty or missing"

    def _gate(self, item: Item) -> str:
        """Return for which ages the item is asked, and whether this child is of such an age."""
        if item.age is None:
            return ""
        asked = f"; it is asked only at ages {_years(item.age)}"
        try:
            born = date.fromisoformat(self.assessment.text("MEMBER_DOB") or "")
            on = date.fromisoformat(self.assessment.text("ASSESSMENT_DATE") or "")
        except ValueError:
            return asked
        return asked if item.age.holds(completed_years(born, on)) else f"{asked}, and the child is of another age"


def _years(age: AgeRange) -> str:
    if age.oldest is None:
        return f"{age.youngest} and above"
    return f"up to {age.oldest}" if age.youngest is None else f"{age.youngest} to {age.oldest}"
