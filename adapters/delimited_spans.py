"""The bytes of cells in delimited text, quotes included, in whatever encoding and dialect the file is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from adapters.agency_mapping import AgencyMapping
from adapters.delimited_rows import QUOTING, Tape
from adapters.dialect import Encoding, dialect_of, encodings, opened
from adapters.table_record import Columns
from adapters.written import Written
from canonical.assessment import Source
from canonical.payload import Payload

_NO_QUOTES: Final = "none"


def spans(payload: Payload, mapping: AgencyMapping, sources: Iterable[Source]) -> dict[Source, Written]:
    """Return the bytes of the cell of each source, for those that are cells of rows that can be cut without doubt."""
    wanted = {source.label: source for source in sources}
    for encoding in encodings(payload.content, mapping.text.encoding) if wanted else ():
        try:
            return dict(_Cells(payload.content, mapping, encoding).find(wanted))
        except UnicodeError:
            continue
        except csv.Error:
            return {}
    return {}


class _Cells:
    """One file in one encoding."""

    def __init__(self, content: bytes, mapping: AgencyMapping, encoding: Encoding) -> None:
        self._content = content
        self._mapping = mapping
        self._encoding = encoding
        self._quoting = mapping.text.quoting
        self._delimiter = dialect_of(content, encoding, mapping.text, mapping.layout.header_row).delimiter

    def find(self, wanted: dict[str, Source]) -> Iterator[tuple[Source, Written]]:
        """Yield the cells with these labels.

        Raises:
            UnicodeError: the file is not text of this encoding.
            csv.Error: it cannot be cut into cells to its end.
        """
        tape = Tape(opened(self._content, self._encoding))
        begin = len(self._encoding.mark)
        columns: Columns | None = None
        layout = self._mapping.layout
        for number, cells in enumerate(self._reader(tape), start=1):
            text = "".join(tape.cut())
            if columns is None and number >= layout.header_row and any(map(str.strip, cells)):
                names = [name.strip() for name in cells] if layout.header else None
                columns = Columns(self._mapping, names, layout.width or len(cells))
            for column, place in enumerate(columns.places[: len(cells)] if columns else ()):
                source = wanted.get(f"row {number}, {place}")
                found = self._cell(text, cells, column, begin) if source else None
                if source is not None and found is not None:
                    yield source, found
            begin += len(text.encode(self._encoding.name))

    def _reader(self, lines: Iterable[str]) -> Iterator[list[str]]:
        return csv.reader(lines, delimiter=self._delimiter, strict=True, **QUOTING[self._quoting])

    def _cell(self, row: str, cells: Sequence[str], column: int, begin: int) -> Written | None:
        """Return one cell; None where our own cut of the row is not that of the reader."""
        edges = list(_edges(row.rstrip("\r\n"), self._delimiter, self._quoting))
        if len(edges) != len(cells):
            return None
        start, end = edges[column]
        raw = row[start:end]
        if self._read(raw) != cells[column]:
            return None
        name = self._encoding.name
        first = begin + len(row[:start].encode(name))
        return Written(
            start=first,
            end=first + len(raw.encode(name)),
            text=cells[column],
            encoding=name,
            form=self._form(quoted=raw[:1] == QUOTING[self._quoting].get("quotechar", "\n")),
        )

    def _form(self, *, quoted: bool) -> Callable[[str], str | None]:
        """Return how a text is written into a cell: in quotes where they were, or where it needs them."""

        def written(text: str) -> str | None:
            plain = text if not quoted and self._read(text) == text else self._in_quotes(text)
            return plain if plain is not None and self._read(plain) == text else None

        return written

    def _in_quotes(self, text: str) -> str | None:
        if self._quoting == _NO_QUOTES:
            return None
        quote = QUOTING[self._quoting]["quotechar"]
        if self._quoting == "backslash":
            return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{quote}{text.replace(quote, quote * 2)}{quote}"

    def _read(self, raw: str) -> str | None:
        """Return what a reader finds in one cell as it is written; None where it finds anything else than one cell."""
        try:
            rows = list(self._reader(io.StringIO(raw, newline="")))
        except csv.Error:
            return None
        if not raw:
            return ""
        return rows[0][0] if len(rows) == 1 and len(rows[0]) == 1 else None


def _edges(row: str, delimiter: str, quoting: str) -> Iterator[tuple[int, int]]:
    """Yield where each cell of a row begins and ends."""
    at = 0
    while True:
        found = _cell_pattern(delimiter, quoting).match(row, at)
        assert found is not None, "it may match nothing, and then it matches"
        yield at, found.end()
        if found.end() >= len(row) or row[found.end()] != delimiter:
            return
        at = found.end() + 1


@lru_cache(maxsize=64)
def _cell_pattern(delimiter: str, quoting: str) -> re.Pattern[str]:
    other = f"[^{re.escape(delimiter)}]*+"
    if quoting == _NO_QUOTES:
        return re.compile(other)
    if quoting == "backslash":
        return re.compile(rf'"(?:[^"\\]|\\.)*+"|(?:[^\\{re.escape(delimiter)}]|\\.)*+', re.DOTALL)
    quote = QUOTING[quoting]["quotechar"]
    return re.compile(f"(?:{quote}(?:[^{quote}]|{quote}{quote})*+{quote})?{other}")
