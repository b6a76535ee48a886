"""Spreadsheets of people: CSV, or a workbook's sheets, as rows of text by column."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from canonical.errors import ConfigurationError

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_WORKBOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
#: A sheet of more than this is no list of items.
_MOST_BYTES: Final = 20_000_000

#: What a cell of a workbook may hold.
_Cell = int | float | str | bool | time | date | datetime | timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row below the header."""

    #: The row's number in the sheet, from 1.
    number: int
    #: By column, in lower case; every cell is there, and stripped.
    cells: Mapping[str, str]


def read_sheets(path: Path) -> dict[str, tuple[SheetRow, ...]]:
    """Return the rows of each sheet by its name in lower case; a CSV file is one sheet without a name.

    Raises:
        ConfigurationError: it cannot be read, or is no spreadsheet that we know.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ConfigurationError(f"{path} is too large to be a list of items.")
        if path.suffix.lower() in _WORKBOOKS:
            return _workbook(path)
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is neither a workbook nor CSV in UTF-8.") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    try:
        return {"": tuple(_rows(csv.reader(io.StringIO(text, newline=""), strict=True)))}
    except csv.Error:
        raise ConfigurationError(f"{path} is no CSV: a quotation mark is out of place.") from None


def _workbook(path: Path) -> dict[str, tuple[SheetRow, ...]]:
    from python_calamine import CalamineError, CalamineWorkbook  # noqa: PLC0415 - only for workbooks

    try:
        book = CalamineWorkbook.from_path(path)
        return {
            name.strip().lower(): tuple(_rows([_text(cell) for cell in row] for row in _cells(book, name)))
            for name in book.sheet_names
        }
    except CalamineError:
        raise ConfigurationError(f"{path} is no workbook that can be read.") from None


def _cells(book: CalamineWorkbook, name: str) -> list[list[_Cell]]:
    return book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def _rows(lines: Iterable[Sequence[str]]) -> Iterator[SheetRow]:
    """Yield the rows below the first one that is not empty, which is the header."""
    header: list[str] = []
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line]
        if not any(cells):
            continue
        if not header:
            header = [cell.lower() for cell in cells]
            continue
        padded = [*cells, *[""] * (len(header) - len(cells))]
        yield SheetRow(number=number, cells={name: cell for name, cell in zip(header, padded, strict=False) if name})


def _text(cell: _Cell) -> str:
    """Return a cell as a person reads it: 12.0 is 12, a date is ISO."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell)
