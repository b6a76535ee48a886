"""Workbooks that mean harm."""

from __future__ import annotations

import io
import random
import zipfile

import xlwt
from hostile.damage import Files, Kinds, cut, damaged
from hostile.xml_texts import HOST
from workbook_file import MAIN, packed, parts, sheet, text, workbook

from adapters.workbook import Workbook, read_workbook
from adapters.workbook_rows import sheet_rows

GOOD = workbook(
    [["RID", "Last", "First", "DOB", "Sleep"], ["42", "Wren", "Zoë", 's="1"><v>42145</v></c>', 't="n"><v>2</v></c>']]
)
TOKENS = (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"\0\0", b"\xff\xff\xff\xff")
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


def old() -> bytes:
    """Return a workbook of before 2007."""
    book = xlwt.Workbook()
    page = book.add_sheet("Sheet1")
    for row, cells in enumerate((["RID", "Last", "First", "DOB", "Sleep"], ["42", "Wren", "Zoë", "2015-05-21", "2"])):
        for place, cell in enumerate(cells):
            page.write(row, place, cell)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def one_part(name: str, content: str | bytes) -> bytes:
    """Return a good workbook with one part of it replaced."""
    return packed({**parts({"a": sheet([["a"]])}), name: content})


def of_rows(*rows: str) -> bytes:
    inside = "".join(rows)
    return packed(
        parts(
            {
                "a": f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1"><v>1</v></c></row>{inside}</sheetData></worksheet>'
            }
        )
    )


def bombs() -> Files:
    yield "a bomb", bomb(media=b"\0" * (90 * MB))
    yield "a bomb of sheets", packed(parts({"Sheet1": sheet([["a"]]) + " " * (90 * MB)}))
    yield "many bombs", bomb(**{f"m{n}": b"\0" * (20 * MB) for n in range(6)})
    yield "many members", bomb(**{f"m{n}": b"" for n in range(30_000)})
    yield "nested", bomb(embedded=nested(4))
    yield "nested alone", nested(4)
    yield "a small lie", lying(10)
    yield "a large lie", lying(4 * 10**9)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_BZIP2) as file:
        file.writestr("xl/workbook.xml", b"\0" * MB)
    yield "another packing", archive.getvalue()


def archives() -> Files:
    for name in (
        "../../etc/passwd",
        "/etc/passwd",
        "a\\b",
        "C:x",
        "xl/workbook.xml/",
        "\ud800".encode("utf-8", "replace").decode(),
    ):
        yield f"a member {name}", packed({**parts({"a": sheet([["a"]])}), name: "x"})
    yield "one over the other", GOOD.replace(b"xl/styles.xml", b"xl/workbook.x")
    yield "twice", GOOD + GOOD
    yield "behind something else", b"PK\x03\x04" + GOOD
    yield "the end alone", GOOD[GOOD.rindex(b"PK\x05\x06") :]
    yield "marks alone", b"PK\x03\x04xl/" * 1_000


def entities() -> Files:
    laughs = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]>'
    for name in (
        "xl/sharedStrings.xml",
        "xl/workbook.xml",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
        "xl/_rels/workbook.xml.rels",
    ):
        yield f"laughs in {name}", one_part(name, f"{laughs}<sst><si><t>&c;</t></si></sst>")
        yield f"outside in {name}", one_part(name, f'<!DOCTYPE a SYSTEM "http://{HOST}/"><workbook/>')
    relations = parts({"a": ""})["xl/_rels/workbook.xml.rels"]
    for target in (f"http://{HOST}/sheet.xml", "file:///etc/passwd", "../../../etc/passwd", "\\\\127.0.0.1\\x"):
        linked = relations.replace("worksheets/sheet1.xml", target).replace(
            "<Relationship ", '<Relationship TargetMode="External" ', 1
        )
        yield f"a sheet at {target}", one_part("xl/_rels/workbook.xml.rels", linked)


def _merged(cells: str) -> str:
    return f"<mergeCells>{cells}</mergeCells>"


