"""A roster file, CSV or workbook, read whole or not at all."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError
from service.roster import workbook
from service.roster.export import harmless
from validators.roster import Roster, RosterDefect

#: Bytes of a file at most: ten times the roster of the largest agency that we can think of.
MOST_BYTES: Final = 10_000_000
#: What older spreadsheets begin with.
_OLD_WORKBOOK: Final = b"\xd0\xcf\x11\xe0"
#: What a masked key begins with: an export without keys must not replace the keys.
_MASK: Final = "•"


def read(path: Path, name: str) -> tuple[Roster, bytes]:
    """Return the roster of a file, and the file's bytes.

    Raises:
        ConfigurationError: it cannot be read or is too large.
        RosterDefect: it is no roster; with the cell.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.") from None
    return read_content(content, name), content


def read_content(content: bytes, name: str) -> Roster:
    """Return the roster that these bytes are.

    Raises:
        RosterDefect: they are none; with the cell.
    """
    if len(content) > MOST_BYTES:
        raise RosterDefect(f"{name} is larger than {MOST_BYTES // 1_000_000} MB; that is no roster. Nothing was read.")
    if content.startswith(_OLD_WORKBOOK):
        raise RosterDefect(f"{name} is an old or a locked workbook; save it as .xlsx or as CSV UTF-8.")
    if content.startswith(workbook.MAGIC):
        content = _as_csv(workbook.rows_of(content, name))
    if not content.strip():
        raise RosterDefect(f"{name} is empty.")
    _refuse_cells(content, name)
    roster = Roster.from_csv(content, name)
    if not roster.assessors:
        raise RosterDefect(f"{name} holds a header and nobody.")
    return roster


def _as_csv(rows: list[list[str]]) -> bytes:
    """Return rows as CSV with the numbers that they have in the sheet; trailing empty cells were never there."""
    width = next((len(row) for row in rows if any(row)), 0)
    while width and not any(row[width - 1] for row in rows if len(row) >= width):
        width -= 1
    written = io.StringIO()
    csv.writer(written).writerows(row[:width] for row in rows)
    return written.getvalue().encode()


def _refuse_cells(content: bytes, name: str) -> None:
    """Refuse cells that a spreadsheet would run, that nobody can see, or that hide a key."""
    try:
        reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        for row in reader:
            for column, cell in enumerate(row, start=1):
                if fault := _fault(cell):
                    raise RosterDefect(f"{name}, row {reader.line_num}, column {column}: {fault} Nothing was read.")
    except (UnicodeDecodeError, csv.Error):
        return  # the reader of rosters says it better


def _fault(cell: str) -> str:
    if harmless(cell) != cell:
        return "The cell begins like a formula."
    if cell.startswith(_MASK):
        return "The key is masked: this is an export without keys."
    if not cell.isprintable() and any(ord(sign) < 32 or 127 <= ord(sign) < 160 for sign in cell):  # noqa: PLR2004
        return "The cell holds a control character."
    return ""
