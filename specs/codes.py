"""codes.csv: the code lists."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from specs.csv_table import read_csv
from specs.defects import Defects
from specs.folder import Folder
from specs.spec import Code

#: The file.
CODES: Final = "codes.csv"

_COLUMNS: Final = ("list", "code", "label", "valid_from", "valid_to")


def read_codes(folder: Folder, defects: Defects) -> Mapping[str, Mapping[str, Code]]:
    """Read the lists, by name; each holds its codes by value, in the file's order."""
    lists: dict[str, dict[str, Code]] = {}
    for row in read_csv(folder, CODES, _COLUMNS, defects):
        code = Code(
            value=row.text("code"),
            label=row.text("label"),
            valid_from=row.day("valid_from"),
            valid_to=row.day("valid_to"),
        )
        if code.valid_from and code.valid_to and code.valid_to < code.valid_from:
            row.refuse("The code ends before it begins.")
        codes = lists.setdefault(row.text("list"), {})
        if code.value in codes:
            row.refuse(f"The code {code.value!r} stands twice in the list {row.cells['list']!r}.")
        codes[code.value] = code
    return MappingProxyType({name: MappingProxyType(codes) for name, codes in lists.items()})
