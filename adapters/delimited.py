"""Delimited text, read with the agency's mapping: one row an assessment, or one row an item; with a header or without.

Rows are counted as a spreadsheet shows them: the header is row 1. A byte order mark names the encoding; without one it is the
mapping's, or UTF-8, or else Windows-1252, and then a finding says so. The delimiter is the mapping's, or the one that the
header has most of. A file that cannot be cut into cells to its end is not read at all: it is gone through twice, so that
this is known before the first row is read, and no more than a row of it is in memory.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from adapters.delimited_rows import Rows
from adapters.dialect import Dialect, Encoding, delimiter_of, dialect_of, encodings, opened
from adapters.faults import NOT_A_PAYLOAD, READ_AS_WINDOWS
from adapters.mapped import MappedReader
from adapters.mapping import AgencyMapping
from adapters.stream import Stream
from adapters.table import Expected, Table
from canonical.assessment import Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload

__all__ = ["FORMAT", "Delimited", "delimiter_of"]

FORMAT: Final = "delimited"
#: Blank ones count: each costs something, whether anything stands in it or not.
MAX_LINES: Final = 2_000_000


class Delimited:
    """Reads delimited text."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return all assessments at once."""
        return self.stream(payload, mapping).gathered()

    def stream(self, payload: Payload, mapping: AgencyMapping | None) -> Stream:
        """Return the assessments one by one."""
        whole = Source(file=payload.name, label="the whole file")
        if mapping is None:
            message = "The file is delimited text, which can be read only with a mapping of the agency; none describes it and was in force on its day."
            return Stream(Reading(format=FORMAT, findings=(NOT_A_PAYLOAD.found(message, whole),)))
        begun = Reading(format=FORMAT, mapping=mapping.identity)
        if max(map(payload.content.count, (b"\n", b"\r"))) > MAX_LINES:
            message = f"The file has more than {MAX_LINES:,} lines: send its assessments in several."
            return Stream(replace(begun, findings=(NOT_A_PAYLOAD.found(message, whole),)))
        for encoding in encodings(payload.content, mapping.text.encoding):
            try:
                return _Text(payload, mapping, encoding).stream(begun)
            except UnicodeError:
                continue
        message = (
            "The file is not text in the encoding of the mapping, nor in UTF-8 or Windows-1252 where it names none."
        )
        return Stream(replace(begun, findings=(NOT_A_PAYLOAD.found(message, whole),)))

    def describes(self, mapping: AgencyMapping, payload: Payload) -> bool:
        """Return whether the file has the columns that a mapping names; without a header, whether its first row has its form."""
        for encoding in encodings(payload.content, mapping.text.encoding):
            with suppress(UnicodeError):
                return _Text(payload, mapping, encoding).is_described()
        return False

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:  # noqa: ARG002 - no need to look
        """Return the sources as they are: they have known their lines and columns since they were read."""
        return {source: source for source in sources}


class _Text:
    """One file in one encoding."""

    def __init__(self, payload: Payload, mapping: AgencyMapping, encoding: Encoding) -> None:
        """Find the dialect out.

        Raises:
            UnicodeError: the file does not begin as text of this encoding.
        """
        self._payload = payload
        self._mapping = mapping
        self._dialect = dialect_of(payload.content, encoding, mapping.text, mapping.layout.header_row)

    def stream(self, begun: Reading) -> Stream:
        """Return the assessments, or what keeps the file from being read.

        Raises:
            UnicodeError: the file is not text of this encoding to its end.
        """
        begun = replace(begun, dialect=self._dialect.told)
        rows = self._rows()
        try:
            expected = self._checked(rows)
        except csv.Error:
            message = "From here on the text cannot be cut into cells: a quote is not closed, or stands where none may."
            place = Source(file=self._payload.name, line=rows.tape.line, label=f"line {rows.tape.line}")
            return Stream(replace(begun, findings=(NOT_A_PAYLOAD.found(message, place),)))
        begun = replace(begun, findings=_stated(self._dialect, self._payload.name))
        table = Table(self._rows(), self._mapping, self._payload.name, expected)
        return Stream(begun, table.records(), MappedReader(self._mapping, self._payload.agency))

    def is_described(self) -> bool:
        """Return whether the first rows are those that the mapping expects."""
        try:
            return Table(self._rows(), self._mapping, self._payload.name).is_described()
        except csv.Error:
            return self._mapping.layout.header  # the header was read; what is wrong below it is for the reading to tell

    def _checked(self, rows: Rows) -> Expected | None:
        """Go through the whole file, and count the rows of each key where its rows are to be put together."""
        if self._mapping.layout.long is None:
            rows.check()
            return None
        expected = Table(rows, self._mapping, self._payload.name).keys()
        rows.check()
        return expected

    def _rows(self) -> Rows:
        lines = opened(self._payload.content, self._dialect.encoding)
        return Rows(lines, self._payload.name, self._dialect.delimiter, self._mapping.text.quoting)


def _stated(dialect: Dialect, file: str) -> tuple[Finding, ...]:
    """Return the advice that belongs to an encoding which nothing names."""
    if not dialect.encoding.guessed:
        return ()
    name = "Windows-1252" if dialect.encoding.name == "windows-1252" else "UTF-16"
    whole = Source(file=file, label="the whole file")
    return (READ_AS_WINDOWS.found(f"The file is not UTF-8; it was read as {name}.", whole),)
