"""Samples that are tables: where the header stands, whether there is any, and whether each row holds one item."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from adapters.delimited_rows import Rows
from adapters.dialect import Encoding, dialect_of, encodings, opened
from adapters.layout import TextOptions
from adapters.workbook import Sheet, read_workbook
from adapters.workbook_rows import sheet_rows
from canonical.payload import Payload
from service.drafting.quoting import listed, quoted
from service.drafting.sample import NoSample, Place, Sample
from service.drafting.terms import terms

#: No sample needs more rows.
_MOST_ROWS: Final = 5000
_DEEPEST_HEADER: Final = 10
#: A cell that no name of a column looks like: a day, or a number of five digits and more.
_DATUM: Final = re.compile(
    r"[0-9]{5,}|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}.*|.*@.*\..*"
    r"|[0-9]{1,2}[-/. ]?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-/., ]{0,2}[0-9]{2,4}"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? [0-9]{1,2},? [0-9]{4}",
    re.IGNORECASE,
)
#: A column of questions has at least so many different ones, half of which say the name of an item.
_FEWEST_QUESTIONS: Final = 8
_IDS: Final = frozenset({"id", "assessment", "case", "encounter", "visit"})

Table = Sequence[Sequence[str]]
#: Says whether a text is likely to be the name of an item.
Names = Callable[[str], bool]


def delimited(payload: Payload, names: Names) -> Sample:
    """Return what a delimited text shows.

    Raises:
        NoSample: it cannot be cut into rows.
    """
    for encoding in encodings(payload.content, None):
        try:
            rows = _cut(payload, encoding)
        except (UnicodeError, csv.Error):
            continue
        return _table(payload, "delimited", rows, names, ())
    raise NoSample("The file cannot be cut into rows and cells.")


def workbook(payload: Payload, names: Names) -> Sample:
    """Return what the fullest sheet of a workbook shows.

    Raises:
        NoSample: it cannot be read.
    """
    book = read_workbook(payload.content, payload.name)
    if isinstance(book, tuple):
        raise NoSample(book[0].reason)
    if not book.sheets:
        raise NoSample("The workbook has no sheet.")
    sheet = max(book.sheets, key=lambda one: sum(len(row.texts) for row in one.rows))
    head = () if sheet is book.sheets[0] and not sheet.beside else (f"sheet = {quoted(sheet.name)}",)
    above = _groups(sheet)
    read = sheet_rows(sheet, first=above, header=2) if above else sheet_rows(sheet, header=0)
    rows = [(row.number, [cell.strip() for cell in row.cells]) for row in read]
    if not above:
        return _table(payload, "workbook", rows, names, head)
    return _table(payload, "workbook", [(1, cells) for _, cells in rows], names, (*head, *_two_rows(above)))


def _groups(sheet: Sheet) -> int:
    """Return the row in which names stand above several columns each; 0 where none does."""
    wide = Counter(top for top, left, bottom, right in sheet.merged if top == bottom and left < right)
    return next((row for row in sorted(wide) if wide[row] > 1 and row < _DEEPEST_HEADER), 0)


def _two_rows(first: int) -> tuple[str, ...]:
    return (f"header_row = {first}", "header_rows = 2") if first > 1 else ("header_rows = 2",)


def _cut(payload: Payload, encoding: Encoding) -> list[tuple[int, list[str]]]:
    """Return the rows, with the delimiter that the first row shows which is cut by any."""
    found: list[tuple[int, list[str]]] = []
    for header_row in range(1, _DEEPEST_HEADER + 1):
        dialect = dialect_of(payload.content, encoding, TextOptions(), header_row)
        rows = Rows(opened(payload.content, dialect.encoding), payload.name, dialect.delimiter, "double")
        found = [(row.number, [cell.strip() for cell in row.cells]) for row in islice(rows, _MOST_ROWS)]
        if found and max(len(cells) for _, cells in found) > 1:
            return found
    return found


def _table(
    payload: Payload, format_: str, rows: Sequence[tuple[int, list[str]]], names: Names, head: tuple[str, ...]
) -> Sample:
    """Return the sample of the rows: the header is the first row that is as wide as most are."""
    if not rows:
        raise NoSample("The file is empty.")
    filled = Counter(len(cells) for _, cells in rows)
    width = filled.most_common(1)[0][0]
    start = next(
        (
            at
            for at, (_, cells) in enumerate(rows[:_DEEPEST_HEADER])
            if len(cells) == width and 2 * sum(map(bool, cells)) > width
        ),
        0,
    )
    number, header = rows[start]
    body = [cells for _, cells in rows[start + 1 :] if len(cells) == width]
    name = payload.name.rpartition("/")[2]
    if not _is_header(header, body):
        columns = list(zip(*[header, *body], strict=True)) if width else []
        places = tuple(_place(str(at), "", column) for at, column in enumerate(columns, start=1))
        doubt = "The file has no header, as it seems: what is the meaning of each field, by its number?"
        return Sample(
            name=name, format=format_, records=len(body) + 1, places=places, named=False, doubts=(doubt,),
            head=(*head, "header = false", f"fields = {width}"),
        )  # fmt: skip
    if number > 1:
        head = (*head, f"header_row = {number}")
    if long := _long(header, body, names):
        return long.sample(name, format_, head)
    columns = list(zip(*body, strict=True)) or [()] * width
    once = Counter(header)
    places = tuple(
        _place(title, title, column)
        for title, column in zip(header, columns, strict=True)
        if title and once[title] == 1
    )
    return Sample(name=name, format=format_, records=len(body), places=places, head=head)


def _is_header(header: Sequence[str], body: Table) -> bool:
    """Return whether a row holds names and no data: what is told of columns must never be what stands in one."""
    if any(_DATUM.fullmatch(cell) for cell in header):
        return False
    numbers = sum(cell.replace(".", "", 1).isdigit() for cell in header)
    repeated = sum(any(row[at] == cell for row in body) for at, cell in enumerate(header) if cell)
    return 4 * numbers <= len(header) and 4 * repeated <= len(header)


def _place(path: str, name: str, column: Sequence[str], *, question: bool = False) -> Place:
    return Place(path=path, name=name, texts=tuple(filter(None, column)), question=question)


def _long(header: Sequence[str], body: Table, names: Names) -> _Long | None:
    """Return how a table of one row an item lies; None where it is no such table."""
    for at in range(len(header)):
        asked = Counter(row[at] for row in body if row[at])
        if len(asked) < _FEWEST_QUESTIONS or max(asked.values(), default=0) > len(body) // _FEWEST_QUESTIONS:
            continue
        if 2 * sum(map(names, asked)) >= len(asked) and (keys := _keys(header, body, at)):
            return _Long(header, body, at, keys)
    return None


def _keys(header: Sequence[str], body: Table, asked: int) -> tuple[int, ...]:
    """Return the column that makes an assessment: no question stands twice where it is the same."""
    ids = [at for at, title in enumerate(header) if at != asked and _IDS.intersection(terms(title))]
    sizes = {at: len({row[at] for row in body}) for at in ids}
    # Of a child and of an evaluation, whose numbers are as many, the evaluation: a child may have two of them.
    for at in sorted(ids, key=lambda one: (-sizes[one], "member" in terms(header[one]), one)):
        once = len({(row[at], row[asked]) for row in body}) == len(body)
        if once and sizes[at] * 2 <= len(body) and "date" not in terms(header[at]):
            return (at,)
    return ()


class _Long:
    """A table of one row an item."""

    def __init__(self, header: Sequence[str], body: Table, asked: int, keys: tuple[int, ...]) -> None:
        self._header, self._body, self._asked, self._keys = header, body, asked, keys
        groups: dict[tuple[str, ...], list[Sequence[str]]] = {}
        for row in body:
            groups.setdefault(tuple(row[at] for at in keys), []).append(row)
        self._groups = list(groups.values())

    def sample(self, name: str, format_: str, head: tuple[str, ...]) -> Sample:
        """Return its sample: a place for each question, and one for each column that is the same in all rows of a key."""
        varying = [
            (sum(len({row[at] for row in group}) for group in self._groups), -at)
            for at in range(len(self._header))
            if at != self._asked
        ]
        value = -max(varying)[1]
        asked = dict.fromkeys(row[self._asked] for row in self._body if row[self._asked])
        seen = Counter(row[self._asked] for row in self._body)
        places = [
            _place(title, title, [group[0][at] for group in self._groups])
            for at, title in enumerate(self._header)
            if at not in (self._asked, value) and title and all(len({row[at] for row in g}) == 1 for g in self._groups)
        ]
        places += [
            _place(word, word, [row[value] for row in self._body if row[self._asked] == word], question=True)
            for word in asked
            if seen[word] > 1 or len(self._groups) == 1
        ]
        keys = [self._header[at] for at in self._keys]
        tail = (
            "[long]",
            f"key   = {listed(keys)}",
            f"item  = {quoted(self._header[self._asked])}",
            f"value = {quoted(self._header[value])}",
        )
        doubt = f"Each row seems to hold one item. Are the rows that agree in {' and '.join(map(quoted, keys))} one assessment?"
        return Sample(
            name=name, format=format_, records=len(self._groups), places=tuple(places), doubts=(doubt,),
            head=(*head, 'layout = "long"'), tail=tail,
        )  # fmt: skip
