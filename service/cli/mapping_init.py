"""``ecas mapping init``: a first draft of a mapping from a sample of the export."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from canonical.payload import Payload
from service import settings
from service.cli import payload_files, private_file
from service.cli.format_option import FORMAT, format_named
from service.clock import utc_now
from service.drafting import draft_text
from service.drafting.draft import drafted
from service.drafting.names import ItemNames
from service.drafting.samples import sample_of
from service.drafting.targets import Targets
from service.reports.run import Exit
from specs.catalog import Catalog


@click.command(name="init", epilog="\b\nExample:\n  ecas mapping init export.csv --out mappings/riverbend.toml")
@click.argument("sample", type=click.Path(path_type=Path), metavar="SAMPLE")
@click.option("--spec", "package", metavar="VERSION|FOLDER", help="For this package, not for the one in force today.")
@FORMAT
@click.option("--agency", metavar="ID", help="Whose export it is; else the draft asks.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="A new file; else to standard output.")
@click.option(
    "--report",
    type=click.Choice(["text", "json"]),
    help="What to print: a report. [default: text with --out, else the draft]",
)
def command(
    *, sample: Path, package: str | None, format_: str, agency: str | None, out: Path | None, report: str | None
) -> int:
    """Draft a mapping from a sample of an export, and list first what only a person can tell.

    Names of columns, and words of small closed sets, are shown; nothing else of the sample is.
    """
    if out is not None and out.exists():
        raise ConfigurationError(f"{out} is there already: a mapping is never written over. Name a new file.")
    catalog = Catalog(*settings.load().spec_path)
    named = package or settings.load().spec
    spec = catalog.named(named) if named else catalog.for_date(utc_now().date())
    payload = Payload(content=payload_files.read(sample), name=payload_files.name_of(sample))
    found = sample_of(payload, format_named(format_), ItemNames(Targets(spec)))
    draft = drafted(found, spec, agency)
    if out is not None:
        private_file.write(out, draft_text.mapping(draft).encode())
    if report == "json":
        sys.stdout.write(draft_text.as_json(draft))
    elif report == "text" or out is not None:
        sys.stdout.write(draft_text.told(draft))
    else:
        sys.stdout.write(draft_text.mapping(draft))
    return Exit.CLEAN
