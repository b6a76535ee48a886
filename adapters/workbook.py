"""Workbooks of Excel, .xlsx and .xls: unfolded in a process of their own, and told as plain cells.

What is packed into a workbook can outgrow any memory, and its library is no code of ours: the process has limits of memory and
time, ends after its deadline, and answers through a pipe of which no more is read than a workbook may hold.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final

import orjson

from adapters.declared import NOTHING, Declared
from adapters.remark import Oddity, Remark
from canonical.assessment import Source
from canonical.refusal import Refusal, Refused

#: How .xlsx and .xls begin.
MAGIC: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
MAX_BYTES: Final = 50_000_000
_WORKER: Final = "adapters.workbook_worker"
#: Seconds of the clock, for other work may take most of the machine's: 10,000 rows take 5 of the processor's, of which the worker
#: has 30. Bytes.
_PATIENCE: Final = 120.0
_MOST_TOLD: Final = 64_000_000
#: A name that Excel gives by itself says nothing of anybody.
_OWN_NAME: Final = re.compile(r"Sheet[0-9]{1,4}")
_KINDS: Final = {"t": "text", "n": "number", "b": "boolean", "d": "day", "m": "moment", "h": "time"}

#: Row and column, both from 1.
Cell = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row that holds anything."""

    #: From 1, as Excel shows it.
    number: int
    #: The text of each cell from column A on: ISO days and moments, numbers as short as they are, TRUE and FALSE.
    texts: Sequence[str] = field(repr=False)
    #: A letter for the kind of each.
    kinds: str

    def kind(self, column: int) -> str:
        """Return what a cell holds: text, number, boolean, day, moment or time."""
        return _KINDS[self.kinds[column - 1]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet."""

    #: As the sender wrote it; shown only where it is declared.
    name: str = field(repr=False)
    #: From 1.
    number: int
    file: str
    #: How sources call it.
    shown: str
    hidden: bool
    rows: Sequence[Row] = field(repr=False)
    #: Top, left, bottom, right.
    merged: Sequence[tuple[int, int, int, int]]
    hidden_rows: frozenset[int]
    #: Cells with a formula whose value was kept.
    formulas: Sequence[Cell] = field(repr=False)
    #: By row and column, the cells that show no value although something stands in them.
    valueless: Mapping[int, Mapping[int, Oddity]] = field(repr=False)
    #: How many other sheets of the workbook hold anything.
    beside: int

    def place(self, row: int, column: int) -> Source:
        """Return the place of a cell."""
        return Source(file=self.file, label=f"{self.shown}!{letters(column)}{row}")

    def row_place(self, row: int) -> Source:
        """Return the place of a row."""
        return Source(file=self.file, label=f"{self.shown}, row {row}")

    def remarks(self) -> Iterator[Remark]:
        """Yield what is odd about the sheet as a whole; its cells without a value are told with their rows."""
        if self.hidden:
            yield self._remark(Oddity.HIDDEN, "The sheet is hidden: Excel does not show it.")
        if shown := [row.number for row in self.rows if row.number in self.hidden_rows]:
            yield self._remark(Oddity.HIDDEN, f"{len(shown)} of the rows that hold anything are hidden.")
        if self.formulas:
            sentence = f"{len(self.formulas)} cells hold a formula; what Excel computed last was read."
            yield self._remark(Oddity.FORMULA, sentence)

    def _remark(self, what: Oddity, sentence: str) -> Remark:
        return Remark(what=what, sentence=sentence, source=Source(file=self.file, label=self.shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """A workbook that was read."""

    sheets: tuple[Sheet, ...]
    #: Whether its days count from 1904; the texts of its cells are right either way.
    date1904: bool
    #: Whether formulas, errors and hidden rows are known; an .xls does not tell them.
    complete: bool


def read_workbook(
    content: bytes, file: str, declared: Declared = NOTHING, *, patience: float = _PATIENCE
) -> Workbook | Refused:
    """Return the sheets of a workbook, or why it was refused; never raises for any bytes. ``patience`` is in seconds."""
    if not content.startswith(MAGIC):
        return (Refusal(reason="The file is no workbook of Excel."),)
    if len(content) > MAX_BYTES:
        return (Refusal(reason=f"The workbook is larger than {MAX_BYTES // 1_000_000} MB."),)
    answer = _told(content, patience)
    if answer is None:
        reason = "The workbook could not be read in the memory and time that one may take."
        return (Refusal(reason=reason),)
    if "refusal" in answer:
        return (Refusal(reason=answer["refusal"]),)
    full = sum(bool(told["rows"]) for told in answer["sheets"])
    sheets = tuple(_sheet(told, at, file, declared, full) for at, told in enumerate(answer["sheets"], start=1))
    return Workbook(sheets=sheets, date1904=answer["date1904"], complete=answer["complete"])


def letters(column: int) -> str:
    """Return the letters of a column, counted from 1."""
    above, place = divmod(column - 1, 26)
    return (letters(above) if above else "") + chr(ord("A") + place)


def _told(content: bytes, patience: float) -> dict[str, Any] | None:
    """Return what the worker tells; None where it ended without an answer, or with too long a one."""
    worker = subprocess.Popen(  # noqa: S603 - our own program
        # Without -P Python would look for modules in the folder that somebody runs us in, where exports of strangers may lie.
        [sys.executable, "-P", "-m", _WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert worker.stdin is not None, "it is a pipe"
    assert worker.stdout is not None, "it is a pipe"
    deadline = threading.Timer(patience, worker.kill)
    writer = threading.Thread(target=_write, args=(worker.stdin, content), daemon=True)
    with worker:
        try:
            deadline.start()
            writer.start()
            answer = worker.stdout.read(_MOST_TOLD + 1)
            if len(answer) > _MOST_TOLD:
                worker.kill()
            ended = worker.wait()
        finally:
            worker.kill()
            deadline.cancel()
            writer.join()
    if ended or not answer:
        return None
    told: dict[str, Any] = orjson.loads(answer)
    return told


def _write(pipe: IO[bytes], content: bytes) -> None:
    """Give the worker its workbook; it may have ended already."""
    with contextlib.suppress(OSError), pipe:
        pipe.write(content)


def _sheet(told: dict[str, Any], number: int, file: str, declared: Declared, full: int) -> Sheet:
    name = told["name"]
    valueless: dict[int, dict[int, Oddity]] = {}
    for cells, what in ((told["errors"], Oddity.ERROR_CELL), (told["uncached"], Oddity.NO_CACHED_VALUE)):
        for row, column in cells:
            valueless.setdefault(row, {})[column] = what
    return Sheet(
        name=name,
        number=number,
        file=file,
        shown=name if name in declared or _OWN_NAME.fullmatch(name) else f"sheet {number}",
        hidden=told["hidden"],
        rows=[Row(number=at, texts=texts, kinds=kinds) for at, texts, kinds in told["rows"]],
        merged=[(top, left, bottom, right) for top, left, bottom, right in told["merged"]],
        hidden_rows=frozenset(told["hidden_rows"]),
        formulas=[(row, column) for row, column in told["formulas"]],
        valueless=valueless,
        beside=full - bool(told["rows"]),
    )
