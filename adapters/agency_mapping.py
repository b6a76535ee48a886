"""One mapping file, read and checked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from adapters.layout import Layout, TextOptions
from adapters.transforms import Split, Transform

#: Begins the path of a question of a long table, which no name of a column can.
_QUESTION: Final = "\x1f"


def question_path(question: str) -> str:
    """Return the path of a question: its text, whatever its case and the blanks around it."""
    return _QUESTION + question.strip().casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMapping:
    """How one item is found in a record: places and what to do with their text, or a value that never changes."""

    #: The places: columns by the names that the header gives them, numbers of fields, or paths; empty for a constant.
    columns: tuple[str, ...] = ()
    #: In a table of one row an item, the questions, as the sender writes them.
    questions: tuple[str, ...] = ()
    #: The text of a constant.
    value: str = ""
    #: What stands between several texts; None: there is one place, and one text in it.
    join: str | None = None
    #: How a date is written: directives of ``strptime``, or ``serial``; several forms with “or” between them.
    date: str | None = None
    #: The name of the code table.
    codes: str | None = None
    #: Characters to take off both ends.
    strip: str = ""
    #: Digits to fill up to with leading zeros, which spreadsheets drop.
    pad: int | None = None
    #: What stands in a place that is not answered, instead of what the mapping says for all; None: as for all.
    empty: frozenset[str] | None = None
    #: What is taken of each place's text, where that holds several.
    split: Split | None = None
    #: What is done with the text after that, in this order.
    transforms: tuple[Transform, ...] = ()
    #: The canonical text where nothing is answered; None: then there is no answer.
    default: str | None = None
    #: The line of the mapping that says all this, from 1.
    line: int = 1

    @property
    def paths(self) -> tuple[str, ...]:
        """What a record is asked for."""
        return (*self.columns, *map(question_path, self.questions))


@dataclass(frozen=True, slots=True, kw_only=True)
class AgencyMapping:
    """One mapping file, read and checked."""

    agency: str
    #: The adapter that it is for.
    format: str
    #: The first day of the payloads that it is for.
    effective: dt.date
    #: The file's name.
    name: str
    #: SHA-256 of the file's bytes, as ``sha-256:<hex>``.
    digest: str
    #: By item code, in the file's order.
    items: Mapping[str, ItemMapping]
    #: By table: the sender's words, in lower case, and the codes that they stand for.
    codes: Mapping[str, Mapping[str, str]]
    #: What stands in a place that is not answered, in lower case; a blank one never is.
    empty: frozenset[str] = frozenset()
    #: The places (as in ``ItemMapping.paths``) that stay home, and why.
    ignored: Mapping[str, str] = field(default_factory=dict)
    #: Of delimited text.
    text: TextOptions = field(default_factory=TextOptions)
    #: Of delimited text and workbooks.
    layout: Layout = field(default_factory=Layout)
    #: The sheet of a workbook, by its name; None: the first.
    sheet: str | None = None
    #: Of FHIR: R4 or R5, whatever a document looks like; None: what it shows.
    release: str | None = None
    #: Of JSON, XML and HL7 v2: the path of what becomes one assessment each; None: the whole document is one.
    records: str | None = None

    @property
    def identity(self) -> str:
        """Which mapping this is, for whoever asks later: its name, its first day and its digest."""
        return f"{self.name} {self.effective} {self.digest}"

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The items that each named column feeds."""
        fed: dict[str, tuple[str, ...]] = {}
        for item, mapped in self.items.items():
            for column in mapped.columns:
                fed[column] = (*fed.get(column, ()), item)
        return fed
