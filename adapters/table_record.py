"""Records of a table: one row, or the rows of one key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from adapters.agency_mapping import AgencyMapping, question_path
from adapters.faults import nth
from adapters.record import Field
from canonical.assessment import Source

if TYPE_CHECKING:
    from adapters.table import TableRow


class Columns:
    """What the columns of one table are called."""

    def __init__(self, mapping: AgencyMapping, names: Sequence[str] | None, width: int) -> None:
        """Take the header's names; None where it has none and places are numbers."""
        self.layout = mapping.layout
        found = [str(number) for number in range(1, width + 1)] if names is None else names
        declared = {*mapping.columns, *mapping.ignored, *(self.layout.long.columns if self.layout.long else ())}
        #: The column of each place that the mapping names.
        self.of: Mapping[str, int] = {
            name: column for column, name in reversed([*enumerate(found)]) if name in declared
        }
        long = self.layout.long
        #: The columns that tell which assessment a row belongs to, and which item it answers.
        self.deciding = frozenset(self.of[name] for name in (*long.key, long.item)) if long else frozenset[int]()
        #: How people call each column; a name that nothing declares is not repeated.
        self.places: Sequence[str] = [
            f"field {name}"
            if names is None
            else f"column {name if self.of.get(name) == column else f'the {nth(column + 1)}'}"
            for column, name in enumerate(found)
        ]


class RowRecord:
    """One row."""

    __slots__ = ("_cells", "_fields", "_row", "_trailer", "columns")

    def __init__(self, row: TableRow, columns: Columns) -> None:
        """Take a row as wide as the table; shorter where the mapping lets it end early."""
        self.columns = columns
        self._row = row
        self._cells = row.cells
        #: Where the mark of the row's end stands; it is no answer, whatever place it has in a short row.
        self._trailer = len(row.cells) - 1 if columns.layout.trailer is not None else None
        self._fields: dict[int, tuple[Field, ...]] = {}

    @property
    def origin(self) -> Source:
        """The place of the row."""
        return self._row.source()

    @property
    def number(self) -> int:
        """The row's number, from 1."""
        return self._row.number

    @property
    def key(self) -> tuple[str, ...] | None:
        """Which assessment the row belongs to, in a table of one row an item; None where a part of it is blank."""
        long = self.columns.layout.long
        found = [self.fields(column) for column in long.key] if long else []
        texts = tuple(field.text.strip() for one in found for field in one)
        return texts if found and len(texts) == len(found) and all(texts) else None

    def fields(self, path: str) -> Sequence[Field]:
        """Return the cell of a column, if it holds anything; always the same one."""
        column = self.columns.of.get(path)
        if column is None or column == self._trailer or column >= len(self._cells):
            return ()
        found = self._fields.get(column)
        if found is None:
            text = self._cells[column]
            found = self._made(column, text) if text and not text.isspace() else self._lost(column)
            self._fields[column] = found
        return found

    def all(self) -> Iterator[Field]:
        """Yield every cell that holds anything."""
        for column, text in enumerate(self._cells):
            if text and not text.isspace():
                yield from self._fields.get(column) or self._made(column, text)

    def _lost(self, column: int) -> tuple[Field, ...]:
        """Return a blank cell that is not blank to its sender; it answers nothing, and no default stands in for it."""
        flaw = self._row.flaw(column)
        place = self.columns.places[column]
        return (Field(text="", source=self._row.source(column, place), name=place, void=flaw),) if flaw else ()

    def _made(self, column: int, text: str) -> tuple[Field]:
        place = self.columns.places[column]
        source = self._row.source(column, place)
        decides = column == self._trailer or column in self.columns.deciding
        return (Field(text=text, source=source, name=place, decides=decides),)


class Group:
    """The rows of one key, each with the answer to one question."""

    __slots__ = ("_answers", "_columns", "_rows")

    def __init__(self, columns: Columns) -> None:
        """Begin without rows."""
        self._columns = columns
        self._rows: list[RowRecord] = []
        self._answers: dict[str, list[Field]] = {}

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def add(self, row: RowRecord) -> None:
        """Take a row of the key."""
        self._rows.append(row)
        if long := self._columns.layout.long:
            for question in row.fields(long.item):
                self._answers.setdefault(question_path(question.text), []).extend(row.fields(long.value))

    @property
    def origin(self) -> Source:
        """The place of the first row, called after all of them."""
        first, last = self._rows[0], self._rows[-1]
        origin = first.origin
        return origin if first is last else replace(origin, label=f"rows {first.number} to {last.number}")

    def fields(self, path: str) -> Sequence[Field]:
        """Return the answers to a question, or the cells of a column in every row."""
        if path in self._columns.of:
            return [field for row in self._rows for field in row.fields(path)]
        return self._answers.get(path, ())

    def all(self) -> Iterator[Field]:
        """Yield every cell that holds anything, row by row."""
        for row in self._rows:
            yield from row.all()
