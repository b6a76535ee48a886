"""The rows of a sheet as a table reads them: a header that may take several rows, and below it rows of one width.

A cell merged over many columns stands above each of them, and the names of a column are joined from top to bottom:
``Risk / Suicide``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapters.remark import Oddity, Remark
from adapters.workbook import Row, Sheet
from canonical.assessment import Source

#: What stands between the names of a column that has several.
JOINT: Final = " / "
_SENTENCES: Final = {
    Oddity.ERROR_CELL: "The cell shows an error instead of a value.",
    Oddity.NO_CACHED_VALUE: "The cell holds a formula that was never computed: open the workbook in Excel and save it.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One row, as wide as its sheet; it fits ``adapters.table.TableRow``."""

    #: From 1, as Excel shows it.
    number: int
    #: The text of each cell; empty where it holds nothing.
    cells: Sequence[str] = field(repr=False)
    sheet: Sheet = field(repr=False)

    def source(self, column: int | None = None, place: str = "") -> Source:  # noqa: ARG002 - a cell has a name of its own
        """Return the place of the row, or of one cell (from 0): ``Sheet1!C14``."""
        if column is None:
            return self.sheet.row_place(self.number)
        return self.sheet.place(self.number, column + 1)

    def flaw(self, column: int) -> str:
        """Return why a cell (from 0) shows no value although something stands in it; empty where nothing does."""
        what = self.sheet.valueless.get(self.number, {}).get(column + 1)
        return _SENTENCES[what] if what else ""

    @property
    def hidden(self) -> bool:
        """Whether Excel does not show the row."""
        return self.number in self.sheet.hidden_rows

    def remarks(self) -> Iterator[Remark]:
        """Yield the cells of the row that show no value although something stands in them."""
        for column, what in sorted(self.sheet.valueless.get(self.number, {}).items()):
            yield Remark(what=what, sentence=_SENTENCES[what], source=self.sheet.place(self.number, column))


def sheet_rows(sheet: Sheet, *, first: int = 1, header: int = 1) -> Iterator[SheetRow]:
    """Yield the header as one row, then the rows below it that hold anything.

    Args:
        sheet: the sheet.
        first: where the header begins, from 1; blank rows before it are passed over.
        header: how many rows it takes; 0 where there is none.
    """
    width = max((len(row.texts) for row in sheet.rows), default=0)
    rows = iter([row for row in sheet.rows if row.number >= first])
    head = next(rows, None) if header else None
    if head is not None:
        last = head.number + header - 1
        yield SheetRow(number=last, cells=_names(sheet, head.number, last, width), sheet=sheet)
    else:
        last = first - 1
    for row in rows:
        valueless = row.number in sheet.valueless
        if row.number > last and (valueless or any(map(str.strip, row.texts))):
            yield SheetRow(number=row.number, cells=_padded(row, width), sheet=sheet)


def _padded(row: Row, width: int) -> Sequence[str]:
    return [*row.texts, *[""] * (width - len(row.texts))]


def _names(sheet: Sheet, first: int, last: int, width: int) -> list[str]:
    """Return the name of each column; empty where none stands above it."""
    cells = {
        (row.number, column): text.strip()
        for row in sheet.rows
        if first <= row.number <= last
        for column, text in enumerate(row.texts, start=1)
    }
    for top, left, bottom, right in sheet.merged:
        text = cells.get((top, left), "") if first <= top <= last else ""
        for row in range(top, min(bottom, last) + 1) if text else ():
            cells.update({(row, column): text for column in range(left, min(right, width) + 1)})
    names = []
    for column in range(1, width + 1):
        stacked = [text for row in range(first, last + 1) if (text := cells.get((row, column), ""))]
        # A cell merged downward stands in each of its rows; its name is told once.
        names.append(JOINT.join(text for at, text in enumerate(stacked) if at == 0 or text != stacked[at - 1]))
    return names
