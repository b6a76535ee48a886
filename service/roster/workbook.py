"""Spreadsheets (.xlsx), read in a process of their own: what is packed into one can outgrow any memory."""

from __future__ import annotations

import io
import json
import re
import resource
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final

from validators.roster import RosterDefect

#: What a workbook begins with.
MAGIC: Final = b"PK\x03\x04"
#: Bytes that a workbook may unfold to, and that its reader may use.
_UNFOLDED: Final = 100_000_000
_MEMORY: Final = 1_000_000_000
#: Seconds.
_PATIENCE: Final = 30
#: A cell with a formula, or with an error in it; calamine tells only what was computed last.
_FORMULA: Final = re.compile(rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b')
_ERROR: Final = re.compile(rb'<(?:\w+:)?c\b(?=[^>]*\bt="e")[^>]*?\br="([A-Z]{1,3}\d{1,7})"')


def rows_of(content: bytes, name: str) -> list[list[str]]:
    """Return the rows of the one sheet of a workbook as text, dates as ISO days, blank rows kept.

    Raises:
        RosterDefect: it is no workbook, too large, or holds what a roster cannot; with the cell.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", __name__],  # without -P the folder that it is run in could hold modules
            input=content,
            capture_output=True,
            env={"PYTHONPATH": str(Path(__file__).parents[2])},
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        done = None
    if done is None or done.returncode:
        raise RosterDefect(f"{name} cannot be read as a workbook, or it is too large. Save it as CSV UTF-8.")
    told = json.loads(done.stdout)
    if "defect" in told:
        raise RosterDefect(f"{name} cannot be used as a roster; nothing was read. {told['defect']}")
    rows: list[list[str]] = told["rows"]
    return rows


def _read(content: bytes) -> dict[str, object]:
    """Return the rows, or the first defect; runs in the child."""
    from python_calamine import CalamineError, load_workbook  # noqa: PLC0415 - only the child needs it

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if defect := _packed_defect(archive):
                return {"defect": defect}
        workbook = load_workbook(io.BytesIO(content))
        if len(workbook.sheet_names) != 1:
            return {"defect": f"It has {len(workbook.sheet_names)} sheets; a roster is a workbook of one."}
        sheet = workbook.get_sheet_by_index(0)
        if merged := sheet.merged_cell_ranges:
            return {"defect": f"Cell {_named(*merged[0][0])} is merged with others; unmerge it."}
        return _texts(sheet.to_python(skip_empty_area=False))
    except (zipfile.BadZipFile, CalamineError):
        return {"defect": "It is no workbook, or a broken one. Save it as CSV UTF-8."}


def _packed_defect(archive: zipfile.ZipFile) -> str:
    """Return what is wrong with the parts of a workbook before anything unfolds them all; empty where nothing is."""
    if sum(member.file_size for member in archive.infolist()) > _UNFOLDED:
        return "It unfolds to more than a roster can need."
    for sheet in (name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")):
        xml = archive.read(sheet)
        if found := _FORMULA.search(xml):
            return f"Cell {found[1].decode()} holds a formula; paste its value."
        if found := _ERROR.search(xml):
            return f"Cell {found[1].decode()} holds an error; write what it should be."
    return ""


def _texts(cells: Sequence[Sequence[object]]) -> dict[str, object]:
    rows: list[list[str]] = []
    for number, row in enumerate(cells):
        rows.append([_text(cell) for cell in row])
        for column, text in enumerate(rows[-1]):
            if "\n" in text or "\r" in text:
                return {"defect": f"Cell {_named(number, column)} holds a line break."}
    return {"rows": rows}


def _text(cell: object) -> str:
    """Return a cell as a person reads it; a number that looks whole is whole: it may be a key."""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _named(row: int, column: int) -> str:
    return f"{''.join(_letters(column))}{row + 1}"


def _letters(column: int) -> Iterator[str]:
    """Yield the letters of a column, counted from 0."""
    if column >= 26:  # noqa: PLR2004 - the letters of the alphabet
        yield from _letters(column // 26 - 1)
    yield chr(ord("A") + column % 26)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_PATIENCE, _PATIENCE))
    sys.stdout.write(json.dumps(_read(sys.stdin.buffer.read())))
