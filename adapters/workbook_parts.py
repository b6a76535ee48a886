"""What the library does not tell of an .xlsx: read from the parts of its archive, through the one door for XML."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.xml_text import Parsed, local, parse
from canonical.refusal import Refusal
from markup.door import Watch, watched
from markup.text import Limits

#: Cells of one sheet, empty ones between them counted.
MAX_CELLS: Final = 2_000_000
_PART: Final = Limits(bytes=100_000_000, depth=64, nodes=20_000_000, attributes=64)
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_CELL: Final = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_TRUE: Final = frozenset({"1", "true"})
#: Parts that the library reads and we only guard.
_GUARDED: Final = ("xl/styles.xml", "xl/sharedStrings.xml")

#: Row and column, both from 1.
Cell = tuple[int, int]


class Unreadable(Exception):
    """The workbook is refused; it never leaves the worker."""

    def __init__(self, refusal: Refusal) -> None:
        """Take the reason."""
        super().__init__(refusal.reason)
        self.refusal = refusal


@dataclass(slots=True)
class SheetFacts:
    """What one sheet's part says."""

    hidden_rows: list[int] = field(default_factory=list)
    formulas: list[Cell] = field(default_factory=list)
    #: Formulas of which no value is kept.
    uncached: list[Cell] = field(default_factory=list)
    errors: list[Cell] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the parts of a workbook say."""

    #: Whether days are counted from 1904, as Excel for the Mac did.
    date1904: bool
    #: By the name of the sheet.
    sheets: Mapping[str, SheetFacts]


def facts(archive: zipfile.ZipFile) -> Facts:
    """Return what the parts of a workbook say.

    Raises:
        Unreadable: a part is missing, broken, or larger than any export.
    """
    names = set(archive.namelist())
    if not {_WORKBOOK, _RELATIONS} <= names:
        raise Unreadable(Refusal(reason="The archive is no .xlsx workbook: its list of sheets is missing."))
    book, relations = (_tree(archive, part) for part in (_WORKBOOK, _RELATIONS))
    targets = {
        one.get("Id", ""): posixpath.normpath(posixpath.join("/xl", one.get("Target", ""))).lstrip("/")
        for one in _attributes(relations, "Relationship")
    }
    for part in _GUARDED:
        if part in names:
            _walked(archive, part, Watch(_PART))
    sheets: dict[str, SheetFacts] = {}
    for sheet in _attributes(book, "sheet"):
        part = targets.get(sheet.get("id", ""), "")
        if part in names:
            watch = _SheetWatch()
            _walked(archive, part, watch)
            watch.end_cell()
            sheets[sheet.get("name", "")] = watch.facts
    properties = next(_attributes(book, "workbookPr"), {})
    return Facts(date1904=properties.get("date1904", "") in _TRUE, sheets=sheets)


def _tree(archive: zipfile.ZipFile, part: str) -> Parsed:
    parsed = parse(archive.read(part))
    if isinstance(parsed, Parsed):
        return parsed
    raise Unreadable(Refusal(reason=f"The list of sheets of the workbook: {parsed[0].reason}"))


def _attributes(part: Parsed, name: str) -> Iterator[dict[str, str]]:
    """Yield the attributes, without namespaces, of each element of a name, wherever it stands."""
    stack = [part.root]
    while stack:
        element = stack.pop()
        if element.name == name:
            yield {local(tag): value for tag, value in element.attributes}
        stack += reversed(list(element.elements()))


def _walked(archive: zipfile.ZipFile, part: str, watch: Watch) -> None:
    read = watched(archive.read(part), watch)
    if isinstance(read, tuple):
        raise Unreadable(Refusal(reason=f"A part of the workbook: {read[0].reason}"))


class _SheetWatch(Watch):
    """Looks at the rows and cells of one sheet, and keeps no text of them."""

    def __init__(self) -> None:
        super().__init__(_PART)
        self.facts = SheetFacts()
        self._row = 0
        self._column = 0
        self._widest = 0
        self._formula = False
        self._value = False
        self._error = False

    def meet(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = local(tag)
        if name in ("v", "is"):
            self._value = True
        elif name == "c":
            self.end_cell()
            self._cell(attributes.get("r", ""))
            self._error = attributes.get("t") == "e"
        elif name == "f":
            self._formula = True
        elif name == "row":
            self.end_cell()
            said = attributes.get("r", "")
            self._row = int(said) if said.isdecimal() and len(said) < 8 else self._row + 1  # noqa: PLR2004 - digits of a row
            self._column = 0
            if attributes.get("hidden") in _TRUE:
                self.facts.hidden_rows.append(self._row)

    def _cell(self, name: str) -> None:
        """Step to a cell; one that bears no name is the next."""
        named = _CELL.fullmatch(name)
        if named:
            self._row, self._column = int(named[2]), _column(named[1])
        else:
            self._column += 1
        self._widest = max(self._widest, self._column)
        if self._row * self._widest > MAX_CELLS:
            self.stop(f"A sheet reaches over more than {MAX_CELLS:,} cells.")

    def end_cell(self) -> None:
        """Note what is odd about the cell that ends here."""
        cell = (self._row, self._column)
        if self._formula:
            (self.facts.formulas if self._value else self.facts.uncached).append(cell)
        if self._error:
            self.facts.errors.append(cell)
        self._formula = self._value = self._error = False


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
