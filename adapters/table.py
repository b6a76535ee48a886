"""Rows of cells in, records out: what delimited text and workbooks have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

from adapters.agency_mapping import AgencyMapping
from adapters.faults import (
    DUPLICATE_NAME,
    MISSING_COLUMN,
    NO_ASSESSMENT,
    NOT_A_PAYLOAD,
    RAGGED_ROW,
    UNREADABLE_VALUE,
    nth,
)
from adapters.parsed import Omitted, Parsed, Whole
from adapters.table_record import Columns, Group, RowRecord
from canonical.assessment import Source
from canonical.finding import Finding, Severity


class TableRow(Protocol):
    """One row that holds any text, and where it stands."""

    @property
    def number(self) -> int:
        """From 1, as a spreadsheet counts."""
        ...

    @property
    def cells(self) -> Sequence[str]:
        """The texts of its cells."""
        ...

    def source(self, column: int | None = None, place: str = "") -> Source:
        """Return the place of the row, or of one cell (from 0), which people call ``place``: ``column DOB``, ``field 32``."""
        ...

    def flaw(self, column: int) -> str:
        """Return why a blank cell (from 0) shows no value although something stands in it, in a sentence; empty for any other."""
        ...


_STRAY: Final = (
    "A row cannot be read or has no key, so nobody can tell which assessment lacks it: none of the file was read."
)
#: What is found where the columns are not those that a mapping names.
_OTHER_COLUMNS: Final = frozenset({NOT_A_PAYLOAD.rule, MISSING_COLUMN.rule})


class Expected(Counter[int]):
    """How many rows each key of a long table has, by its hash: a group is whole when it has them all."""

    #: Rows of which nobody can tell whose they are: any assessment of the table could lack one.
    strays = 0


class Table:
    """One table on its way to records. It is gone through once."""

    def __init__(
        self, rows: Iterable[TableRow], mapping: AgencyMapping, file: str, expected: Expected | None = None
    ) -> None:
        """Take the rows in their order.

        Args:
            rows: those that hold any text.
            mapping: what the columns are called, and how the rows lie.
            file: what sources call the file.
            expected: of a long table, what ``keys`` counted; without it every group is held until the end.
        """
        self._rows = iter(rows)
        self._mapping = mapping
        self._layout = mapping.layout
        self._file = file
        self._expected = expected

    def records(self) -> Iterator[Parsed]:
        """Yield the records, and what is wrong, in the order of the file."""
        return self._wide() if self._layout.long is None else self._long()

    def is_described(self) -> bool:
        """Return whether the table begins as the mapping says: its names, or without a header the form of its first row."""
        first = next(self.records(), None)
        if isinstance(first, Finding):
            return first.rule not in _OTHER_COLUMNS
        return self._layout.header or isinstance(first, RowRecord | Group)

    def keys(self) -> Expected:
        """Count the rows of each key of a long table, instead of reading it."""
        expected = Expected()
        for row in self._wide():
            if isinstance(row, RowRecord) and row.key is not None:
                expected[hash(row.key)] += 1
            elif isinstance(row, RowRecord | Omitted):
                expected.strays += 1
        return expected

    def _long(self) -> Iterator[Parsed]:
        """Yield each group once it is whole, however its rows are scattered; none where a row is nobody knows whose."""
        if self._expected is not None and self._expected.strays:
            yield NOT_A_PAYLOAD.found(_STRAY, Source(file=self._file, label="the whole file"))
            yield from (Whole(fields=row.all()) if isinstance(row, RowRecord) else row for row in self._keyed())
            return
        groups: dict[tuple[str, ...], Group] = {}
        for row in self._keyed():
            if not isinstance(row, RowRecord):
                yield row
            elif row.key is not None:
                group = groups.setdefault(row.key, Group(row.columns))
                group.add(row)
                if self._expected is not None and len(group) >= self._expected[hash(row.key)]:
                    yield groups.pop(row.key)
        yield from groups.values()

    def _keyed(self) -> Iterator[Parsed]:
        """Yield the rows of a long table that have a key; of any other, what is wrong with it."""
        for row in self._wide():
            if isinstance(row, RowRecord) and row.key is None:
                message = "A column of the key is blank: nobody can tell which assessment the row belongs to."
                yield Omitted(finding=UNREADABLE_VALUE.found(message, row.origin), fields=sum(1 for _ in row.all()))
            else:
                yield row

    def _wide(self) -> Iterator[Parsed]:
        """Yield one record for each row."""
        first = next((row for row in self._rows if row.number >= self._layout.header_row), None)
        if first is None:
            yield NOT_A_PAYLOAD.found("The file is empty.", Source(file=self._file, label="the whole file"))
            return
        names = [name.strip() for name in first.cells] if self._layout.header else None
        width = self._layout.width or len(first.cells)
        if names is None:
            refusals = self._of_width(first, width)
            stopped = bool(refusals)
        else:
            refusals, stopped = self._of_header(first, names)
        yield from refusals
        if stopped:
            return
        columns = Columns(self._mapping, names, width)
        empty = True
        for row in self._rows if names else _with(first, self._rows):
            empty = False
            if fault := self._fault(row, width):
                held = sum(1 for cell in row.cells if cell.strip())
                yield Omitted(finding=RAGGED_ROW.found(fault, row.source()), fields=held)
            else:
                yield RowRecord(row, columns)
        if empty:
            yield NO_ASSESSMENT.found("No row stands under the header.", first.source())

    def _fault(self, row: TableRow, width: int) -> str:
        """Return why a row cannot be read, or nothing."""
        found, trailer = len(row.cells), self._layout.trailer
        if found > width or (found < width and not self._layout.pads):
            other = f"the header {width}" if self._layout.header else f"the first row or the mapping says {width}"
            return f"The row has {found} fields, and {other}."
        if trailer is not None and row.cells[-1].strip() != trailer:
            return "The last field of the row is not the mark that the mapping names for its end: the row is cut off."
        return ""

    def _of_width(self, first: TableRow, width: int) -> list[Finding]:
        """Return a finding for each field that the mapping reads and no row has."""
        beyond = {place: items for place, items in self._read().items() if int(place) > width}
        message = "The mapping reads the {} field, and a row has {}."
        return [
            MISSING_COLUMN.found(message.format(nth(int(place)), width), first.source(), items=items)
            for place, items in beyond.items()
        ]

    def _of_header(self, header: TableRow, names: Sequence[str]) -> tuple[list[Finding], bool]:
        """Return what is wrong with a header, and whether no row can be read under it."""
        fed = self._read()
        missing = {name: items for name, items in fed.items() if name not in names}
        if len(missing) == len(fed) and fed:
            message = "None of the columns that the mapping names is in the first row: this is not the file that it describes."
            return [NOT_A_PAYLOAD.found(message, header.source())], True
        found = []
        for name, items in missing.items():
            message = f"The mapping reads the column “{name}”, and the header has none of that name."
            found.append(MISSING_COLUMN.found(message, header.source(), items=items))
        stopped = bool(missing)
        seen: set[str] = set()
        for column, name in enumerate(names):
            if name and name in seen:
                finding, stops = _repeated(header, column, name, fed)
                found.append(finding)
                stopped = stopped or stops
            seen.add(name)
        return found, stopped

    def _read(self) -> dict[str, tuple[str, ...]]:
        """Return the columns without which the table cannot be read, and the items that each feeds."""
        long = self._layout.long
        keys: dict[str, tuple[str, ...]] = dict.fromkeys(long.columns if long else (), ())
        return {**keys, **self._mapping.columns}


def _repeated(header: TableRow, column: int, name: str, fed: dict[str, tuple[str, ...]]) -> tuple[Finding, bool]:
    """Return the finding for a name that stands twice; it stops the reading only where the mapping reads the column."""
    place = header.source(column, f"column {name}" if name in fed else f"column the {nth(column + 1)}")
    finding = DUPLICATE_NAME.found(
        "A column of this name stands before it in the header.", place, items=fed.get(name, ())
    )
    return (finding, True) if name in fed else (replace(finding, severity=Severity.WARNING), False)


def _with(first: TableRow, rest: Iterator[TableRow]) -> Iterator[TableRow]:
    yield first
    yield from rest
