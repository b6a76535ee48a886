"""Workbooks of Excel, read with the agency's mapping as tables: what columns, headers and layouts are is said there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from adapters.agency_mapping import AgencyMapping, ItemMapping
from adapters.faults import NOT_A_PAYLOAD
from adapters.mapped import MappedReader
from adapters.remark import Oddity, Remark
from adapters.stream import Stream
from adapters.table import Table
from adapters.told import refused, remarked
from adapters.transforms import Dates
from adapters.workbook import Sheet, read_workbook
from adapters.workbook_rows import SheetRow, sheet_rows
from canonical.assessment import Reading, Source
from canonical.finding import Finding
from canonical.payload import Payload

FORMAT: Final = "workbook"


class Workbooks:
    """Reads workbooks."""

    def read(self, payload: Payload, mapping: AgencyMapping | None) -> Reading:
        """Return all assessments at once."""
        return self.stream(payload, mapping).gathered()

    def stream(self, payload: Payload, mapping: AgencyMapping | None) -> Stream:
        """Return the assessments one by one."""
        if mapping is None:
            message = "The file is a workbook, which can be read only with a mapping of the agency; none describes it and was in force on its day."
            whole = Source(file=payload.name, label="the whole file")
            return Stream(Reading(format=FORMAT, findings=(NOT_A_PAYLOAD.found(message, whole),)))
        begun = Reading(format=FORMAT, mapping=mapping.identity)
        sheet = _sheet(payload, mapping)
        if isinstance(sheet, tuple):
            return Stream(replace(begun, findings=sheet))
        rows = _rows(sheet, mapping)
        odd = [*_others(sheet, mapping), *sheet.remarks(), *(remark for row in rows for remark in row.remarks())]
        begun = replace(begun, findings=tuple(remarked(odd)))
        expected = Table(rows, mapping, payload.name).keys() if mapping.layout.long else None
        table = Table(rows, mapping, payload.name, expected)
        return Stream(begun, table.records(), MappedReader(mapping, payload.agency))

    def describes(self, mapping: AgencyMapping, payload: Payload) -> bool:
        """Return whether the sheet has the columns that a mapping names."""
        sheet = _sheet(payload, mapping)
        return not isinstance(sheet, tuple) and Table(_rows(sheet, mapping), mapping, payload.name).is_described()

    def locate(self, payload: Payload, sources: Iterable[Source]) -> dict[Source, Source]:  # noqa: ARG002 - no need to look
        """Return the sources as they are: a cell has an address, and no line."""
        return {source: source for source in sources}


def _sheet(payload: Payload, mapping: AgencyMapping) -> Sheet | tuple[Finding, ...]:
    """Return the sheet that the mapping names, or the first one; or why there is none."""
    book = read_workbook(payload.content, payload.name, frozenset({mapping.sheet} if mapping.sheet else ()))
    if isinstance(book, tuple):
        return refused(book, payload.name)
    whole = Source(file=payload.name, label="the whole file")
    if book.date1904 and (counted := [item for item, mapped in mapping.items.items() if _counts_from_1900(mapped)]):
        message = (
            "The days of the workbook count from 1904, and the mapping reads numbers as days from 1900 (“serial”)."
        )
        return (NOT_A_PAYLOAD.found(message, whole, items=tuple(counted)),)
    found = next((sheet for sheet in book.sheets if mapping.sheet in (None, sheet.name)), None)
    if found is not None:
        return found
    message = f"The workbook has no sheet of the name “{mapping.sheet}”, which the mapping reads."
    return (NOT_A_PAYLOAD.found(message, whole),)


def _counts_from_1900(mapped: ItemMapping) -> bool:
    """Return whether a number is read as a day of the count that is not the workbook's: it would be four years off."""
    return any(isinstance(step, Dates) and "serial" in step.forms for step in mapped.transforms)


def _others(sheet: Sheet, mapping: AgencyMapping) -> Iterator[Remark]:
    """Yield that other sheets hold something too, where the mapping does not say which one it means."""
    if mapping.sheet is None and sheet.beside:
        sentence = (
            f"The first sheet was read; {sheet.beside} more hold something, and the mapping names none (“sheet”)."
        )
        yield Remark(what=Oddity.OTHER_SHEETS, sentence=sentence, source=Source(file=sheet.file, label=sheet.shown))


def _rows(sheet: Sheet, mapping: AgencyMapping) -> list[SheetRow]:
    layout = mapping.layout
    return list(sheet_rows(sheet, first=layout.header_row, header=layout.header_rows if layout.header else 0))
