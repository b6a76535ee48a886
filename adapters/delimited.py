"""Delimited text, one row an assessment, read with the agency's mapping.

A header row is required. Rows are counted as a spreadsheet shows them: the header is row 1. UTF-8 is tried first and
Windows-1252 after it, and a finding says so; the delimiter is the mapping's, or the one that the header has most of.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from adapters.draft import Draft
from adapters.faults import (
    DUPLICATE_NAME,
    MISSING_COLUMN,
    NO_ASSESSMENT,
    NOT_A_PAYLOAD,
    RAGGED_ROW,
    READ_AS_WINDOWS,
    UNKNOWN_CODE,
    UNREADABLE_VALUE,
    nth,
)
from adapters.mapping import AgencyMapping, ItemMapping
from canonical.assessment import Assessment, Reading, Source
from canonical.finding import Finding, Severity
from canonical.payload import Payload

FORMAT: Final = "delimited"
#: In the order in which they win where a header has as many of one as of another.
_DELIMITERS: Final = (",", "\t", ";", "|")
_QUOTED: Final = re.compile('"[^"]*"')


def delimiter_of(line: str) -> str | None:
    """Return the delimiter that a header line has most of, outside quotes; None where it has none."""
    bare = _QUOTED.sub("", line)
    best = max(_DELIMITERS, key=bare.count)
    return best if best in bare else None


class Delimited:
    """Reads delimited text."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return one assessment for each row."""
        whole = Source(file=payload.name, label="the whole file")
        if mapping is None:
            message = "The file is delimited text, which can be read only with the agency's mapping; there is none."
            return Reading(format=FORMAT, findings=(NOT_A_PAYLOAD.found(message, whole),))
        used = f"{mapping.name} {mapping.digest}"
        text, encoding = _decoded(payload.content, mapping.options.encoding)
        if text is None:
            message = (
                "The file is not text in the encoding of the mapping, nor in UTF-8 or Windows-1252 where it names none."
            )
            return Reading(format=FORMAT, mapping=used, findings=(NOT_A_PAYLOAD.found(message, whole),))
        reading = _Sheet(payload, mapping, text).reading(used)
        if encoding == "windows-1252" and mapping.options.encoding is None:
            stated = READ_AS_WINDOWS.found("The file is not UTF-8; it was read as Windows-1252.", whole)
            reading = replace(reading, findings=(*reading.findings, stated))
        return reading

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:  # noqa: ARG002 - no need to look
        """Return the sources as they are: they have known their lines and columns since they were read."""
        return {source: source for source in sources}


