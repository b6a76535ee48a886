"""The places that a mapping names: columns, numbers of fields, questions, paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from adapters.layout import Layout
from adapters.mapping_table import MappingTable

#: The formats whose places are columns of a table.
TABLES: Final = frozenset({"delimited", "workbook"})
#: Wider than any spreadsheet.
WIDEST: Final = 16_384

#: Returns what is wrong with a path of a format, in one sentence, or None.
PathCheck = Callable[[str], str | None]


class Places:
    """Reads places as the mapping's format and layout name them."""

    def __init__(self, layout: Layout, check: PathCheck | None) -> None:
        """Take the layout of a table, or what looks at the paths of any other format."""
        self._layout = layout
        self._check = check

    @property
    def key(self) -> str:
        """The key under which an item names its places."""
        return "from" if self._layout.header else "field"

    def of(self, table: MappingTable) -> tuple[str, ...]:
        """Return the places that a table names; a defect where it names none, or names them in the wrong way."""
        other = "field" if self.key == "from" else "from"
        if other in table:
            table.defect(
                "“field” gives a number where the file has no header (header = false); columns are named by “from”."
                if self._layout.header
                else "The file has no header: name the field by its number, field = 32, instead of “from”."
            )
            return ()
        return self.named(table, self.key)

    def named(self, table: MappingTable, key: str, *, only_one: bool = False) -> tuple[str, ...]:
        """Return the places under a key: one, or a list of them."""
        value = table.values.get(key)
        listed = value if isinstance(value, list) and not only_one else [value]
        found = [place for one in listed if (place := self._place(one))]
        if not found or len(found) != len(listed):
            table.defect(self._demand(key, only_one=only_one), key)
            return ()
        for place in found:
            if self._check and (fault := self._check(place)):
                table.defect(fault, key)
        return tuple(found)

    def _place(self, value: object) -> str:
        if self._layout.header:
            return value.strip() if isinstance(value, str) else ""
        widest = self._layout.width or WIDEST
        return str(value) if type(value) is int and 0 < value <= widest else ""

    def _demand(self, key: str, *, only_one: bool) -> str:
        if not self._layout.header:
            widest = self._layout.width or WIDEST
            return (
                f"“{key}” must be the number of a field, from 1 to {widest}{'' if only_one else ', or a list of them'}."
            )
        if only_one:
            return f"“{key}” must name a column."
        return f"“{key}” must name a column, or a list of columns; “value” gives a constant instead."
