"""The items of a mapping: where each is found, and what is done with its text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from adapters.agency_mapping import ItemMapping
from adapters.dates import DIRECTIVES, SERIALS
from adapters.mapping_places import Places
from adapters.mapping_table import MappingTable
from adapters.transforms import TRUTHS, Dates, Number, Pad, Split, Strip, Transform, Translate, Truth

_ITEM: Final = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*(\.([2-9]|[1-9][0-9]{1,2}))?")
_LONGEST_PAD: Final = 64
_MOST_PARTS: Final = 100
_MOST_FORMS: Final = 10
_PLACED: Final = frozenset(
    {
        "from",
        "field",
        "join",
        "split",
        "strip",
        "number",
        "pad",
        "date",
        "truth",
        "codes",
        "empty",
        "default",
        "question",
    }
)
#: How the days and moments of a workbook's cells come, whatever Excel shows.
_OF_CELLS: Final = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S")
#: Of these a text goes through one at most: each gives the canonical text.
_LAST: Final = ("date", "truth", "codes")


class Items:
    """Reads the table ``[items]``."""

    def __init__(self, places: Places, codes: Mapping[str, Mapping[str, str]], *, long: bool, days: bool) -> None:
        """Take what reads places and the code tables; whether each row holds one item, and whether cells can be days of their own."""
        self._places = places
        self._codes = codes
        self._long = long
        self._of_cells = _OF_CELLS if days else ()

    def read(self, table: MappingTable) -> dict[str, ItemMapping]:
        """Return the items, by code, as far as they could be read."""
        if not table.values:
            table.defect("The mapping maps no items: [items] is missing or empty.")
        found = {}
        for code in table:
            if not _ITEM.fullmatch(code):
                table.defect(
                    'An item\'s code is written in capitals, digits and underscores; a further occurrence of it in quotes: "CGR_SAFETY.2".',
                    code,
                )
            elif not isinstance(table.values[code], dict):
                table.defect("An item is mapped by a table in braces: { from = … } or { value = … }.", code)
            else:
                entry = table.table(code)
                found[code] = self._constant(entry) if "value" in entry else self._placed(entry)
        return found

    def _constant(self, entry: MappingTable) -> ItemMapping:
        entry.refuse_unknown({"value"})
        return ItemMapping(value=entry.text("value", required=True), line=entry.line)

    def _placed(self, entry: MappingTable) -> ItemMapping:
        entry.refuse_unknown(_PLACED)
        asks = "question" in entry
        questions = _questions(entry) if asks else ()
        columns = () if asks else self._places.of(entry)
        if asks and ("from" in entry or "field" in entry):
            entry.defect("An item is found by its question, or in a column of its own, not by both.")
        if asks and not self._long:
            entry.defect('An item is found by its question where each row holds one item: layout = "long".')
        if len(columns) + len(questions) > 1 and "join" not in entry:
            entry.defect("Several columns need “join”: what to put between their texts.")
        return ItemMapping(
            columns=columns,
            questions=questions,
            join=entry.text("join") if "join" in entry else None,
            date=" or ".join(_forms(entry)) or None,
            codes=entry.text("codes") or None,
            strip=entry.text("strip"),
            pad=entry.whole("pad", _LONGEST_PAD),
            empty=entry.texts("empty") if "empty" in entry else None,
            split=_split(entry),
            transforms=self._transforms(entry),
            default=entry.text("default", required=True) if "default" in entry else None,
            line=entry.line,
        )

    def _transforms(self, entry: MappingTable) -> tuple[Transform, ...]:
        """Return the steps, in the order in which they are taken."""
        steps: list[Transform] = []
        if characters := _quietly(entry, "strip"):
            steps.append(Strip(characters=characters))
        if "number" in entry and (mark := entry.one_of("number", (".", ","))):
            steps.append(Number(mark=mark))
        pad = entry.values.get("pad")
        if type(pad) is int:
            steps.append(Pad(width=pad))
        last = [key for key in _LAST if key in entry]
        if len(last) > 1:
            named = " or ".join(f"“{key}”" for key in last)
            entry.defect(f"An item is translated by {named}, not by both.")
        if forms := _forms(entry, tell=False):
            steps.append(Dates(forms=tuple(dict.fromkeys((*forms, *self._of_cells)))))
        if "truth" in entry and (pair := entry.one_of("truth", TRUTHS)):
            steps.append(Truth(pair=pair))
        if name := _quietly(entry, "codes"):
            if name not in self._codes:
                entry.defect(f"There is no code table [codes.{name}] in this file.")
            steps.append(Translate(table=name, codes=self._codes.get(name, {})))
        return tuple(steps)


def _quietly(entry: MappingTable, key: str) -> str:
    """Return a text whose defect is told elsewhere."""
    value = entry.values.get(key)
    return value if isinstance(value, str) else ""


def _questions(entry: MappingTable) -> tuple[str, ...]:
    """Return the sender's codes of the questions, one or a list."""
    value = entry.values["question"]
    listed = value if isinstance(value, list) else [value]
    found = tuple(one.strip() for one in listed if isinstance(one, str) and one.strip())
    if found and len(found) == len(listed):
        return found
    entry.defect("“question” must be the sender's code of a question, or a list of them.", "question")
    return ()


def _forms(entry: MappingTable, *, tell: bool = True) -> tuple[str, ...]:
    """Return the forms in which a date may be written, one or a list."""
    value = entry.values.get("date")
    if value is None or value == "":
        return ()
    listed = value if isinstance(value, list) else [value]
    found = tuple(form for form in listed if isinstance(form, str) and _is_form(form))
    if found and len(found) == len(listed) <= _MOST_FORMS:
        return found
    if tell:
        entry.defect(
            "“date” knows %Y %y %m %d %b %B %H %I %M %S %p, each once, “serial” and “serial-1904”, a list of up to ten, and nothing else."
        )
    return ()


def _is_form(form: str) -> bool:
    directives = re.findall("%(.?)", form)
    once = len({*directives} - {"%"}) == len(directives) - directives.count("%")  # strptime itself breaks on two
    return form in SERIALS or (bool(directives) and once and DIRECTIVES.issuperset(directives))


def _split(entry: MappingTable) -> Split | None:
    """Return which part is taken of a text that holds several."""
    if "split" not in entry:
        return None
    table = entry.table("split")
    if not table.values:
        return None
    table.refuse_unknown({"at", "part"})
    part, at = table.values.get("part"), table.values.get("at")
    if not isinstance(at, str) or not at:
        table.defect("“at” must be the text between the parts, in quotes.")
    elif type(part) is not int or not 0 < abs(part) <= _MOST_PARTS:
        table.defect(f"“part” must be a whole number: 1 is the first part, -1 the last, up to {_MOST_PARTS}.")
    else:
        return Split(at=at, part=part)
    return None
