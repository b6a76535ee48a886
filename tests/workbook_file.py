"""Workbooks written by hand: .xlsx as the parts of its archive, so that each can be wrong on purpose."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
#: The style of a date, of a moment, of a time and of a duration.
DATE, MOMENT, TIME, DURATION = "1", "2", "3", "4"

_STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="200" formatCode="[h]:mm:ss"/></numFmts>'
    '<cellXfs count="5"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="200"/>'
    "</cellXfs></styleSheet>"
)


def column(number: int) -> str:
    """Return the letters of a column, from 0."""
    return (column(number // 26 - 1) if number >= 26 else "") + chr(ord("A") + number % 26)


def text(value: str) -> str:
    return f't="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'


def number(value: str, style: str = "0") -> str:
    return f's="{style}"><v>{value}</v></c>'


def sheet(rows: Sequence[Sequence[str]], *, after: str = "", hidden: Sequence[int] = ()) -> str:
    """Return a worksheet; a cell is what ``text`` or ``number`` returns, or empty, or a plain text."""
    lines = []
    for at, row in enumerate(rows, start=1):
        cells = "".join(
            f'<c r="{column(place)}{at}" {cell if "</c>" in cell else text(cell)}'
            for place, cell in enumerate(row)
            if cell
        )
        unseen = ' hidden="1"' if at in hidden else ""
        lines.append(f'<row r="{at}"{unseen}>{cells}</row>')
    return f'<worksheet xmlns="{MAIN}"><sheetData>{"".join(lines)}</sheetData>{after}</worksheet>'


def parts(sheets: Mapping[str, str], *, date1904: str = "", states: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the parts of a workbook of these sheets."""
    states = states or {}
    names = list(enumerate(sheets, start=1))
    properties = f'<workbookPr date1904="{date1904}"/>' if date1904 else ""
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}"{f" state={quoteattr(states[name])}" if name in states else ""}/>'
        for n, name in names
    )
    related = "".join(
        f'<Relationship Id="r{n}" Type="{RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in names
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">{properties}<sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{related}'
        f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _STYLES,
        **{f"xl/worksheets/sheet{n}.xml": sheets[name] for n, name in names},
    }


def packed(members: Mapping[str, str | bytes], *, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return an archive of these members."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()


def workbook(rows: Sequence[Sequence[str]], *, name: str = "Sheet1", date1904: str = "", **more: object) -> bytes:
    """Return a workbook of one sheet."""
    return packed(parts({name: sheet(rows, **more)}, date1904=date1904))  # type: ignore[arg-type]
