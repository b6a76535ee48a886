"""``ecas validate``: is the export right, and if not, where exactly and how is it mended?"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from service.cli import payload_files
from service.cli.checker import Checker
from service.cli.judging_options import Choices, judging_options
from service.cli.report_option import Destination, report_option, tell
from service.clock import utc_now
from service.reports.printable import printable
from service.reports.run import Checked, FailOn, Run

#: How many unmapped places are listed; the JSON report has them all.
_LISTED: Final = 20


@click.command(
    epilog="\b\nExample:\n  ecas validate exports/ --roster roster.csv --report text --report junit=report.xml"
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@judging_options
@report_option
@click.option(
    "--fail-on",
    type=click.Choice([level.value for level in FailOn]),
    default=FailOn.ERROR.value,
    help="The least severity that makes the exit code 1. [default: error]",
)
@click.option(
    "--max-unmapped",
    type=click.IntRange(min=0, max=1_000),  # as many as a ledger tells apart
    metavar="N",
    help="Fail where more than N places of a file (columns, say) are named by no line of its mapping.",
)
@click.option("--without-edits", is_flag=True, help="Leave edits, which hold values, out of a JSON report.")
def command(
    *,
    paths: Sequence[Path],
    choices: Choices,
    reports: Sequence[Destination],
    fail_on: str,
    max_unmapped: int | None,
    without_edits: bool,
) -> int:
    """Check assessments, and say where each fault is and how to mend it."""
    files = payload_files.find(paths)
    payload_files.spare([report.file for report in reports if report.file], files)
    checker = Checker(choices, utc_now())
    edits = not without_edits and any(report.format == "json" for report in reports)
    payloads = tuple(checker.check(file, edits=edits) for file in files)
    run = Run(payloads=payloads, fail_on=FailOn(fail_on), max_unmapped=max_unmapped)
    tell(run, reports)
    for payload in run.lossy:
        sys.stderr.write(f"{_unmapped(payload, max_unmapped or 0)}\n")
    return run.exit_code


def _unmapped(payload: Checked, most: int) -> str:
    """Return which places of a payload nothing names, by their declared name or position."""
    assert payload.ledger is not None, "whatever loses fields has a ledger"
    ledger = payload.ledger
    named = [
        f"{place.name} ({place.fields:,} {'field' if place.fields == 1 else 'fields'})" for place in ledger.unmapped
    ]
    more = len(named) - _LISTED + ledger.unlisted
    told = ", ".join(named[:_LISTED]) + (f", and {more:,} more" if more > 0 else "")
    say = f"Nothing names {ledger.places:,} of its places, and {most:,} are allowed"
    return printable(f"{payload.name}: error unmapped  {say}: {told}.")
