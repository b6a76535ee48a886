"""``ecas restore``: a copy of the database begins in quarantine, and ends it when the state was asked."""

from __future__ import annotations

import asyncio
import sys
from datetime import datetime
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service import settings, telemetry
from service.audit.acting import login
from service.audit.deed import DEPLOYMENT, Deed
from service.backup.reconciling import Reconciled, Reconciling
from service.backup.restoring import restore
from service.clock import utc_now
from service.delivery import Delivery
from service.keyring.sources import open_masters
from service.main import DESTINATION, Service, build_service, open_delivery
from service.outbox.engine import writing
from service.outbox.quarantines import Quarantine
from service.reports.run import Exit

_GAP = (
    "What was acknowledged after the backup was taken is not in this copy, and the state offers no list of what it has:\n"
    "tell the agencies to submit again whatever they sent since. What the state has already is recognised by its key and\n"
    "takes no effect twice. API keys that were revoked since work again: revoke them again; and erase again what\n"
    "“ecas erase list” of before names.\n"
)
_NONE = "No quarantine stands: this database is not known to be a restored copy."


@click.group("restore", epilog="Example:  ecas restore from /backups/ecas-2026-11-22.backup")
def command() -> None:
    """Restore a backup into an empty database, ask the state what became of it, and let it send again."""


@command.command("from", epilog="Example:  ecas restore from /backups/ecas-2026-11-22.backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
def from_(file: Path) -> int:
    """Restore a backup into the empty database of these settings; nothing is sent from it until it is released."""
    chosen = settings.load()
    masters, _ = open_masters(chosen, may_make=False)
    taken = restore(file, chosen, masters, utc_now, destination=DESTINATION)
    service = build_service(chosen)
    _tell(service, "restored", taken.header.id)
    sys.stdout.write(
        f"Restored {taken.header.id}: {taken.rows['submission']} submissions of {taken.rows['agency']} agencies.\n"
        f"{_GAP}Now: ecas restore reconcile\n"
    )
    return Exit.CLEAN


@command.command(epilog="Example:  ecas restore quarantine --note 'pg_basebackup of 2026-11-22'")
@click.option("--note", required=True, metavar="TEXT", help="Which copy this is, and when it was taken.")
def quarantine(note: str) -> int:
    """Say that another tool restored this database: nothing is sent from it until it is reconciled and released."""
    service = build_service(settings.load())
    service.outbox.begin_quarantine("", None)
    _tell(service, "quarantined", "", note)
    sys.stdout.write(f"{_GAP}Now: ecas restore reconcile\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas restore status")
def status() -> int:
    """Show whether this is a restored copy, and how far it is reconciled. Exit code 1 while a quarantine stands."""
    stands = build_service(settings.load()).outbox.quarantine()
    sys.stdout.write(f"{_NONE}\n" if stands is None else _told(stands))
    return Exit.CLEAN if stands is None else Exit.FINDINGS


@command.command(epilog="Example:  ecas restore reconcile")
def reconcile() -> int:
    """Ask the state, by key, about everything that may have been sent since the copy was taken, and record its word.

    Nothing is sent. It may be stopped and started again. Exit code 3 where the state gave no word about some.
    """
    chosen = settings.load()
    telemetry.configure(chosen.log_level)
    service = build_service(chosen)
    if service.outbox.quarantine() is None:
        raise ConfigurationError(_NONE)
    with open_delivery(service) as delivery:
        done = asyncio.run(_reconciled(service, delivery))
    sys.stdout.write("".join(f"{outcome:<12} {count}\n" for outcome, count in sorted(done.found.items())))
    if done.open:
        shown = "".join(f"  {id_}\n" for id_ in done.open[:20])
        click.echo(f"The state gave no word about {len(done.open)}:\n{shown}Do it again, or look at them.", err=True)
        return Exit.COULD_NOT_CHECK
    sys.stdout.write("Reconciled. Now: ecas restore release --note TEXT\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas restore release --note 'drill of 2026-11-22'")
@click.option("--note", required=True, metavar="TEXT", help="Who looked, and what the agencies were told.")
@click.option(
    "--leave-in-doubt", is_flag=True, help="Though the state gave no word about some: they are asked about first."
)
def release(note: str, *, leave_in_doubt: bool) -> int:
    """Let a reconciled copy send again."""
    service = build_service(settings.load())
    stands = service.outbox.quarantine()
    if stands is None:
        raise ConfigurationError(_NONE)
    if stands.open and not leave_in_doubt:
        raise ConfigurationError(
            f"The state was not asked about {stands.open} yet: “ecas restore reconcile” asks. Where it cannot answer, "
            "--leave-in-doubt lets the workers ask before they send."
        )
    doubtful = service.outbox.release_quarantine(actor=f"host:{login()}", note=note)
    _tell(service, "released", stands.backup, note)
    sys.stdout.write(f"Released; {doubtful} are in doubt, and asked about before they are sent.\n")
    return Exit.CLEAN


async def _reconciled(service: Service, delivery: Delivery) -> Reconciled:
    loop = asyncio.get_running_loop()
    reconciling = Reconciling(
        outbox=service.outbox,
        attempts=delivery.attempts,
        stored=lambda work, *arguments: loop.run_in_executor(delivery.store, work, *arguments),
    )
    try:
        return await reconciling.run()
    finally:
        await delivery.roads.close()


def _tell(service: Service, what: str, backup: str, note: str = "") -> None:
    deed = Deed(
        agency=DEPLOYMENT, action=f"copy.{what}", actor=f"host:{login()}", kind="backup", about=backup, note=note
    )
    with writing(service.engine) as connection:
        service.audit.note(connection, deed)


def _told(stands: Quarantine) -> str:
    copied = "at an unknown moment" if stands.copied_at is None else _minute(stands.copied_at)
    found = "".join(f"  {outcome:<12} {count}\n" for outcome, count in sorted(stands.found.items()))
    return (
        f"This is a restored copy, epoch {stands.epoch}: taken {copied}, restored {_minute(stands.began_at)}.\n"
        f"Nothing is sent from it. To be asked about: {stands.open}.\n{found}"
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
