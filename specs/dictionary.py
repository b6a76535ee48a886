"""The data dictionary: instruments, code lists and items, which must agree with one another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from canonical.occurrence import parted
from specs.bounds import MOST_CODES, MOST_ITEMS, MOST_OCCURRENCES, exceeds
from specs.codes import CODES, read_codes
from specs.csv_table import Row
from specs.defects import Defects
from specs.folder import Folder
from specs.instruments import check_instrument, read_instruments
from specs.items import ITEMS, RELIED_ON, check_items, read_items
from specs.repetition import check_repetition, group_of
from specs.spec import Code, Condition, Instrument, Item, Requirement, Type

_CLOSED_TYPES: Final = {Type.TRISTATE: ("yes", "no", "unanswered"), Type.BOOLEAN: ("true", "false")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dictionary:
    """What may be answered, and with what."""

    instruments: Mapping[str, Instrument]
    items: Mapping[str, Item]
    codes: Mapping[str, Mapping[str, Code]]

    def values_of(self, item: str) -> Collection[str]:
        """Return all values that an item can have; empty where there is no end of them, or no such item."""
        known = self.items.get(item)
        if known is None:
            return ()
        return self.codes.get(known.codes, ()) if known.codes else _CLOSED_TYPES.get(known.type, ())

    def repeats_of(self, section: str) -> int:
        """Return how often a section may be filled in; every instrument that has it says the same."""
        sections = (each for instrument in self.instruments.values() for each in instrument.sections)
        return next((each.repeats for each in sections if each.code == section), 1)

    def item_faults(self, item: str) -> Iterator[str]:
        """Yield a sentence where an item is not in the dictionary."""
        if item and self.items and item not in self.items:
            yield f"{item!r} is no item of items.csv."

    def answer_faults(self, code: str) -> Iterator[str]:
        """Yield a sentence where no answer can bear this code: it is no item, nor one of its occurrences."""
        item, number = parted(code)
        yield from self.item_faults(item)
        if item in self.items and number > self.items[item].repeats:
            yield f"{code!r} is one occurrence more than the section of {item} has ({self.items[item].repeats})."

    def value_faults(self, item: str, values: Collection[str]) -> Iterator[str]:
        """Yield a sentence for each value that an item cannot have."""
        possible = self.values_of(item)
        for value in values:
            if possible and value not in possible:
                yield f"{value!r} is no value of {item}."

    def condition_faults(self, conditions: Collection[Condition]) -> Iterator[str]:
        """Yield a sentence for each unknown item, and each value that its item cannot have."""
        for condition in conditions:
            yield from self.item_faults(condition.item)
            yield from self.value_faults(condition.item, condition.values)


def read_dictionary(folder: Folder, requirements: Mapping[str, Requirement], defects: Defects) -> Dictionary:
    """Read the three files and check that they agree."""
    instruments = read_instruments(folder, defects)
    items = read_items(folder, defects)
    dictionary = _repeating(
        Dictionary(
            instruments=MappingProxyType({instrument.code: instrument for _, instrument in instruments}),
            items=MappingProxyType({item.code: item for _, item in items}),
            codes=read_codes(folder, defects),
        )
    )
    for table, instrument in instruments:
        check_instrument(table, instrument, dictionary, requirements)
    check_items(items, dictionary, requirements)
    check_repetition([(row, dictionary.items[item.code]) for row, item in items], RELIED_ON)
    _check_size(items, dictionary, defects)
    for code in RELIED_ON if items else ():
        if code not in dictionary.items:
            defects.add(ITEMS, 1, f"The item {code} is missing; ecas-bridge cannot do without it.")
    return dictionary


def _repeating(dictionary: Dictionary) -> Dictionary:
    """Let each item know how often its section repeats, and which element of the document does."""
    sections: dict[str, list[Item]] = {}
    for item in dictionary.items.values():
        sections.setdefault(item.section, []).append(item)
    items = dict(dictionary.items)
    for section, members in sections.items():
        repeats = dictionary.repeats_of(section)
        if repeats > 1:
            group = group_of(item.wire for item in members)
            items |= {item.code: replace(item, repeats=repeats, group=group if item.wire else "") for item in members}
    return replace(dictionary, items=MappingProxyType(items))


def _check_size(items: list[tuple[Row, Item]], dictionary: Dictionary, defects: Defects) -> None:
    """Refuse a dictionary that would cost more than any real one."""
    if len(items) > MOST_ITEMS:
        items[MOST_ITEMS][0].refuse(exceeds(len(items), MOST_ITEMS, "items"))
    occurrences = sum(item.repeats for item in dictionary.items.values())
    if occurrences > MOST_OCCURRENCES:
        items[-1][0].refuse(exceeds(occurrences, MOST_OCCURRENCES, "occurrences of items"))
    codes = sum(map(len, dictionary.codes.values()))
    if codes > MOST_CODES:
        defects.add(CODES, MOST_CODES + 2, exceeds(codes, MOST_CODES, "codes"))
