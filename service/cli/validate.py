"""``ecas validate``: is the export right, and if not, where exactly and how is it mended?"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from service.cli import payload_files
from service.cli.checker import Checker
from service.cli.judging_options import Choices, judging_options
from service.cli.report_option import Destination, report_option, tell
from service.clock import utc_now
from service.reports.run import FailOn, Run


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
def command(paths: Sequence[Path], choices: Choices, reports: Sequence[Destination], fail_on: str) -> int:
    """Check assessments, and say where each fault is and how to mend it."""
    files = payload_files.find(paths)
    payload_files.spare([report.file for report in reports if report.file], files)
    checker = Checker(choices, utc_now())
    payloads = tuple(checker.check(file) for file in files)
    run = Run(payloads=payloads, fail_on=FailOn(fail_on))
    tell(run, reports)
    return run.exit_code
