"""``ecas keys import`` and ``ecas keys export``: a whole roster in, and out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service.cli import payload_files, private_file
from service.cli.columns import columns
from service.cli.roster_owner import AGENCY, kept, operator
from service.reports.run import Exit
from service.roster import file as roster_file
from service.roster.export import write
from service.roster.plan import Conflict, Plan


@click.command(name="import", epilog="\b\nExample:\n  ecas keys import roster.csv --agency riverbend --preview")
@click.argument("file", type=click.Path(path_type=Path))
@AGENCY
@click.option("--preview", is_flag=True, help="Say what would change, and change nothing.")
def import_(file: Path, agency: str | None, *, preview: bool) -> int:
    """Make an agency's roster say what a file says (CSV or .xlsx): who is not in it is gone, and stays in the history."""
    roster, content = roster_file.read(file, payload_files.name_of(file))
    service, owner = kept(agency)
    planned, conflicts = service.rosters.preview(owner, roster)
    sys.stdout.write(_told(planned, conflicts))
    if preview:
        sys.stdout.write("A preview: nothing was changed.\n")
        return Exit.CLEAN
    service.rosters.take(owner, roster, actor=operator(), content=content)
    sys.stdout.write(f"{len(roster.assessors)} certification keys are now on the roster of {owner}.\n")
    tell_released(service.intake.recheck(owner))
    return Exit.CLEAN


@click.command(epilog="\b\nExample:\n  ecas keys export --agency riverbend --with-keys --out roster.csv")
@AGENCY
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; else standard output.")
@click.option("--with-keys", is_flag=True, help="Write the keys too: to a file that only you may read.")
def export(agency: str | None, out: Path | None, *, with_keys: bool) -> int:
    """Write an agency's roster as CSV; no cell of it is a formula, and keys are masked unless they are asked for."""
    if with_keys and out is None:
        raise ConfigurationError(
            "Keys are credentials: with --with-keys, name a file with --out; its mode will be 0600."
        )
    service, owner = kept(agency)
    roster = service.rosters.of(owner)
    if roster is None:
        raise ConfigurationError(f"{owner} has no roster yet; “ecas keys import” gives it one.")
    content = write(roster.assessors, with_keys=with_keys)
    if out is None:
        sys.stdout.write(content.decode().replace("\r\n", "\n"))
    else:
        private_file.write(out, content)
    return Exit.CLEAN


def tell_released(released: int) -> None:
    """Say how many held submissions a change of the roster let go."""
    if released:
        sys.stdout.write(f"{released} held submissions are released and go on in their order.\n")


def _told(planned: Plan, conflicts: Iterable[Conflict]) -> str:
    """Say line by line what changes; keys are masked."""
    if planned.empty:
        return "Nothing changes.\n"
    rows = [("", "key", "name", "what")]
    rows += [("added", line.masked, f"{line.last_name}, {line.first_name}", "") for line in planned.added]
    rows += [("changed", one.line.masked, one.person.name, ", ".join(one.columns)) for one in planned.changed]
    rows += [("gone", certificate.masked, person.name, "") for person, certificate in planned.gone]
    rows += [
        ("conflict", line.masked, f"{line.last_name}, {line.first_name}", conflict.message)
        for conflict in conflicts
        for line in conflict.lines
    ]
    counts = f"{len(planned.added)} added, {len(planned.changed)} changed, {len(planned.gone)} gone, {len(planned.same)} as they were.\n"
    return columns(rows) + counts