def places() -> Files:
    far = (
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="9999999"><c r="ZZZ9999999"><v>1</v></c></row>',
        "<row r='-1'><c r='A-1'><v>1</v></c></row>",
        "<row r='99999999999999999999'><c r='A0'><v>1</v></c></row>",
    )
    for number, row in enumerate(far):
        yield f"far away {number}", of_rows(row)
    yield (
        "backwards",
        of_rows(
            '<row r="9"><c r="B9"><v>1</v></c></row>', '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>'
        ),
    )
    yield "merged over all", workbook([["a"]], after=_merged('<mergeCell ref="A1:XFD1048576"/>'))
    yield "merged over nothing", workbook([["a"]], after=_merged('<mergeCell ref="B:2"/><mergeCell/>'))
    yield "merged often", workbook([["a"]], after=_merged('<mergeCell ref="A1:C9"/>' * 50_000))
    yield "deep", packed(parts({"a": "<a>" * 100_000}))
    yield "wide", packed(parts({"a": "<a " + " ".join(f"b{n}=''" for n in range(100_000)) + "/>"}))
    yield "no sheets", packed({**parts({}), "xl/workbook.xml": f'<workbook xmlns="{MAIN}"/>'})
    yield "many sheets", packed(parts({f"s{n}": sheet([["a"]]) for n in range(900)}))
    yield "names alike", packed(parts({"a": sheet([["a"]]), "A": sheet([["b"]]), "a ": sheet([["c"]])}))
    own = parts({"a": ""})["xl/_rels/workbook.xml.rels"].replace("worksheets/sheet1.xml", "../xl/workbook.xml")
    yield "a sheet of itself", one_part("xl/_rels/workbook.xml.rels", own)


def formulas() -> Files:
    for number, formula in enumerate(
        (
            "1/0",
            f"WEBSERVICE(&quot;http://{HOST}/&quot;)",
            f"HYPERLINK(&quot;http://{HOST}/&quot;)",
            "cmd|' /C calc'!A0",
            "DDE(&quot;cmd&quot;,&quot;/C calc&quot;)",
            "A1",
            "(" * 5_000,
        )
    ):
        yield (
            f"a formula {number}",
            workbook([["RID", "Last"], [f"><f>{formula}</f><v>1</v></c>", f"><f>{formula}</f></c>"]]),
        )
    for number, cell in enumerate(("=cmd|' /C calc'!A0", "+1+1", "-2", "@SUM(A1)", "\t=1", "=1+1", "%0a=1")):
        yield (
            f"a text {number}",
            workbook([["RID", "Last", "First", "DOB", "Sleep"], ["42", text(cell), text(cell), cell, cell]]),
        )


def numbers() -> Files:
    cells = {
        "1e999": 't="n"><v>1e999</v></c>',
        "NaN": 't="n"><v>NaN</v></c>',
        "a day too far": 's="1"><v>1e15</v></c>',
        "a day too early": 's="1"><v>-1e15</v></c>',
        "a moment too far": 's="2"><v>2958466</v></c>',
        "a style of none": 's="9"><v>1</v></c>',
        "a string of none": 't="s"><v>99</v></c>',
        "a string before all": 't="s"><v>-1</v></c>',
        "a day of none": 't="d"><v>2026-99-99</v></c>',
        "half true": 't="b"><v>2</v></c>',
        "many digits": f't="n"><v>{"9" * 50_000}</v></c>',
        "an unknown kind": 't="zz"><v>1</v></c>',
        "no value": 't="n"></c>',
        "half a character": 't="inlineStr"><is><t>_xD800_</t></is></c>',
    }
    for name, cell in cells.items():
        yield name, workbook([["RID", "Last", "First", "DOB", "Sleep"], [cell, cell, "x", cell, cell]])


def of_before() -> Files:
    good = old()
    yield from cut(good, 50)
    yield from damaged(good, TOKENS, 40)
    chance = random.Random(7)
    for number in range(10):
        yield f"noise {number}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + chance.randbytes(4_000)


KINDS: Kinds = {
    "cut off": lambda: cut(GOOD, 50),
    "damaged": lambda: damaged(GOOD, TOKENS, 40),
    "zip bombs": bombs,
    "archives": archives,
    "from outside": entities,
    "places": places,
    "formulas": formulas,
    "huge numbers": numbers,
    "of before 2007": of_before,
}
