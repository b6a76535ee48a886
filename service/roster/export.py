"""A roster as CSV: what the import reads, and nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Final

from validators.roster import COLUMNS, Assessor

#: What a spreadsheet takes for a formula (OWASP ASVS 5.0, 1.2.10), in any width.
_FORMULAS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r", "\0")


def write(lines: Iterable[Assessor], *, with_keys: bool) -> bytes:
    """Return the lines as a roster file; without keys they are masked, and such a file cannot be imported."""
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\r\n")
    table.writerow(COLUMNS)
    for line in lines:
        table.writerow([harmless(_cell(line, column, with_keys=with_keys)) for column in COLUMNS])
    return written.getvalue().encode()


def harmless(text: str) -> str:
    """Return the text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text


def _cell(line: Assessor, column: str, *, with_keys: bool) -> str:
    if column == "key":
        return line.key if with_keys else line.masked
    value: object = getattr(line, column)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset | tuple):
        return ";".join(sorted(value) if isinstance(value, frozenset) else value)
    return "" if value is None else str(value)
