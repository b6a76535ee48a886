"""``ecas reconcile``: what the Virtual Gateway already holds, beside what is here."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import click

from service import settings
from service.cli import payload_files
from service.cli.format_option import FORMAT, format_named

_DAY: Final = click.DateTime(["%Y-%m-%d"])


@click.command(epilog="\b\nExample:\n  ecas reconcile exports/20261012-20261018.txt --mapping cans-export.toml")
@click.argument("paths", metavar="EXPORT...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--agency", metavar="ID", help="Whose submissions. [default: the agency of the settings]")
@click.option("--mapping", type=click.Path(path_type=Path), metavar="FILE", help="The mapping that reads the exports.")
@FORMAT
@click.option("--since", type=_DAY, metavar="DATE", help="The first day of exports whose names tell no period.")
@click.option("--until", type=_DAY, metavar="DATE", help="Their last day.")
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="So many of a kind at most.")
@click.option("--settled", is_flag=True, help="Show also what is with the state once.")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(
    *,
    paths: tuple[Path, ...],
    agency: str | None,
    mapping: Path | None,
    format_: str,
    since: datetime | None,
    until: datetime | None,
    limit: int,
    settled: bool,
    report: str,
) -> int:
    """Compare exports of the Virtual Gateway with the submissions here, on the database: per child and day.

    Shows no value of either side: records by file and line, submissions by id. Exit code 1 where there is anything to look at.
    """
    if (since is None) is not (until is None):
        raise click.UsageError("Give --since and --until, the first and the last day, together.")
    if since and until and since > until:
        raise click.UsageError("--since is the first day and --until the last: they are the wrong way round.")
    chosen = settings.load()
    whose = agency or chosen.agency
    if whose is None:
        raise click.UsageError("Name the agency: --agency ID.")
    files = payload_files.find(paths)
    from service.cli.export_files import ExportFiles  # noqa: PLC0415 - not before the arguments make sense
    from service.main import build_service  # noqa: PLC0415 - same
    from service.reconciling import json_form, text_form  # noqa: PLC0415 - same
    from service.reconciling.looking import look  # noqa: PLC0415 - same
    from service.reconciling.period import Period  # noqa: PLC0415 - same

    service = build_service(chosen)
    service.agencies.known(whose)
    stated = Period(since.date(), until.date()) if since and until else None
    opened = ExportFiles(whose, mapping, format_named(format_), stated)
    result = look(service, whose, opened.each(files))
    if report == "json":
        sys.stdout.write(json_form.write(result))
    else:
        sys.stdout.write(text_form.write(result, limit=limit, settled=settled))
    return result.exit_code
