"""The items of a spreadsheet, as rows of items.csv and codes.csv."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from canonical.errors import ConfigurationError
from service.sheets import SheetRow
from specs.items import COLUMNS
from specs.spec import Type

#: What every spreadsheet must have; "item" serves for "code" as well.
NEEDED: Final = ("code", "label", "type")
#: The column for the values of a code item where there is no sheet of codes: ``0=None; 1=Mild`` or ``yes; no``.
VALUES: Final = "values"
#: The words of other people's spreadsheets for our types.
_TYPES: Final[Mapping[str, str]] = {
    **{kind.value: kind.value for kind in Type},
    "string": "text", "char": "text", "varchar": "text", "coded": "code", "choice": "code", "list": "code",
    "timestamp": "datetime", "date/time": "datetime", "int": "integer", "number": "integer", "numeric": "integer",
    "bool": "boolean", "yes/no": "boolean", "id": "identifier",
}  # fmt: skip
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetItems:
    """What a spreadsheet says."""

    #: By item code, in its order: the cells of items.csv that it fills.
    items: Mapping[str, Mapping[str, str]]
    #: By list: values and labels.
    codes: Mapping[str, Mapping[str, str]]
    #: Columns that mean nothing to us.
    unused: tuple[str, ...] = field(default=())


def sheet_items(name: str, sheets: Mapping[str, Iterable[SheetRow]]) -> SheetItems:
    """Take the items from the first sheet, and code lists from one called “codes” (list, code, label).

    Raises:
        ConfigurationError: listing every row that cannot be taken as ``file:row: sentence``.
    """
    first = next((tuple(rows) for sheet, rows in sheets.items() if sheet != "codes"), ())
    columns = set(first[0].cells) if first else set()
    columns |= {"code"} if "item" in columns else set()
    if missing := [column for column in NEEDED if column not in columns]:
        raise ConfigurationError(f"{name} needs the columns {', '.join(NEEDED)}; missing: {', '.join(missing)}.")
    reader = _Reader(name, dict(_lists(sheets.get("codes", ()))))
    items = {row["item"]: row for one in first if (row := reader.item(one))}
    if reader.faults:
        raise ConfigurationError("\n".join(reader.faults))
    unused = tuple(column for column in first[0].cells if column not in {*COLUMNS, *NEEDED, VALUES})
    return SheetItems(items=items, codes=reader.codes, unused=unused)


class _Reader:
    """Reads rows, and gathers what is wrong with them."""

    def __init__(self, name: str, codes: dict[str, dict[str, str]]) -> None:
        self._name = name
        self._seen: set[str] = set()
        self.codes = codes
        self.faults: list[str] = []

    def item(self, row: SheetRow) -> dict[str, str] | None:
        """Return the row as items.csv has it; None where it cannot be taken."""
        cells = {column: row.cells.get(column, "") for column in COLUMNS}
        cells["item"] = (row.cells.get("code") or row.cells.get("item", "")).upper()
        cells["type"] = _TYPES.get(cells["type"].lower(), "")
        faults = list(self._faults(cells, row))
        self._seen.add(cells["item"])
        if cells["type"] == Type.CODE and not faults:
            faults += self._take_values(cells, row)
        self.faults += [f"{self._name}:{row.number}: {fault}" for fault in faults]
        return None if faults else cells

    def _faults(self, cells: Mapping[str, str], row: SheetRow) -> Iterator[str]:
        if not _CODE.fullmatch(cells["item"]):
            yield "A code is made of capital letters, digits and underscores."
        if cells["item"] in self._seen:
            yield f"The code {cells['item']} stands there twice."
        if not cells["label"]:
            yield "The label is empty."
        if not cells["type"]:
            yield f"{row.cells['type']!r} is no type ({', '.join(Type)})."

    def _take_values(self, cells: dict[str, str], row: SheetRow) -> Iterator[str]:
        """Give a code item its list: the one that it names, or one made of its own values."""
        values = row.cells.get(VALUES, "")
        if not cells["codes"]:
            cells["codes"] = cells["item"].lower()
        if values:
            self.codes[cells["codes"]] = dict(_values(values))
        elif row.cells.get("codes", "") == "":
            yield f"A code item names its list in “codes”, or its codes in “{VALUES}” (0=None; 1=Mild)."


def _values(text: str) -> Iterator[tuple[str, str]]:
    for part in re.split(r"[;\n]", text):
        code, _, label = part.partition("=")
        if code.strip():
            yield code.strip(), label.strip() or code.strip()


def _lists(rows: Iterable[SheetRow]) -> Iterator[tuple[str, dict[str, str]]]:
    lists: dict[str, dict[str, str]] = {}
    for row in rows:
        name, code = row.cells.get("list", ""), row.cells.get("code", "")
        if name and code:
            lists.setdefault(name, {})[code] = row.cells.get("label", "") or code
    yield from lists.items()
