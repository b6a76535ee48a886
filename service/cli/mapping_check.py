"""``ecas mapping check``: a mapping beside a package, before any payload is read with it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from canonical.finding import Severity
from service import settings
from service.clock import utc_now
from service.proving.check import checked
from service.proving.remark import Remark
from service.proving.remark_reports import FORMATS, written
from service.reports.run import Exit, FailOn
from specs.catalog import Catalog

_FAILING: Final = {
    FailOn.ERROR: frozenset({Severity.ERROR}),
    FailOn.WARNING: frozenset({Severity.ERROR, Severity.WARNING}),
    FailOn.NEVER: frozenset[Severity](),
}


@click.command(name="check", epilog="\b\nExample:\n  ecas mapping check mappings/ --report github")
@click.argument("mappings", type=click.Path(path_type=Path), metavar="MAPPING...", nargs=-1, required=True)
@click.option("--spec", "package", metavar="VERSION|FOLDER", help="Beside this package, not the one in force today.")
@click.option("--report", type=click.Choice(FORMATS), default="text", help="How to tell it. [default: text]")
@click.option(
    "--fail-on",
    type=click.Choice([level.value for level in FailOn]),
    default=FailOn.ERROR.value,
    help="The least severity that makes the exit code 1. [default: error]",
)
def command(*, mappings: Sequence[Path], package: str | None, report: str, fail_on: str) -> int:
    """Check mappings: defects, unknown items, dead lines of code tables, what is not covered, days that cannot be."""
    catalog = Catalog(*settings.load().spec_path)
    named = package or settings.load().spec
    spec = catalog.named(named) if named else catalog.for_date(utc_now().date())
    files = [file for path in mappings for file in _files(path)]
    remarks: list[Remark] = [remark for file in files for remark in checked(file, spec)]
    sys.stdout.write(written(remarks, len(files), spec, report))
    failing = _FAILING[FailOn(fail_on)]
    return Exit.FINDINGS if any(remark.severity in failing for remark in remarks) else Exit.CLEAN


def _files(path: Path) -> list[Path]:
    """Return a mapping, or all of a folder.

    Raises:
        ConfigurationError: there is none.
    """
    found = sorted(path.glob("*.toml")) if path.is_dir() else [path] * path.exists()
    if not found:
        raise ConfigurationError(f"There is no mapping {path}.")
    return found
