"""``ecas spec fixtures``: test payloads made from a package, each with what must be found in it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service import settings
from service.clock import utc_now
from service.fixtures.folder import Format, write
from service.fixtures.pack import pack
from service.reports.run import Exit
from specs.catalog import Catalog


@click.command(
    name="fixtures", epilog="\b\nExample:\n  ecas spec fixtures --format fhir --out fixtures/fhir --spec 2026.1"
)
@click.option(
    "--format",
    "format_",
    type=click.Choice([format_.value for format_ in Format]),
    required=True,
    help="What the payloads are.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FOLDER", required=True, help="A new or empty folder.")
@click.option("--spec", "package", metavar="VERSION|FOLDER", help="Of this package, not of the one in force today.")
def command(format_: str, out: Path, package: str | None) -> int:
    """Write payloads that keep and break each rule, with what must be found in each."""
    catalog = Catalog(*settings.load().spec_path)
    named = package or settings.load().spec
    spec = catalog.named(named) if named else catalog.for_date(utc_now().date())
    made = pack(spec)
    write(made, spec, Format(format_), out)
    left = f", {len(made.left_out)} left out (see its README.md)" if made.left_out else ""
    sys.stdout.write(f"{len(made.fixtures)} fixtures of {spec.version} in {out}{left}.\n")
    return Exit.CLEAN
