"""The rows of a CSV file: what is missing, malformed or unknown becomes a defect with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

from specs.defects import Defects
from specs.folder import Folder

Choice = TypeVar("Choice", bound=StrEnum)

_DIGITS: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. A getter that finds a defect notes it and returns an empty value of its type."""

    file: str
    #: The line where it begins, from 1.
    line: int
    cells: Mapping[str, str]
    defects: Defects

    def refuse(self, sentence: str) -> None:
        """Note a defect of this row."""
        self.defects.add(self.file, self.line, sentence)

    def text(self, column: str) -> str:
        """Return a cell that may not be empty."""
        value = self.cells[column]
        if not value:
            self.refuse(f"The column {column!r} is empty.")
        return value

    def text_or_none(self, column: str) -> str | None:
        """Return a cell, or None where it is empty."""
        return self.cells[column] or None

    def texts(self, column: str) -> tuple[str, ...]:
        """Return the parts of a cell that are separated by ``;``."""
        value = self.cells[column]
        if not value:
            return ()
        parts = tuple(part.strip() for part in value.split(";"))
        if not all(parts):
            self.refuse(f"The column {column!r} holds an empty part between semicolons.")
        if len(set(parts)) < len(parts):
            self.refuse(f"The column {column!r} names something twice.")
        return parts

    def choice(self, column: str, fallback: Choice) -> Choice:
        """Return a member of the fallback's enumeration."""
        members = type(fallback)
        value = self.text(column)
        if value in set(members):
            return members(value)
        if value:
            self.refuse(f"{value!r} is no {column} ({', '.join(members)}).")
        return fallback

    def integer(self, column: str) -> int | None:
        """Return a whole number of zero or more, or None where the cell is empty."""
        value = self.cells[column]
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= _DIGITS):
            self.refuse(f"The column {column!r} must be a whole number of {_DIGITS} digits at most.")
            return None
        return int(value)

    def day(self, column: str) -> date | None:
        """Return a date, or None where the cell is empty."""
        value = self.cells[column]
        if not value:
            return None
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.refuse(f"The column {column!r} must be a date (2026-01-31).")
            return None


def read_csv(folder: Folder, name: str, columns: Sequence[str], defects: Defects) -> tuple[Row, ...]:
    """Read a file of the package that has exactly these columns, in any order; none of its rows where it has not."""
    text = folder.text(name, defects)
    if text is None:
        return ()
    try:
        lines = list(_split(text))
    except _Broken as broken:
        defects.add(name, broken.line, "From this line on the file is not CSV; a quotation mark is out of place.")
        return ()
    header = lines[0][1] if lines else []
    if faults := tuple(_header_faults(header, columns)):
        for fault in faults:
            defects.add(name, 1, fault)
        return ()
    rows = []
    for line, cells in lines[1:]:
        if len(cells) == len(header):
            rows.append(Row(file=name, line=line, cells=dict(zip(header, cells, strict=True)), defects=defects))
        else:
            defects.add(name, line, f"The row has {len(cells)} fields, and the header {len(header)}.")
    if len(lines) == 1:
        defects.add(name, 1, "The file has a header and nothing below it.")
    return tuple(rows)


def _header_faults(header: Sequence[str], columns: Sequence[str]) -> Iterator[str]:
    for column in dict.fromkeys(header):
        if column not in columns:
            yield f"The column {column!r} is not known."
        elif header.count(column) > 1:
            yield f"The column {column!r} stands there twice."
    for column in columns:
        if column not in header:
            yield f"The column {column!r} is missing."


class _Broken(Exception):
    """The text is no CSV from this line on."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


def _split(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row that is not empty, with the line where it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error:
        raise _Broken(begins) from None
