"""instruments.toml: the forms, their ages and their sections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specs.ages import NO_AGE, parse_age
from specs.defects import Defects
from specs.folder import Folder
from specs.spec import AgeRange, Instrument, Section
from specs.toml_table import Table, read_toml

if TYPE_CHECKING:
    from specs.dictionary import Dictionary


def read_instruments(folder: Folder, defects: Defects) -> list[tuple[Table, Instrument]]:
    """Read the instruments, each with its table for the checks that need the whole dictionary."""
    with read_toml(folder, "instruments.toml", defects) as file:
        tables = file.tables("instrument")
    if not tables:
        file.refuse("", "The file names no instrument.")
    return [(table, _read_instrument(table)) for table in tables]


def _read_instrument(table: Table) -> Instrument:
    with table:
        return Instrument(
            code=table.text("code"),
            title=table.text("title"),
            age=_read_age(table),
            sections=tuple(_read_section(section) for section in table.tables("section")),
            due_days=table.integer_by_name("due_days"),
        )


def _read_section(table: Table) -> Section:
    with table:
        return Section(
            code=table.text("code"), title=table.text("title"), comment=table.text("comment", default="") or None
        )


def check_instrument(table: Table, instrument: Instrument, dictionary: Dictionary) -> None:
    """Check an instrument against itself, and against the codes and items of the dictionary."""
    for fault in dictionary.value_faults("INSTRUMENT", [instrument.code]):
        table.refuse("code", fault)
    if dictionary.instruments[instrument.code] is not instrument:
        table.refuse("code", f"The instrument {instrument.code!r} stands there twice.")
    for fault in dictionary.value_faults("SERVICE", set(instrument.due_days) - {"*"}):
        table.refuse("due_days", fault)
    if not instrument.sections:
        table.refuse("", "The instrument has no section.")
    seen: set[str] = set()
    for place, section in zip(table.tables("section"), instrument.sections, strict=True):
        if section.code in seen:
            place.refuse("code", f"The section {section.code!r} stands twice in this instrument.")
        seen.add(section.code)
        for fault in dictionary.item_faults(section.comment) if section.comment else ():
            place.refuse("comment", fault)


def _read_age(table: Table) -> AgeRange:
    text = table.text("age")
    age = parse_age(text)
    if text and age is None:
        table.refuse("age", NO_AGE)
    return age or AgeRange()
