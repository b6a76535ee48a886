"""``ecas doctor``: whether everything is where it should be, and how to mend what is not."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service.clock import utc_now
from service.examination import Health, Observation, examine
from service.reports.printable import printable
from service.reports.run import Exit


@click.command(epilog="Example:  ecas doctor")
def command() -> int:
    """Look at the installation, the settings and what they name; change nothing, and say how to mend what is wrong."""
    failed = False
    for observation in examine(Path.cwd(), utc_now()):
        sys.stdout.write(_told(observation))
        failed = failed or observation.health is Health.FAIL
    return Exit.USAGE if failed else Exit.CLEAN


def _told(observation: Observation) -> str:
    """Return the line of one thing, and a second one where it needs mending."""
    seen = "\n                     ".join(printable(line) for line in observation.seen.splitlines())
    line = f"{observation.health.value:<5} {observation.subject:<14} {seen}\n"
    return f"{line}      mend           {printable(observation.mend)}\n" if observation.mend else line
