"""``ecas backup``: a sealed copy of the whole database, taken while the service works."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from service import settings
from service.audit.acting import HOST
from service.audit.deed import DEPLOYMENT, Deed
from service.backup.taking import Taken, take, verify
from service.clock import from_milliseconds, utc_now
from service.identifiers import new_id
from service.keyring.sources import open_masters
from service.main import build_service
from service.outbox.engine import writing
from service.reports.run import Exit

_FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@click.group(epilog="Example:  ecas backup make /backups/ecas-2026-11-22.backup")
def command() -> None:
    """Take a backup while the service works, and check one."""


@command.command(epilog="Example:  ecas backup make /backups/ecas-2026-11-22.backup")
@_FILE
def make(file: Path) -> int:
    """Write everything that the database holds at this moment to a sealed file, and read it back.

    Everything that was acknowledged before is in it. It opens with the master key only, which is not in it: keep that one
    somewhere else.
    """
    chosen = settings.load()
    service = build_service(chosen)
    masters, _ = open_masters(chosen, may_make=False)
    taken = take(service.engine, masters, file, utc_now, new_id)
    deed = Deed(agency=DEPLOYMENT, action="copy.made", actor=HOST, kind="backup", about=taken.header.id)
    with writing(service.engine) as connection:
        service.audit.note(connection, deed)
    sys.stdout.write(_told(verify(file, masters)))
    return Exit.CLEAN


@command.command("verify", epilog="Example:  ecas backup verify /backups/ecas-2026-11-22.backup")
@_FILE
def verify_(file: Path) -> int:
    """Read a backup from end to end and prove every piece of it; no database is needed, only the master key."""
    masters, _ = open_masters(settings.load(), may_make=False)
    sys.stdout.write(_told(verify(file, masters)))
    return Exit.CLEAN


def _told(taken: Taken) -> str:
    made = from_milliseconds(taken.header.made_at)
    return (
        f"{taken.header.id}: whole. Taken at {made:%Y-%m-%d %H:%M:%S} UTC, schema {taken.header.schema}, "
        f"{taken.rows['submission']} submissions of {taken.rows['agency']} agencies, {taken.rows.total()} rows.\n"
    )
