"""Workbooks of Excel 97 (.xls), as a library writes them that we use for nothing else."""

from __future__ import annotations

import io
from datetime import date

import pytest
import xlwt

from adapters.remark import Oddity
from adapters.workbook import Workbook, read_workbook
from adapters.workbook_rows import sheet_rows


def written(*, date1904: bool = False) -> bytes:
    book = xlwt.Workbook()
    book.dates_1904 = date1904
    sheet = book.add_sheet("CANS")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for column, name in ((0, "Who"), (1, "When"), (2, "Risk"), (4, "Note")):
        sheet.write(0, column, name)
    sheet.merge(0, 0, 2, 3)
    for column, value in enumerate(("Zoë", date(2026, 3, 4), 1.0, True, "a")):
        sheet.write(1, column, value, day if column == 1 else xlwt.Style.default_style)
    book.add_sheet("Old").visibility = 1
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


@pytest.mark.parametrize("date1904", [False, True])
def test_an_old_workbook_is_read_like_a_new_one(date1904):
    """Texts, numbers, booleans, merged headers and days of either system are those of .xlsx."""
    read = read_workbook(written(date1904=date1904), "a.xls", {"CANS"})
    assert isinstance(read, Workbook)
    head, row = sheet_rows(read.sheets[0])
    assert list(head.cells) == ["Who", "When", "Risk", "Risk", "Note"]
    assert list(row.cells) == ["Zoë", "2026-03-04", "1", "TRUE", "a"]
    assert row.source(1).label == "CANS!B2"
    assert [remark.what for remark in read.sheets[1].remarks()] == [Oddity.HIDDEN]
    assert not read.complete


def test_an_old_workbook_that_breaks_off_is_refused_or_read():
    """Cut anywhere, it is told or refused, never an exception."""
    content = written()
    for end in range(0, len(content), 400):
        read = read_workbook(content[:end], "a.xls")
        assert isinstance(read, Workbook) or read[0].reason
