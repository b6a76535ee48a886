"""``ecas keys snapshot``: a roster to take along to a build server, without its keys."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service.cli import private_file
from service.cli.roster_owner import AGENCY, kept
from service.reports.run import Exit


@click.command(epilog="\b\nExample:\n  ecas keys snapshot --agency riverbend --out roster.snapshot")
@AGENCY
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", required=True, help="Where to.")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=30,
    show_default=True,
    help="How long it is good; then it is refused.",
)
def snapshot(agency: str | None, out: Path, days: int) -> int:
    """Write a signed and sealed snapshot of a roster, for “ecas validate --roster FILE”, and print what reads it.

    The file holds keyed digests and no keys. What is printed last, alone on standard output, belongs into
    ECAS_SNAPSHOT_KEY of whoever judges with it; it stays the same from snapshot to snapshot.
    """
    from service.roster.snapshot import Snapshots  # noqa: PLC0415 - brings cryptography

    service, owner = kept(agency)
    roster = service.rosters.of(owner)
    if roster is None:
        raise ConfigurationError(f"{owner} has no roster yet; “ecas keys import” gives it one.")
    makes = Snapshots(
        service.vault.derived("roster snapshot", "sign", owner), service.vault.derived("roster snapshot", "seal", owner)
    )
    content = makes.write(roster, agency=owner, at=service.clock(), good_for=timedelta(days=days))
    private_file.write(out, content)
    sys.stderr.write(f"{len(roster)} keys as digests, good for {days} days. ECAS_SNAPSHOT_KEY is:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{makes.key}\n")
    return Exit.CLEAN