def _decoded(content: bytes, encoding: str | None) -> tuple[str | None, str]:
    """Return the text and the encoding that fitted; None where none did, or where it is no text."""
    if b"\0" in content:
        return None, ""
    for candidate in (encoding,) if encoding else ("utf-8", "windows-1252"):
        try:
            return content.decode(candidate).removeprefix("\ufeff"), candidate
        except UnicodeDecodeError:
            continue
    return None, ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One record, and where it stands."""

    #: From 1, as a spreadsheet counts.
    number: int
    #: The line where it begins, from 1.
    line: int
    cells: Sequence[str] = field(repr=False)
    #: Where each cell begins in that line, from 1; empty where the row has line breaks in it.
    starts: Sequence[int] = ()

    def source(self, file: str, column: int | None = None, name: str | None = None) -> Source:
        """Return the place of the row, or of one cell."""
        label = f"row {self.number}" if name is None else f"row {self.number}, column {name}"
        start = self.starts[column] if column is not None and column < len(self.starts) else None
        return Source(file=file, line=self.line, column=start, label=label)


class _Tape:
    """The lines of a text, remembering those that the record at hand took."""

    def __init__(self, text: str) -> None:
        self._lines = iter(io.StringIO(text, newline=""))
        self._taken: list[str] = []
        #: The line where the record at hand begins, from 1.
        self.line = 1

    def __iter__(self) -> Iterator[str]:
        for line in self._lines:
            self._taken.append(line)
            yield line

    def cut(self) -> list[str]:
        """Return the lines of the record that has just ended; the next begins behind them."""
        taken, self._taken = self._taken, []
        self.line += len(taken)
        return taken


class _Sheet:
    """One file on its way to a reading."""

    def __init__(self, payload: Payload, mapping: AgencyMapping, text: str) -> None:
        self._file = payload.name
        self._mapping = mapping
        self._agency = payload.agency or mapping.agency
        first = next((line for line in text.splitlines() if line.strip()), "")
        self._delimiter = mapping.options.delimiter or delimiter_of(first) or ","
        self._tape = _Tape(text)
        self._findings: list[Finding] = []

    def reading(self, used: str) -> Reading:
        """Return the reading of the whole file; one that cannot be cut into cells to its end is not read at all."""
        try:
            assessments = tuple(self._assessments())
        except csv.Error:
            message = "From here on the text cannot be cut into cells: a quote is not closed, or stands where none may."
            place = Source(file=self._file, line=self._tape.line, label=f"line {self._tape.line}")
            return Reading(format=FORMAT, mapping=used, findings=(NOT_A_PAYLOAD.found(message, place),))
        return Reading(format=FORMAT, mapping=used, assessments=assessments, findings=tuple(self._findings))

    def _assessments(self) -> Iterator[Assessment]:
        rows = self._rows()
        header = next(rows, None)
        if header is None:
            self._findings.append(
                NOT_A_PAYLOAD.found("The file is empty.", Source(file=self._file, label="the whole file"))
            )
            return
        names = [name.strip() for name in header.cells]
        if self._refuses(header, names):
            return
        plan = [(item, mapped, tuple(map(names.index, mapped.columns))) for item, mapped in self._mapping.items.items()]
        empty = True
        for row in rows:
            empty = False
            if len(row.cells) == len(names):
                yield self._assessment(row, plan)
            else:
                message = f"The row has {len(row.cells)} fields, and the header {len(names)}."
                self._findings.append(RAGGED_ROW.found(message, row.source(self._file)))
        if empty:
            message = "No row stands under the header."
            self._findings.append(NO_ASSESSMENT.found(message, header.source(self._file)))

    def _rows(self) -> Iterator[_Row]:
        """Yield the records that hold any text."""
        for number, cells in enumerate(csv.reader(self._tape, delimiter=self._delimiter, strict=True), start=1):
            line = self._tape.line
            lines = self._tape.cut()
            if any(map(str.strip, cells)):
                starts = _starts(lines[0], cells, self._delimiter) if len(lines) == 1 else ()
                yield _Row(number=number, line=line, cells=cells, starts=starts)

    def _refuses(self, header: _Row, names: Sequence[str]) -> bool:
        """Return whether the header cannot be read with the mapping, noting why."""
        fed = self._mapping.columns
        missing = {name: items for name, items in fed.items() if name not in names}
        if len(missing) == len(fed) and fed:
            message = "None of the columns that the mapping names is in the first row: this is not the file that it describes."
            self._findings.append(NOT_A_PAYLOAD.found(message, header.source(self._file)))
            return True
        for name, items in missing.items():
            message = f"The mapping reads the column “{name}”, and the header has none of that name."
            self._findings.append(MISSING_COLUMN.found(message, header.source(self._file), items=items))
        return self._repeats(header, names, fed) or bool(missing)

    def _repeats(self, header: _Row, names: Sequence[str], fed: dict[str, tuple[str, ...]]) -> bool:
        """Return whether a column that the mapping reads stands twice; any other is worth no more than a warning."""
        stopped = False
        seen: set[str] = set()
        for column, name in enumerate(names):
            if not name or name not in seen:
                seen.add(name)
                continue
            place = header.source(self._file, column, name if name in fed else f"the {nth(column + 1)}")
            finding = DUPLICATE_NAME.found(
                "A column of this name stands before it in the header.", place, items=fed.get(name, ())
            )
            self._findings.append(finding if name in fed else replace(finding, severity=Severity.WARNING))
            stopped = stopped or name in fed
        return stopped

    def _assessment(self, row: _Row, plan: Iterable[tuple[str, ItemMapping, tuple[int, ...]]]) -> Assessment:
        draft = Draft(row.source(self._file))
        for item, mapped, columns in plan:
            if columns:
                self._read_cells(row, item, mapped, columns, draft)
            else:
                place = replace(row.source(self._file), label=f"row {row.number}, constant of {self._mapping.name}")
                draft.answer(item, mapped.value, place)
        return draft.finish(self._agency)

    def _read_cells(self, row: _Row, item: str, mapped: ItemMapping, columns: tuple[int, ...], draft: Draft) -> None:
        """Read one item of a row."""
        empty = self._mapping.options.empty if mapped.empty is None else mapped.empty
        texts = [text for column in columns if (text := row.cells[column].strip()) and text.casefold() not in empty]
        text = mapped.join.join(texts).strip(mapped.strip or None)
        if not text:
            return
        source = row.source(self._file, columns[0], mapped.columns[0])
        if mapped.date is not None:
            self._read_date(item, mapped.date, text, source, draft)
        elif mapped.codes is not None:
            self._read_code(item, mapped.codes, text, source, draft)
        elif mapped.pad is not None and not (text.isascii() and text.isdigit()):
            draft.fault(UNREADABLE_VALUE, "The mapping expects digits here, and nothing else.", source, item=item)
        else:
            draft.answer(item, text.zfill(mapped.pad or 0), source)

    def _read_date(self, item: str, form: str, text: str, source: Source, draft: Draft) -> None:
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day of the calendar, in no zone
        except ValueError:
            message = f"The value is no date written as the mapping says: {form}."
            draft.fault(UNREADABLE_VALUE, message, source, item=item)
        else:
            draft.answer(item, day.isoformat(), source)

    def _read_code(self, item: str, table: str, text: str, source: Source, draft: Draft) -> None:
        code = self._mapping.codes[table].get(text.casefold())
        if code is None:
            message = f"The value is in no line of the mapping's code table “{table}”."
            draft.fault(UNKNOWN_CODE, message, source, item=item)
        else:
            draft.answer(item, code, source)


def _starts(line: str, cells: Sequence[str], delimiter: str) -> list[int]:
    """Return the column, from 1, in which each cell of a one-line row begins."""
    starts = [1]
    if '"' not in line:
        for cell in cells[:-1]:
            starts.append(starts[-1] + len(cell) + 1)
        return starts
    field_ = re.compile(rf'(?:"[^"]*(?:""[^"]*)*")?[^{re.escape(delimiter)}]*')
    for _ in cells[:-1]:
        found = field_.match(line, starts[-1] - 1)
        starts.append((found.end() if found else len(line)) + 2)
    return starts
