"""Delimited text cut into rows, each with its lines and the columns where its cells begin."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from canonical.assessment import Source

#: What the reader of the standard library is told about quotes, by the mapping's word.
QUOTING: Final[dict[str, dict[str, Any]]] = {
    "double": {"quotechar": '"', "doublequote": True},
    "single": {"quotechar": "'", "doublequote": True},
    "backslash": {"quotechar": '"', "doublequote": False, "escapechar": "\\"},
    "none": {"quoting": csv.QUOTE_NONE},
}


class Tape:
    """The lines of a text, remembering those that the record at hand took."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Begin before the first line."""
        self._lines = iter(lines)
        self._taken: list[str] = []
        #: The line where the record at hand begins, from 1.
        self.line = 1

    def __iter__(self) -> Iterator[str]:
        """Yield the lines as they are, line ends included.

        Raises:
            UnicodeError: one holds the character NUL, which no text does.
        """
        for line in self._lines:
            if "\0" in line:
                raise UnicodeError
            self._taken.append(line)
            yield line

    def cut(self) -> list[str]:
        """Return the lines of the record that has just ended; the next begins behind them."""
        taken, self._taken = self._taken, []
        self.line += len(taken)
        return taken


class DelimitedRow:
    """One row, and where it stands."""

    __slots__ = ("_file", "_rows", "_starts", "_text", "cells", "line", "number")

    def __init__(self, rows: Rows, number: int, line: int, lines: Sequence[str], cells: Sequence[str]) -> None:
        """Take the cells, and the lines that they were cut from."""
        self._rows = rows
        self._text = lines[0] if len(lines) == 1 else None
        self._starts: Sequence[int] | None = None
        #: From 1, as a spreadsheet counts.
        self.number = number
        #: The line where it begins, from 1.
        self.line = line
        self.cells = cells

    def source(self, column: int | None = None, place: str = "") -> Source:
        """Return the place of the row, or of one cell."""
        label = f"row {self.number}, {place}" if place else f"row {self.number}"
        return Source(file=self._rows.file, line=self.line, column=self._start(column), label=label)

    def flaw(self, column: int) -> str:  # noqa: ARG002 - a blank cell of a text is blank
        """Return nothing: what a cell of a text holds is all there is."""
        return ""

    def _start(self, column: int | None) -> int | None:
        """Return the column, from 1, in which a cell begins; None where the row has line breaks in it."""
        if column is None or self._text is None:
            return None
        if self._starts is None:
            self._starts = self._rows.starts(self._text, self.cells)
        return self._starts[column] if column < len(self._starts) else None


class Rows:
    """The rows of one text that hold anything."""

    def __init__(self, lines: Iterable[str], file: str, delimiter: str, quoting: str) -> None:
        """Take the lines, and how they are to be cut."""
        self.file = file
        self.tape = Tape(lines)
        self._delimiter = delimiter
        self._quoting = quoting
        quote = QUOTING[quoting].get("quotechar", '"')
        #: A cell in quotes, and what stands between it and the next.
        self._quoted = re.compile(
            rf"{quote}[^{quote}]*+(?:{quote}{quote}[^{quote}]*+)*+{quote}[^{re.escape(delimiter)}]*+"
        )

    def __iter__(self) -> Iterator[DelimitedRow]:
        """Yield the rows.

        Raises:
            csv.Error: from here on the text cannot be cut into cells.
        """
        for number, cells in enumerate(self._cut(), start=1):
            line = self.tape.line
            lines = self.tape.cut()
            if any(map(str.strip, cells)):
                yield DelimitedRow(self, number, line, lines, cells)

    def check(self) -> None:
        """Go through the whole text.

        Raises:
            csv.Error: it cannot be cut into cells to its end.
            UnicodeDecodeError: it is not text to its end.
        """
        for _ in self._cut():
            self.tape.cut()

    def starts(self, line: str, cells: Sequence[str]) -> Sequence[int]:
        """Return the column, from 1, in which each cell of a one-line row begins."""
        quote = QUOTING[self._quoting].get("quotechar")
        starts = [1]
        if quote is None or quote not in line:
            if self._quoting == "backslash" and "\\" in line:
                return ()
            for cell in cells[:-1]:
                starts.append(starts[-1] + len(cell) + 1)
            return starts
        if self._quoting == "backslash":
            return ()
        at = 0
        for cell in cells[:-1]:
            if line[at : at + 1] != quote:
                at += len(cell) + 1
            else:
                found = self._quoted.match(line, at)
                at = (found.end() if found else len(line)) + 1
            starts.append(at + 1)
        return starts

    def _cut(self) -> Iterator[list[str]]:
        return csv.reader(self.tape, delimiter=self._delimiter, strict=True, **QUOTING[self._quoting])
