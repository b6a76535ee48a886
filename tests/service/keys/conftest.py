"""Rosters as their keepers meet them: a service on a real database, and files of every sort."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path

import pytest

from service.main import Service, build_service
from service.settings import Settings
from validators.roster import COLUMNS, Roster

ROOT = Path(__file__).parents[3]
HEADER = ",".join(COLUMNS)


def _roster(*lines: str) -> Roster:
    """Return a roster of these lines; trailing columns may be left out."""
    whole = (line + "," * (len(COLUMNS) - len(next(csv.reader([line])))) for line in lines)
    return Roster.from_csv("\n".join([HEADER, *whole]).encode(), "roster.csv")


@pytest.fixture(scope="session")
def roster() -> Callable[..., Roster]:
    return _roster


@pytest.fixture
def service(tmp_path: Path, clock) -> Iterator[Service]:
    """A service with two agencies, and a clock that stands still."""
    built = build_service(Settings(data_dir=tmp_path / "var"), clock=clock)
    for agency in ("riverbend", "harborlight"):
        built.agencies.add(agency)
    yield built
    built.engine.dispose()


def _workbook(*rows: list[str], formula: str = "", merged: str = "", error: str = "", sheets: int = 1) -> bytes:
    """Return an .xlsx of these rows, written by hand; ``formula`` and ``error`` name a cell, ``merged`` a range."""
    cells = []
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            name = f"{chr(ord('A') + column)}{number}"
            if name == formula:
                cell = f'<c r="{name}"><f>1+1</f><v>2</v></c>'
            elif name == error:
                cell = f'<c r="{name}" t="e"><v>#N/A</v></c>'
            else:
                cell = f'<c r="{name}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
            cells.append((number, cell))
    data = "".join(
        f'<row r="{n}">{"".join(cell for m, cell in cells if m == n)}</row>' for n in range(1, len(rows) + 1)
    )
    merge = f'<mergeCells count="1"><mergeCell ref="{merged}"/></mergeCells>' if merged else ""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rel = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    numbers = range(1, sheets + 1)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
        + "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        + "".join(f'<Relationship Id="r{n}" Type="{rel}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
        + "</Relationships>",
        **{
            f"xl/worksheets/sheet{n}.xml": f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData>{merge}</worksheet>'
            for n in numbers
        },
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


@pytest.fixture(scope="session")
def workbook() -> Callable[..., bytes]:
    return _workbook


@pytest.fixture
def ecas(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run ``ecas`` beside the database of ``service``."""

    def run(*arguments: object, stdin: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ECAS_")}
        own = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "ECAS_DATA_DIR": str(tmp_path / "var")}
        return subprocess.run(
            [sys.executable, "-m", "service", *map(str, arguments)],
            cwd=tmp_path,
            input=stdin,
            env={**kept, **own, **variables},
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    return run
