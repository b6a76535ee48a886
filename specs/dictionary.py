"""The data dictionary: instruments, code lists and items, which must agree with one another."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from specs.codes import read_codes
from specs.defects import Defects
from specs.folder import Folder
from specs.instruments import check_instrument, read_instruments
from specs.items import ITEMS, RELIED_ON, check_items, read_items
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

    def item_faults(self, item: str) -> Iterator[str]:
        """Yield a sentence where an item is not in the dictionary."""
        if item and self.items and item not in self.items:
            yield f"{item!r} is no item of items.csv."

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
    dictionary = Dictionary(
        instruments=MappingProxyType({instrument.code: instrument for _, instrument in instruments}),
        items=MappingProxyType({item.code: item for _, item in items}),
        codes=read_codes(folder, defects),
    )
    for table, instrument in instruments:
        check_instrument(table, instrument, dictionary)
    check_items(items, dictionary, requirements)
    for code in RELIED_ON if items else ():
        if code not in dictionary.items:
            defects.add(ITEMS, 1, f"The item {code} is missing; ecas-bridge cannot do without it.")
    return dictionary
