"""instruments.toml: the forms, their ages and their sections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from specs.ages import NO_AGE, parse_age
from specs.bounds import MOST_REPEATS
from specs.defects import Defects
from specs.due import ANY, due_faults
from specs.folder import Folder
from specs.requirements import citation_faults
from specs.spec import AgeRange, Due, Instrument, Requirement, Section
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
            due=tuple(_read_due(due) for due in table.tables("due")),
        )


def _read_section(table: Table) -> Section:
    with table:
        section = Section(
            code=table.text("code"),
            title=table.text("title"),
            comment=table.text("comment", default="") or None,
            repeats=table.integer("repeats", default=1, least=1),
        )
    if section.repeats > MOST_REPEATS:
        table.refuse("repeats", f"A section repeats {MOST_REPEATS} times at most.")
    return section


def _read_due(table: Table) -> Due:
    with table:
        return Due(
            service=table.text("service"),
            days=table.integer("days", least=1),
            valid_from=table.day_or_none("valid_from"),
            valid_to=table.day_or_none("valid_to"),
            cites=table.texts("cites"),
        )


def check_instrument(
    table: Table, instrument: Instrument, dictionary: Dictionary, requirements: Mapping[str, Requirement]
) -> None:
    """Check an instrument against itself, and against the codes and items of the dictionary."""
    for fault in dictionary.value_faults("INSTRUMENT", [instrument.code]):
        table.refuse("code", fault)
    if dictionary.instruments[instrument.code] is not instrument:
        table.refuse("code", f"The instrument {instrument.code!r} stands there twice.")
    if not instrument.sections:
        table.refuse("", "The instrument has no section.")
    _check_due(table, instrument, dictionary, requirements)
    _check_sections(table, instrument, dictionary)


def _check_due(
    table: Table, instrument: Instrument, dictionary: Dictionary, requirements: Mapping[str, Requirement]
) -> None:
    for place, due, faults in zip(table.tables("due"), instrument.due, due_faults(instrument.due), strict=True):
        for fault in dictionary.value_faults("SERVICE", {due.service} - {ANY}):
            place.refuse("service", fault)
        for fault in citation_faults(due.cites, requirements) if "cites" in place else ():
            place.refuse("cites", fault)
        for fault in faults:
            place.refuse("", fault)


def _check_sections(table: Table, instrument: Instrument, dictionary: Dictionary) -> None:
    seen: set[str] = set()
    for place, section in zip(table.tables("section"), instrument.sections, strict=True):
        if section.code in seen:
            place.refuse("code", f"The section {section.code!r} stands twice in this instrument.")
        seen.add(section.code)
        for fault in dictionary.item_faults(section.comment) if section.comment else ():
            place.refuse("comment", fault)
        if dictionary.repeats_of(section.code) != section.repeats:
            place.refuse(
                "repeats", f"The section {section.code!r} repeats another number of times in another instrument."
            )


def _read_age(table: Table) -> AgeRange:
    text = table.text("age")
    age = parse_age(text)
    if text and age is None:
        table.refuse("age", NO_AGE)
    return age or AgeRange()
