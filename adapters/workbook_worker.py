"""The process in which a workbook is unfolded: its memory and time are limited, and what it tells is plain JSON.

It is started by ``workbook.py``; nothing else imports it. The library never runs a formula; only what was computed last is told.
"""

from __future__ import annotations

import io
import json
import resource
import struct
import sys
import zipfile
import zlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from adapters import zip_limits
from adapters.workbook_parts import MAX_CELLS, Facts, SheetFacts, Unreadable, facts
from canonical.refusal import Refusal

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

ZIP: Final = b"PK\x03\x04"
#: Bytes, and seconds.
_MEMORY: Final = 1_000_000_000
#: What a workbook of before 2007 may take beside the interpreter: it is not packed, so it grows with its size. A turned byte
#: in one of 5 KB made the library ask for a gigabyte.
_OLD_AT_LEAST: Final = 84_000_000
_OLD_BY_SIZE: Final = 40
_SECONDS: Final = 30
_HALF_SECOND: Final = timedelta(microseconds=500_000)
#: Digits that Excel keeps of a number.
_DIGITS: Final = ".15g"
_WHOLE: Final = 10**15

#: What the standard library raises at archives that are none.
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)

_Value = int | float | str | bool | time | date | datetime | timedelta


def told(content: bytes) -> dict[str, object]:
    """Return what a workbook holds, or why it is refused."""
    try:
        return _told(content)
    except Unreadable as unreadable:
        return {"refusal": unreadable.refusal.reason}
    except _BROKEN:
        # The archive is broken, or says what none says; the library's words may quote its names.
        return {"refusal": "The archive of the workbook is broken."}


def _told(content: bytes) -> dict[str, object]:
    from python_calamine import CalamineError, PasswordError, load_workbook  # noqa: PLC0415 - after the archive is known

    known = Facts(date1904=False, sheets={})
    packed = content.startswith(ZIP)
    if packed:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if flaw := zip_limits.flaw(archive):
                raise Unreadable(Refusal(reason=flaw))
            known = facts(archive)
    try:
        book = load_workbook(io.BytesIO(content))
        sheets = [_sheet(book, name, known.sheets.get(name, SheetFacts())) for name in book.sheet_names]
    except PasswordError:
        raise Unreadable(Refusal(reason="The workbook is locked with a password.")) from None
    except (CalamineError, ValueError):
        raise Unreadable(Refusal(reason="The file is no workbook of Excel, or a broken one.")) from None
    return {"date1904": known.date1904, "complete": packed, "sheets": sheets}


def _sheet(book: CalamineWorkbook, name: str, known: SheetFacts) -> dict[str, object]:
    from python_calamine import SheetTypeEnum, SheetVisibleEnum  # noqa: PLC0415 - as above

    meta = next(one for one in book.sheets_metadata if one.name == name)
    rows: list[tuple[int, list[str], str]] = []
    merged: list[tuple[int, int, int, int]] = []
    if meta.typ == SheetTypeEnum.WorkSheet:
        sheet = book.get_sheet_by_name(name)
        if sheet.total_height * sheet.total_width > MAX_CELLS:
            raise Unreadable(Refusal(reason=f"A sheet reaches over more than {MAX_CELLS:,} cells."))
        rows = _rows(sheet)
        merged = [(a[0] + 1, a[1] + 1, b[0] + 1, b[1] + 1) for a, b in sheet.merged_cell_ranges or ()]
    return {
        "name": name,
        "hidden": meta.visible != SheetVisibleEnum.Visible,
        "rows": rows,
        "merged": merged,
        "hidden_rows": known.hidden_rows,
        "formulas": known.formulas,
        "uncached": known.uncached,
        "errors": known.errors,
    }


def _rows(sheet: CalamineSheet) -> list[tuple[int, list[str], str]]:
    """Return the rows that hold anything: number, texts, and a letter for the kind of each."""
    rows: list[tuple[int, list[str], str]] = []
    cells: Sequence[Sequence[_Value]] = sheet.to_python(skip_empty_area=False)
    for number, row in enumerate(cells, start=1):
        pairs = [_cell(value) for value in row]
        while pairs and not pairs[-1][0]:
            pairs.pop()
        if pairs:
            rows.append((number, [text for text, _ in pairs], "".join(kind for _, kind in pairs)))
    return rows


def _cell(value: _Value) -> tuple[str, str]:
    """Return the text of a cell, as exact as Excel keeps it, and its kind."""
    if isinstance(value, str):
        return value, "t"
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), "b"
    if isinstance(value, int | float):
        whole = abs(value) < _WHOLE and value == int(value)
        return (str(int(value)) if whole else format(value, _DIGITS)), "n"
    return _calendar(value)


def _calendar(value: time | date | datetime | timedelta) -> tuple[str, str]:
    """Return a day, a moment or a time, to the second: Excel keeps fractions of days, and 14:30 is 14:29:59.999."""
    if isinstance(value, datetime):
        return (value + _HALF_SECOND).replace(microsecond=0).isoformat(), "m"
    if isinstance(value, date):
        return value.isoformat(), "d"
    if isinstance(value, time):
        rounded = datetime.combine(date.min, value) + _HALF_SECOND
        return rounded.time().replace(microsecond=0).isoformat(), "h"
    minutes, seconds = divmod(round(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}", "h"


def _may_take(content: bytes) -> int:
    """Return how much memory the process may take for this workbook, in bytes of addresses."""
    if content.startswith(ZIP):
        return _MEMORY  # how far it unfolds was limited before
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return min(_MEMORY, pages * resource.getpagesize() + _OLD_AT_LEAST + _OLD_BY_SIZE * len(content))


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    given = sys.stdin.buffer.read()
    resource.setrlimit(resource.RLIMIT_AS, (may := _may_take(given), may))
    sys.stdout.write(json.dumps(told(given)))
