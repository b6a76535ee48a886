"""An agency's own file: where each item is found in its export, and how its words translate.

```toml
agency    = "riverbend"
format    = "delimited"
effective = 2026-01-01              # payloads dated before use the mapping before
delimiter = ","                     # found out where it is not said
encoding  = "windows-1252"          # UTF-8, and Windows-1252 where that fails, unless said
empty     = ["N/A", "--"]           # what stands in a cell that is not answered, besides nothing
[items]
MEMBER_DOB    = { from = "DOB", date = "%m/%d/%Y" }
LDF_SLEEP     = { from = "BE_Sleep", codes = "rating" }
MEMBER_ID     = { from = "RID", strip = "'", pad = 12 }
LDF_COMMENT   = { from = "BE_Notes", empty = [] }
ASSESSOR_NAME = { from = ["Clin Last", "Clin First"], join = ", " }
SERVICE       = { value = "OPT" }
[codes.rating]
"Watchful" = "1"
```

A mapping is data: it holds no expression and no code. It is read strictly; a key that nothing knows is a defect.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from canonical.errors import ConfigurationError

_FORMATS: Final = frozenset({"delimited"})
_DELIMITERS: Final = frozenset({",", ";", "\t", "|"})
_ENCODINGS: Final = frozenset({"utf-8", "windows-1252"})
_ITEM: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*(\.([2-9]|[1-9][0-9]{1,2}))?")
#: The directives of ``strptime`` that mean the same in every locale and zone.
_DIRECTIVES: Final = frozenset("YymdHMSbBIp%")
_LONGEST_PAD: Final = 64

_TOP: Final = frozenset({"agency", "format", "effective", "delimiter", "encoding", "empty", "items", "codes"})
_COLUMN: Final = frozenset({"from", "join", "date", "codes", "strip", "pad", "empty"})


class MappingDefect(ConfigurationError):
    """A mapping file is broken; nothing is read with it until it is mended."""

    def __init__(self, message: str = "", *, defects: tuple[str, ...] = ()) -> None:
        """List every defect as ``file:line: sentence``."""
        super().__init__("\n".join(filter(None, (message, *defects))))
        self.defects = defects


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMapping:
    """How one item is found in a row: columns and what to do with their text, or a value that never changes."""

    #: The columns, by the names that the header gives them; empty for a constant.
    columns: tuple[str, ...] = ()
    #: The text of a constant.
    value: str = ""
    #: What stands between the texts of several columns.
    join: str = ""
    #: How a date is written, in the directives of ``strptime``.
    date: str | None = None
    #: The name of the code table.
    codes: str | None = None
    #: Characters to take off both ends.
    strip: str = ""
    #: Digits to fill up to with leading zeros, which spreadsheets drop.
    pad: int | None = None
    #: What stands in a cell that is not answered, instead of what the mapping says for all; None: as for all.
    empty: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelimitedOptions:
    """How the text is cut into cells."""

    #: None: found out from the header.
    delimiter: str | None = None
    #: None: UTF-8, or else Windows-1252.
    encoding: str | None = None
    #: What stands in a cell that is not answered, in lower case; a blank cell never is.
    empty: frozenset[str] = frozenset()


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
    options: DelimitedOptions = field(default_factory=DelimitedOptions)

    @property
    def columns(self) -> dict[str, tuple[str, ...]]:
        """The items that each named column feeds."""
        fed: dict[str, tuple[str, ...]] = {}
        for item, mapped in self.items.items():
            for column in mapped.columns:
                fed[column] = (*fed.get(column, ()), item)
        return fed


def load_mapping(path: Path) -> AgencyMapping:
    """Read a mapping file.

    Raises:
        MappingDefect: listing every defect as ``file:line: sentence``.
    """
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise MappingDefect(f"{path}:1: The file cannot be read: {unreadable.strerror}.") from None
    try:
        text = content.decode()
        table = tomllib.loads(text)
    except UnicodeDecodeError:
        raise MappingDefect(f"{path}:1: The file is not UTF-8.") from None
    except tomllib.TOMLDecodeError as broken:
        found = re.search(r"at line (\d+)", str(broken))
        raise MappingDefect(f"{path}:{found[1] if found else 1}: This is not TOML: {broken}.") from None
    reader = _Reader(path, text, table)
    mapping = reader.mapping(hashlib.sha256(content).hexdigest())
    if reader.defects:
        raise MappingDefect(defects=tuple(reader.defects))
    return mapping


def lines_of(path: Path) -> dict[tuple[str, ...], int]:
    """Return the line of each table and key of a mapping file that was loaded: ``("items", "MEMBER_DOB")`` and so on."""
    return dict(_lines(path.read_text("utf-8")))


class _Reader:
    """Takes a parsed file apart, collecting defects."""

    def __init__(self, path: Path, text: str, table: dict[str, object]) -> None:
        self._path = path
        self._lines = dict(_lines(text))
        self._table = table
        self.defects: list[str] = []

    def mapping(self, digest: str) -> AgencyMapping:
        """Return the mapping, as far as it could be read."""
        self._refuse_unknown(self._table, _TOP)
        codes = self._codes()
        return AgencyMapping(
            agency=self._text(self._table, "agency", required=True),
            format=self._one_of(self._table, "format", _FORMATS, required=True) or "",
            effective=self._effective(),
            name=self._path.name,
            digest=f"sha-256:{digest}",
            items=self._items(codes),
            codes=codes,
            options=DelimitedOptions(
                delimiter=self._one_of(self._table, "delimiter", _DELIMITERS),
                encoding=self._one_of(self._table, "encoding", _ENCODINGS),
                empty=self._texts(self._table, "empty"),
            ),
        )

    def _effective(self) -> dt.date:
        day = self._table.get("effective")
        if type(day) is dt.date:
            return day
        self._defect("“effective” must be a date, written without quotes: effective = 2026-01-01.", "effective")
        return dt.date.min

    def _codes(self) -> dict[str, dict[str, str]]:
        tables = self._sub_table(self._table, "codes")
        return {name: self._code_table(name) for name in tables}

    def _code_table(self, name: str) -> dict[str, str]:
        translated: dict[str, str] = {}
        for word, code in self._sub_table(self._sub_table(self._table, "codes"), name, "codes").items():
            key = word.strip().casefold()
            if not isinstance(code, str) or not code:
                self._defect("A code is a text in quotes, and not empty.", "codes", name, word)
            elif key in translated:
                self._defect(
                    "This word stands twice in the table; case and blanks make no difference.", "codes", name, word
                )
            else:
                translated[key] = code
        return translated

    def _items(self, codes: Mapping[str, object]) -> dict[str, ItemMapping]:
        entries = self._sub_table(self._table, "items")
        if not entries:
            self._defect("The mapping maps no items: [items] is missing or empty.", "items")
        items: dict[str, ItemMapping] = {}
        for item in entries:
            if not _ITEM.fullmatch(item):
                self._defect(
                    'An item\'s code is written in capitals, digits and underscores; a further occurrence of it in quotes: "CGR_SAFETY.2".',
                    "items",
                    item,
                )
                continue
            entry = entries[item]
            if not isinstance(entry, dict):
                self._defect("An item is mapped by a table in braces: { from = … } or { value = … }.", "items", item)
                continue
            items[item] = self._constant(item, entry) if "value" in entry else self._column(item, entry, codes)
        return items

    def _constant(self, item: str, entry: dict[str, object]) -> ItemMapping:
        place = ("items", item)
        self._refuse_unknown(entry, frozenset({"value"}), *place)
        return ItemMapping(value=self._text(entry, "value", *place, required=True))

    def _column(self, item: str, entry: dict[str, object], codes: Mapping[str, object]) -> ItemMapping:
        place = ("items", item)
        self._refuse_unknown(entry, _COLUMN, *place)
        columns = self._column_names(entry, place)
        if len(columns) > 1 and "join" not in entry:
            self._defect("Several columns need “join”: what to put between their texts.", *place)
        table = self._text(entry, "codes", *place) or None
        if table and table not in codes:
            self._defect(f"There is no code table [codes.{table}] in this file.", *place)
        if table and "date" in entry:
            self._defect("An item is translated by “date” or by “codes”, not by both.", *place)
        return ItemMapping(
            columns=columns,
            join=self._text(entry, "join", *place),
            date=self._date_format(entry, place),
            codes=table,
            strip=self._text(entry, "strip", *place),
            pad=self._pad(entry, place),
            empty=self._texts(entry, "empty", *place) if "empty" in entry else None,
        )

    def _column_names(self, entry: dict[str, object], place: tuple[str, ...]) -> tuple[str, ...]:
        named = entry.get("from")
        names = named if isinstance(named, list) else [named]
        columns = tuple(name.strip() for name in names if isinstance(name, str) and name.strip())
        if not columns or len(columns) != len(names):
            self._defect("“from” must name a column, or a list of columns; “value” gives a constant instead.", *place)
        return columns

    def _date_format(self, entry: dict[str, object], place: tuple[str, ...]) -> str | None:
        written = self._text(entry, "date", *place) or None
        directives = re.findall("%(.?)", written or "")
        if written and not (directives and _DIRECTIVES.issuperset(directives)):
            self._defect("“date” knows %Y %y %m %d %b %B %H %I %M %S %p and nothing else.", *place)
        return written

    def _pad(self, entry: dict[str, object], place: tuple[str, ...]) -> int | None:
        pad = entry.get("pad")
        if pad is None or (type(pad) is int and 0 < pad <= _LONGEST_PAD):
            return pad
        self._defect(f"“pad” must be a whole number from 1 to {_LONGEST_PAD}.", *place)
        return None

    def _text(self, table: dict[str, object], key: str, *place: str, required: bool = False) -> str:
        value = table.get(key, "")
        if not isinstance(value, str) or (required and not value.strip()):
            self._defect(f"“{key}” must be a text in quotes{', and not empty' if required else ''}.", *place, key)
            return ""
        return value

    def _texts(self, table: dict[str, object], key: str, *place: str) -> frozenset[str]:
        values = table.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self._defect(f"“{key}” must be a list of texts in quotes.", *place, key)
            return frozenset()
        return frozenset(value.strip().casefold() for value in values)

    def _one_of(
        self, table: dict[str, object], key: str, allowed: frozenset[str], *, required: bool = False
    ) -> str | None:
        value = table.get(key)
        if (value is None and not required) or value in allowed:
            return str(value) if value is not None else None
        self._defect(f"“{key}” must be one of {', '.join(sorted(repr(one) for one in allowed))}.", key)
        return None

    def _sub_table(self, table: dict[str, object], key: str, *place: str) -> dict[str, object]:
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self._defect(f"“{key}” must be a table.", *place, key)
        return {}

    def _refuse_unknown(self, table: dict[str, object], known: frozenset[str], *place: str) -> None:
        for key in table.keys() - known:
            self._defect(f"Nothing knows the key “{key}” here; known are {', '.join(sorted(known))}.", *place, key)

    def _defect(self, sentence: str, *place: str) -> None:
        """Note a defect at the line of the innermost key of the place that stands on a line of its own."""
        line = next((self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines), 1)
        self.defects.append(f"{self._path}:{line}: {sentence}")


_NAME: Final = r"""[\w-]+|"(?:[^"\\]|\\.)*"|'[^']*'"""
_LINE: Final = re.compile(rf"\s*(?:\[\s*(?P<table>(?:{_NAME})(?:\s*\.\s*(?:{_NAME}))*)\s*\]|(?P<key>{_NAME})\s*=)")


def _lines(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield each table header and each key that begins a line, and its line: tomllib keeps no lines."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        begun = _LINE.match(line)
        if begun and begun["table"]:
            table = tuple(_bare(name) for name in re.findall(_NAME, begun["table"]))
            yield table, number
        elif begun:
            yield (*table, _bare(begun["key"])), number


def _bare(name: str) -> str:
    return name[1:-1] if name[:1] in "\"'" else name
