"""The forty as tables: delimited text in its dialects, and workbooks."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from datetime import date

import workbook_file
import xlwt
from forty.assessments import Answers, spec
from forty.words import Words, lines, quoted

from specs.spec import Type

US = Words(day="%m/%d/%Y", drops_zeros=True)
_EPOCH = date(1899, 12, 30)


def column(code: str) -> str:
    """Return what the sender calls the column of an item."""
    return f"Q {code.replace('_', ' ').lower()}"


def written(rows: Sequence[Sequence[str]], delimiter: str, encoding: str) -> bytes:
    """Return rows as delimited text."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def wide(assessments: Sequence[Answers], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """Return one row an assessment, below a header."""
    return written([[column(code) for code in lines()], *_rows(assessments)], delimiter, encoding)


def positional(assessments: Sequence[Answers]) -> bytes:
    """Return one row an assessment, without a header, and a caret at the end."""
    return written([[*row, "^"] for row in _rows(assessments)], "|", "utf-8")


def long(assessments: Sequence[Answers]) -> bytes:
    """Return one row an answer."""
    rows = [
        [str(number), column(code), US.word(code, text)]
        for number, answers in enumerate(assessments)
        for code, text in answers.items()
    ]
    return written([["Record", "Question", "Answer"], *rows], ",", "utf-8")


def wide_mapping(head: str = "") -> str:
    return US.mapping("delimited", {code: f"from = {quoted(column(code))}" for code in lines()}, head)


def positional_mapping() -> str:
    head = f'header = false\nfields = {len(lines()) + 1}\ntrailer = "^"\ndelimiter = "|"'
    return US.mapping("delimited", {code: f"field = {at}" for at, code in enumerate(lines(), start=1)}, head)


def long_mapping() -> str:
    text = US.mapping("delimited", {code: f"question = {quoted(column(code))}" for code in lines()}, 'layout = "long"')
    return text.replace("[items]", '[long]\nkey = ["Record"]\nitem = "Question"\nvalue = "Answer"\n\n[items]', 1)


def xlsx(assessments: Sequence[Answers]) -> bytes:
    """Return a workbook of today: dates are serials, the member's id is a number."""
    rows = [[_cell(code, answers.get(code, "")) for code in lines()] for answers in assessments]
    return workbook_file.workbook([[workbook_file.text(column(code)) for code in lines()], *rows])


def xls(assessments: Sequence[Answers]) -> bytes:
    """Return a workbook of before 2007."""
    book = xlwt.Workbook()
    sheet, day = book.add_sheet("Sheet1"), xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for at, code in enumerate(lines()):
        sheet.write(0, at, column(code))
        for row, answers in enumerate(assessments, start=1):
            if code not in answers:
                continue
            if spec().occurrences[code].type is Type.DATE:
                sheet.write(row, at, date.fromisoformat(answers[code]), day)
            elif code == "MEMBER_ID":
                sheet.write(row, at, int(answers[code]))
            else:
                sheet.write(row, at, US.word(code, answers[code]))
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def workbook_mapping() -> str:
    return US.mapping("workbook", {code: f"from = {quoted(column(code))}" for code in lines()})


def _rows(assessments: Sequence[Answers]) -> list[list[str]]:
    return [[US.word(code, answers[code]) if code in answers else "" for code in lines()] for answers in assessments]


def _cell(code: str, text: str) -> str:
    if not text:
        return ""
    if spec().occurrences[code].type is Type.DATE:
        return workbook_file.number(str((date.fromisoformat(text) - _EPOCH).days), workbook_file.DATE)
    return workbook_file.number(str(int(text))) if code == "MEMBER_ID" else _text(US.word(code, text))


def _text(text: str) -> str:
    """Return a text as Excel writes it: a carriage return is an escape, and what looks like one is no escape."""
    escaped = re.sub("_(?=x[0-9A-Fa-f]{4}_)", "_x005F_", text)
    return workbook_file.text(escaped.replace("\r", "_x000D_"))
