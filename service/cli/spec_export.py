"""``ecas spec export``: a package's dictionary for the tools of EHR teams, for a spreadsheet, or to read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Final, TypeAlias

import click

from canonical.errors import ConfigurationError
from service import settings
from service.clock import utc_now
from service.reports.run import Exit
from specs.catalog import Catalog
from specs.spec import Spec

#: Writes a package as the bytes of one file.
Writer: TypeAlias = Callable[[Spec], bytes]

#: Each format: the module that writes it, its function, and what the file is called unless told otherwise.
_FORMATS: Final = {
    "fhir": ("fhir_package", "fhir_package", "package.tgz"),
    "csv": ("dictionary_csv", "dictionary_csv", "dictionary.csv"),
    "html": ("browsable_html", "browsable_html", "dictionary.html"),
}


@click.command(name="export", epilog="\b\nExample:\n  ecas spec export --format fhir --spec 2026.1 --out package.tgz")
@click.option(
    "--format",
    "format_",
    type=click.Choice(list(_FORMATS)),
    required=True,
    help="fhir: a FHIR npm package with the Questionnaires. csv: one row an item. html: one page to browse.",
)
@click.option("--spec", "package", metavar="VERSION|FOLDER", help="Of this package, not of the one in force today.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    metavar="FILE|-",
    help="Where to write. [default: package.tgz, dictionary.csv or dictionary.html]",
)
def command(format_: str, package: str | None, out: Path | None) -> int:
    """Write the dictionary of a package for other people's tools. The same package gives the same bytes."""
    module, function, name = _FORMATS[format_]
    write: Writer = getattr(import_module(f"service.exports.{module}"), function)
    spec = _chosen(package)
    content, out = write(spec), out or Path(name)
    if out == Path("-"):
        sys.stdout.buffer.write(content)
        return Exit.CLEAN
    try:
        out.write_bytes(content)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}.") from None
    sys.stdout.write(f"The {spec.status.value} {spec.version} in {out}, {len(content):,} bytes.\n")
    return Exit.CLEAN


def _chosen(package: str | None) -> Spec:
    """Return the package that was named, here or in the settings, or the one in force today."""
    chosen = settings.load()
    catalog, named = Catalog(*chosen.spec_path), package or chosen.spec
    return catalog.named(named) if named else catalog.for_date(utc_now().date())
