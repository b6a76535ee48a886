"""Workbooks that mean harm."""

from __future__ import annotations

import io
import random
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from hostile_bytes import cut, damaged
from workbook_file import MAIN, packed, parts, sheet, text, workbook

from adapters.workbook import Workbook, read_workbook
from adapters.workbook_rows import sheet_rows

GOOD = workbook([["Who", "Sleep"], ["Zoë", 't="n"><v>2</v></c>']])
MB = 1_000_000


def read(content: bytes) -> None:
    book = read_workbook(content, "a.xlsx")
    if not isinstance(book, Workbook):
        assert book[0].reason
        return
    for one in book.sheets:
        for row in sheet_rows(one):
            list(row.remarks())
        list(one.remarks())


def bomb(**members: bytes) -> bytes:
    return packed({**parts({"Sheet1": sheet([["a"]])}), **{f"xl/{name}": content for name, content in members.items()}})


def nested(levels: int) -> bytes:
    inner = b"\0" * MB
    for _ in range(levels):
        inner = packed({f"{n}.zip": inner for n in range(4)})
    return inner


def lying(size: int) -> bytes:
    """Return a workbook whose directory says that a sheet is of another size than it is."""
    content = bytearray(packed(parts({"Sheet1": sheet([["a" * 50]] * 20_000)})))
    name = b"xl/worksheets/sheet1.xml"
    for begin, at in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        place = content.rindex(name) - 46 if begin == b"PK\x01\x02" else content.index(name) - 30
        content[place + at : place + at + 4] = size.to_bytes(4, "little")
    return bytes(content)


def corpus() -> Iterator[tuple[str, bytes]]:
    yield from cut(GOOD, 150)
    yield from damaged(GOOD, (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\0\0", b"\xff\xff\xff\xff"), 20)
    yield "a bomb", bomb(media=b"\0" * (90 * MB))
    yield "a bomb of sheets", packed(parts({"Sheet1": sheet([["a"]]) + " " * (90 * MB)}))
    yield "many bombs", bomb(**{f"m{n}": b"\0" * (20 * MB) for n in range(6)})
    yield "many members", bomb(**{f"m{n}": b"" for n in range(30_000)})
    yield "nested", bomb(embedded=nested(4))
    yield "nested alone", nested(4)
    yield "a small lie", lying(10)
    yield "a large lie", lying(4 * 10**9)
    yield (
        "laughs",
        packed(
            {
                **parts({"a": sheet([["a"]])}),
                "xl/sharedStrings.xml": b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><sst><si><t>&c;</t></si></sst>',
            }
        ),
    )
    yield (
        "outside",
        packed(
            {**parts({"a": sheet([["a"]])}), "xl/workbook.xml": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/"><workbook/>'}
        ),
    )
    far = (
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="9999999"><c r="ZZZ9999999"><v>1</v></c></row>',
        "<row r='-1'><c r='A-1'><v>1</v></c></row>",
        "<row r='99999999999999999999'><c r='A0'><v>1</v></c></row>",
    )
    for number, row in enumerate(far):
        yield (
            f"far away {number}",
            packed(
                parts(
                    {
                        "a": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>{row}</sheetData></worksheet>'
                    }
                )
            ),
        )
    yield "merged over all", workbook([["a"]], after='<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>')
    yield "merged over nothing", workbook([["a"]], after='<mergeCells><mergeCell ref="B:2"/><mergeCell/></mergeCells>')
    yield (
        "formulas",
        workbook(
            [
                [
                    "><f>1/0</f><v>1</v></c>",
                    "><f>WEBSERVICE(&quot;http://127.0.0.1:9/&quot;)</f></c>",
                    text("=cmd|' /C calc'!A0"),
                ]
            ]
        ),
    )
    yield (
        "numbers",
        workbook(
            [
                [
                    't="n"><v>1e999</v></c>',
                    't="n"><v>NaN</v></c>',
                    's="1"><v>1e15</v></c>',
                    's="1"><v>-1e15</v></c>',
                    's="2"><v>2958466</v></c>',
                    's="9"><v>1</v></c>',
                    't="s"><v>99</v></c>',
                    't="s"><v>-1</v></c>',
                    't="d"><v>2026-99-99</v></c>',
                    't="b"><v>2</v></c>',
                ]
            ]
        ),
    )
    yield "deep", packed(parts({"a": "<a>" * 100_000}))
    yield "wide", packed(parts({"a": "<a " + " ".join(f"b{n}=''" for n in range(100_000)) + "/>"}))
    yield "no sheets", packed({**parts({}), "xl/workbook.xml": f'<workbook xmlns="{MAIN}"/>'})
    yield (
        "a sheet of itself",
        packed(
            {
                **parts({"a": sheet([["a"]])}),
                "xl/_rels/workbook.xml.rels": parts({"a": ""})["xl/_rels/workbook.xml.rels"].replace(
                    "worksheets/sheet1.xml", "../xl/workbook.xml"
                ),
            }
        ),
    )
    chance = random.Random(7)
    for number in range(10):
        yield f"an old file {number}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + chance.randbytes(4_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("xl/workbook.xml", b"\0" * MB)
    yield "another packing", archive.getvalue()
