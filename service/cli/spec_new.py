"""``ecas spec new``: a first draft of a package from a spreadsheet of items."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import click

from service import settings
from service.clock import utc_now
from service.reports.run import Exit
from service.scaffold.draft_package import draft_package
from service.scaffold.sheet_items import sheet_items
from service.sheets import read_sheets
from specs.catalog import Catalog


@click.command(name="new", epilog="\b\nExample:\n  ecas spec new dictionary.xlsx --out 2027.1-draft")
@click.argument("spreadsheet", type=click.Path(path_type=Path), metavar="SPREADSHEET.csv|.xlsx")
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", required=True, help="A new or empty folder.")
@click.option("--version", metavar="VERSION", help="What the package is called; else as the folder.")
@click.option("--from", "base", metavar="VERSION|FOLDER", help="Take the rest from this package; else from today's.")
def command(*, spreadsheet: Path, out: Path, version: str | None, base: str | None) -> int:
    """Make a draft that loads from a spreadsheet of items with at least the columns code, label and type.

    Further columns are those of items.csv (section, required, codes, length …). A code item names its list in “codes”,
    which a sheet called “codes” (list, code, label) holds, or lists its values in “values”: 0=None; 1=Mild.
    """
    catalog, today = Catalog(*settings.load().spec_path), utc_now().date()
    former = catalog.named(base) if base else catalog.for_date(today)
    sheet = sheet_items(str(spreadsheet), read_sheets(spreadsheet))
    digest = hashlib.sha256(spreadsheet.read_bytes()).hexdigest()
    source = f"{spreadsheet.name}, sha-256:{digest}"
    drafted = draft_package(sheet, former, out, version=version or out.resolve().name, today=today, source=source)
    sys.stdout.write(f"{out}: the draft {drafted.spec.version}, {len(drafted.spec.items)} items, loads.\n")
    if drafted.taken_over:
        sys.stdout.write(
            f"Taken from {former.version}, because nothing works without: {', '.join(drafted.taken_over)}.\n"
        )
    if sheet.unused:
        sys.stdout.write(f"Columns that mean nothing here: {', '.join(sheet.unused)}.\n")
    sys.stdout.write("It has no rules and no examples yet; NOTES.md says what is to be done by hand.\n")
    return Exit.CLEAN
