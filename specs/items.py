"""items.csv: the items, one a row."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from specs.ages import NO_AGE, parse_age
from specs.conditions import parse_conditions
from specs.csv_table import Row, read_csv
from specs.defects import Defects
from specs.folder import Folder
from specs.patterns import pattern_fault
from specs.requirements import citation_faults
from specs.spec import Condition, ConsentClass, Item, Requirement, Type

if TYPE_CHECKING:
    from specs.dictionary import Dictionary

#: The file.
ITEMS: Final = "items.csv"

#: The columns of the file.
COLUMNS: Final = (
    "item", "instrument", "section", "label", "type", "required", "required_when", "codes", "min", "max", "length",
    "pattern", "age", "consent", "sensitive", "wire", "cites",
)  # fmt: skip

#: The items that code relies on by name: a package may give them any label, and must give them all.
RELIED_ON: Final = (
    "DOCUMENT_ID", "DOCUMENT_VERSION", "SUBMISSION_TYPE", "INSTRUMENT", "AGENCY_ID", "PROVIDER_ID", "MEMBER_ID",
    "MEMBER_LOCAL_ID", "MEMBER_LAST_NAME", "MEMBER_FIRST_NAME", "MEMBER_DOB", "MEMBER_GENDER", "ASSESSOR_NAME",
    "ASSESSOR_KEY", "ASSESSMENT_DATE", "ASSESSMENT_TYPE", "COMPLETION_STATUS", "INCOMPLETE_REASON", "CONSENT",
)  # fmt: skip

_ITEM_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_WIRE: Final = re.compile(r"[A-Za-z_][\w.-]*(/[A-Za-z_][\w.-]*)*", re.ASCII)
#: The columns that mean something for some types only.
_COLUMNS_OF_TYPE: Final = {
    "codes": {Type.CODE},
    "min": {Type.INTEGER},
    "max": {Type.INTEGER},
    "length": {Type.TEXT, Type.IDENTIFIER},
    "pattern": {Type.TEXT, Type.IDENTIFIER},
}


def read_items(folder: Folder, defects: Defects) -> list[tuple[Row, Item]]:
    """Read the items in the file's order, each with its row for the checks that need the whole dictionary."""
    return [(row, _read_item(row)) for row in read_csv(folder, ITEMS, COLUMNS, defects)]


def check_items(items: list[tuple[Row, Item]], dictionary: Dictionary, requirements: Mapping[str, Requirement]) -> None:
    """Check each item against itself, against the others, and against the rest of the package."""
    for row, item in items:
        faults = (
            *_own_faults(row, item),
            *_reference_faults(item, dictionary),
            *dictionary.condition_faults(item.required_when),
            *citation_faults(item.cites, requirements),
        )
        for fault in faults:
            row.refuse(fault)
    _check_items_differ(items)
    _check_wire_order(items)


def _read_item(row: Row) -> Item:
    required = row.text("required")
    if required and required not in ("yes", "no", "when"):
        row.refuse("The column 'required' must be yes, no or when.")
    if row.text("sensitive") not in ("yes", "no", ""):
        row.refuse("The column 'sensitive' must be yes or no.")
    age = row.cells["age"]
    if age and parse_age(age) is None:
        row.refuse(NO_AGE)
    return Item(
        code=row.text("item"),
        instruments=row.texts("instrument"),
        section=row.text("section"),
        label=row.text("label"),
        type=row.choice("type", Type.TEXT),
        required=required == "yes",
        required_when=_read_required_when(row, required),
        codes=row.text_or_none("codes"),
        minimum=row.integer("min"),
        maximum=row.integer("max"),
        length=row.integer("length"),
        pattern=row.text_or_none("pattern"),
        age=parse_age(age),
        consent=row.choice("consent", ConsentClass.FULL),
        sensitive=row.cells["sensitive"] == "yes",
        wire=row.cells["wire"],
        cites=row.texts("cites"),
    )


def _read_required_when(row: Row, required: str) -> tuple[Condition, ...]:
    text = row.cells["required_when"]
    if bool(text) != (required == "when"):
        row.refuse("The column 'required_when' is filled where, and only where, 'required' says when.")
    try:
        return parse_conditions(text) if text else ()
    except ValueError as fault:
        row.refuse(str(fault))
        return ()


def _own_faults(row: Row, item: Item) -> Iterator[str]:
    if item.code and not _ITEM_CODE.fullmatch(item.code):
        yield f"{item.code!r} is no item code; they are made of capital letters, digits and underscores."
    for column, types in _COLUMNS_OF_TYPE.items():
        if row.cells[column] and item.type not in types:
            yield f"The column {column!r} means nothing for the type {item.type}."
    if item.type is Type.CODE and item.codes is None:
        yield "An item of type code names its code list."
    if item.minimum is not None and item.maximum is not None and item.maximum < item.minimum:
        yield "The column 'max' is below 'min'."
    if item.pattern and (fault := pattern_fault(item.pattern)):
        yield fault
    if item.wire and not _WIRE.fullmatch(item.wire):
        yield f"{item.wire!r} is no path of element names (Member/DateOfBirth)."


def _reference_faults(item: Item, dictionary: Dictionary) -> Iterator[str]:
    if item.codes and dictionary.codes and item.codes not in dictionary.codes:
        yield f"{item.codes!r} is no list of codes.csv."
    instruments = dictionary.instruments
    for code in item.instruments:
        if instruments and code not in instruments:
            yield f"{code!r} is no instrument of instruments.toml."
    carriers = [instruments[code] for code in item.instruments or instruments if code in instruments]
    for carrier in carriers:
        if item.section not in {section.code for section in carrier.sections}:
            yield f"The instrument {carrier.code} has no section {item.section!r}."


def _check_items_differ(items: list[tuple[Row, Item]]) -> None:
    codes: set[str] = set()
    paths: dict[str, str] = {}
    for row, item in items:
        if item.code in codes:
            row.refuse(f"The item {item.code} stands there twice.")
        codes.add(item.code)
        if item.wire in paths:
            row.refuse(f"The wire path {item.wire} is that of {paths[item.wire]}.")
        elif item.wire:
            paths[item.wire] = item.code


def _check_wire_order(items: list[tuple[Row, Item]]) -> None:
    """Refuse paths that could not be written in one pass: each group of elements is opened once, and closed once."""
    open_groups: list[str] = []
    closed: set[str] = set()
    leaves = {item.wire for _, item in items}
    for row, item in items:
        if not item.wire:
            continue
        groups = _groups_of(item.wire)
        closed.update(group for group in open_groups if group not in groups)
        for group in groups:
            if group in closed:
                row.refuse(f"The wire path returns to {group}, which other items have left; keep its items together.")
            if group in leaves:
                row.refuse(f"The wire path {group} is both an item of its own and a group of items.")
        open_groups = groups


def _groups_of(path: str) -> list[str]:
    """Return the paths of the elements that enclose a leaf: ``A/B/C`` lies in ``A`` and ``A/B``."""
    return [path[:at] for at, character in enumerate(path) if character == "/"]
