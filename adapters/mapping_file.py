"""A whole mapping file: its head, its options by format, its tables."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from adapters.agency_mapping import AgencyMapping, ItemMapping, question_path
from adapters.layout import Layout, Long, TextOptions
from adapters.mapping_items import Items
from adapters.mapping_places import TABLES, WIDEST, Places
from adapters.mapping_table import Defects, MappingDefect, MappingTable, parsed
from adapters.path_checks import check_for

_DELIMITERS: Final = frozenset({",", ";", "\t", "|"})
_ENCODINGS: Final = frozenset({"utf-8", "utf-16", "utf-16-le", "utf-16-be", "windows-1252"})
_QUOTING: Final = frozenset({"double", "single", "backslash", "none"})
_DEEPEST_HEADER: Final = 1000

_HEAD: Final = frozenset({"agency", "format", "effective", "empty", "ignore", "items", "codes"})
_TABLE: Final = frozenset({"layout", "long", "header", "header_row", "fields", "trailer", "short_records"})
#: The keys of each format beside those of all.
_KEYS: Final[Mapping[str, frozenset[str]]] = {
    "delimited": _TABLE | {"delimiter", "encoding", "quoting"},
    "workbook": _TABLE | {"sheet", "header_rows"},
    "json": frozenset({"records"}),
    "xml": frozenset({"records"}),
    "hl7v2": frozenset({"records"}),
    "fhir": frozenset({"release"}),
}


def load_mapping(path: Path) -> AgencyMapping:
    """Read a mapping file.

    Raises:
        MappingDefect: listing every defect as ``file:line: sentence``.
    """
    try:
        content = path.read_bytes()
    except OSError as unreadable:
        raise MappingDefect(f"{path}:1: The file cannot be read: {unreadable.strerror}.") from None
    text, values = parsed(path, content)
    defects = Defects(path, text)
    file = _File(MappingTable(values, defects))
    mapping = file.mapping(path.name, f"sha-256:{hashlib.sha256(content).hexdigest()}")
    if defects.found:
        raise MappingDefect(defects=tuple(defects.found))
    return mapping


class _File:
    """The top of a file, on its way to a mapping."""

    def __init__(self, top: MappingTable) -> None:
        self._top = top
        self._format = top.one_of("format", _KEYS.keys(), required=True) or ""

    def mapping(self, name: str, digest: str) -> AgencyMapping:
        """Return the mapping, as far as it could be read."""
        # Of a format that nobody knows any known key may stand: one defect is enough.
        self._top.refuse_unknown(_HEAD | _KEYS.get(self._format, frozenset().union(*_KEYS.values())))
        top = self._top
        codes = self._codes()
        layout = self._layout()
        places = Places(layout, check_for(self._format))
        items = Items(places, codes, long=layout.long is not None, days=self._format == "workbook").read(
            top.table("items")
        )
        return AgencyMapping(
            agency=top.text("agency", required=True),
            format=self._format,
            effective=self._effective(),
            name=name,
            digest=digest,
            items=items,
            codes=codes,
            empty=top.texts("empty"),
            ignored=self._ignored(places, items, layout),
            text=TextOptions(
                delimiter=top.one_of("delimiter", _DELIMITERS),
                encoding=top.one_of("encoding", _ENCODINGS),
                quoting=top.one_of("quoting", _QUOTING) or "double",
            ),
            layout=layout,
            sheet=top.text("sheet") or None,
            release=top.one_of("release", ("R4", "R5")),
            records=self._records(places),
        )

    def _effective(self) -> dt.date:
        day = self._top.values.get("effective")
        if type(day) is dt.date:
            return day
        self._top.defect("“effective” must be a date, written without quotes: effective = 2026-01-01.", "effective")
        return dt.date.min

    def _codes(self) -> dict[str, dict[str, str]]:
        tables = self._top.table("codes")
        return {name: _code_table(tables.table(name)) for name in tables}

    def _records(self, places: Places) -> str | None:
        if "records" not in self._top or self._format in TABLES:
            return None
        return next(iter(places.named(self._top, "records", only_one=True)), None)

    def _layout(self) -> Layout:
        top = self._top
        shape = top.one_of("layout", ("wide", "long"))
        plain = Layout(
            header=top.flag("header", otherwise=True),
            header_row=top.whole("header_row", _DEEPEST_HEADER) or 1,
            header_rows=top.whole("header_rows", _DEEPEST_HEADER) or 1,
            width=top.whole("fields", WIDEST),
            trailer=top.text("trailer", required=True) if "trailer" in top else None,
            pads=top.one_of("short_records", ("pad", "refuse")) == "pad",
        )
        if plain.header and plain.width is not None:
            top.defect("“fields” tells how wide a row without a header is; the header tells it by itself.", "fields")
        if not plain.header and plain.pads and plain.width is None:
            top.defect(
                "Short records are filled up to “fields”, which is missing: how many a whole one has.", "short_records"
            )
        if not plain.header and "header_row" in top:
            top.defect("A file without a header (header = false) has no row of it.", "header_row")
        if (shape == "long") is not ("long" in top):
            top.defect('layout = "long" and the table [long] go together.', "long")
        elif shape == "long":
            return _with_long(plain, top.table("long"))
        return plain

    def _ignored(self, places: Places, items: Mapping[str, ItemMapping], layout: Layout) -> dict[str, str]:
        """Return what stays home, and why; what an item reads cannot."""
        entries = self._top.values.get("ignore", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._top.defect('“ignore” is a list of tables: [{ from = ["Notes"], because = "…" }].', "ignore")
            return {}
        read = {path for mapped in items.values() for path in mapped.paths}
        read.update(layout.long.columns if layout.long else ())
        ignored: dict[str, str] = {}
        for values in entries:
            entry = self._top.within(values, "ignore")
            paths = _ignored_paths(entry, places, layout)
            for path in paths:
                if path in read or path in ignored:
                    entry.defect("A place is named under “ignore” that an item reads, or that is ignored already.")
                ignored[path] = entry.text("because", required=True)
            if not paths:
                entry.text("because", required=True)
        return ignored


def _ignored_paths(entry: MappingTable, places: Places, layout: Layout) -> tuple[str, ...]:
    known = {places.key, "because"} | ({"question"} if layout.long else set())
    entry.refuse_unknown(known)
    if "question" not in entry or not layout.long:
        return places.named(entry, places.key)
    words = entry.values["question"]
    if isinstance(words, list) and words and all(isinstance(word, str) and word.strip() for word in words):
        return tuple(map(question_path, words))
    entry.defect("“question” must be a list of the sender's codes of questions.")
    return ()


def _with_long(plain: Layout, table: MappingTable) -> Layout:
    """Return the layout with the columns of a table of one row an item."""
    table.refuse_unknown({"key", "item", "value"})
    places = Places(plain, None)
    key = places.named(table, "key")
    item, value = (places.named(table, name, only_one=True) for name in ("item", "value"))
    if not (key and item and value):
        return plain
    if len({*key, *item, *value}) != len(key) + 2:
        table.defect("“key”, “item” and “value” must be columns of their own.")
    return replace(plain, long=Long(key=key, item=item[0], value=value[0]))


def _code_table(table: MappingTable) -> dict[str, str]:
    translated: dict[str, str] = {}
    for word in table:
        key, code = word.strip().casefold(), table.values[word]
        if not isinstance(code, str) or not code:
            table.defect("A code is a text in quotes, and not empty.", word)
        elif key in translated:
            table.defect("This word stands twice in the table; case and blanks make no difference.", word)
        else:
            translated[key] = code
    return translated
