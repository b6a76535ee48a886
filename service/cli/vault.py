"""``ecas vault``: how the keys stand, and new ones in their place."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service import settings
from service.audit.acting import HOST
from service.audit.deed import DEPLOYMENT, Deed
from service.clock import from_milliseconds, utc_now
from service.keyring.rotation import Rotation, Standing
from service.keyring.sources import make_key_file
from service.main import Service, build_service
from service.outbox.engine import writing
from service.reports.run import Exit


@click.group(epilog="Example:  ecas vault rotate")
def command() -> None:
    """Show how the keys stand that seal what is stored, and put new ones in their place."""


@command.command(epilog="Example:  ecas vault status")
def status() -> int:
    """Show how the keys stand. Exit code 1 where a rotation or a change of the master is not at its end."""
    stands = _rotation(build_service(settings.load())).standing()
    sys.stdout.write(_told(stands))
    unfinished = stands.under_other_master or stands.retired or stands.first_form
    return Exit.FINDINGS if unfinished else Exit.CLEAN


@command.command(epilog="Example:  ecas vault rotate --agency riverbend")
@click.option("--agency", metavar="ID", help="Only this agency's key; else those of all.")
def rotate(agency: str | None) -> int:
    """Give agencies new keys, bring every record under them, and destroy the old keys; the service goes on meanwhile.

    May be stopped at any moment: the next one goes on from there. What the first release sealed is brought to this
    release's form.
    """
    service = build_service(settings.load())
    done = _rotation(service).run(None if agency is None else [agency])
    _tell(service, "keys.rotated", agency or DEPLOYMENT, f"keys={done.agencies} destroyed={done.destroyed}")
    sys.stdout.write(
        f"{done.agencies} new keys, {done.rewrapped} data keys brought under them, "
        f"{done.converted} values brought to this release's form, {done.destroyed} old keys destroyed.\n"
    )
    return Exit.CLEAN


@command.command("change-master", epilog="Example:  ecas vault change-master")
def change_master() -> int:
    """Bring every key under the present master key; after it the one before is needed no more.

    Set the new key (ECAS_KEY_FILE) and the one before (ECAS_PREVIOUS_KEY_FILE), start the programs anew, then this.
    """
    service = build_service(settings.load())
    done = _rotation(service).change_master()
    _tell(service, "keys.master_changed", DEPLOYMENT, f"keys={done.under_new_master}")
    sys.stdout.write(f"{done.under_new_master} keys brought under the present master key.\n")
    return Exit.CLEAN


@command.command("new-key", epilog="Example:  ecas vault new-key keys/master-2027.key")
@click.argument("file", type=click.Path(path_type=Path))
def new_key(file: Path) -> int:
    """Write a fresh master key to a file that only its owner may read; nothing is under it yet."""
    if not make_key_file(file):
        raise ConfigurationError(f"{file} is there already; a key file is never overwritten.")
    sys.stdout.write(f"A new master key was made: {file}\n")
    return Exit.CLEAN


def _rotation(service: Service) -> Rotation:
    return Rotation(engine=service.engine, vault=service.vault, clock=utc_now)


def _tell(service: Service, action: str, agency: str, detail: str) -> None:
    with writing(service.engine) as connection:
        service.audit.note(connection, Deed(agency=agency, action=action, actor=HOST, kind="key", detail=detail))


def _told(stands: Standing) -> str:
    since = "none yet" if stands.oldest is None else f"the oldest of {from_milliseconds(stands.oldest):%Y-%m-%d}"
    return (
        f"master key               {stands.master}\n"
        f"agencies with a key      {stands.agencies}, {since}\n"
        f"under another master     {stands.under_other_master}\n"
        f"retired, not destroyed   {stands.retired}\n"
        f"of the first release     {stands.first_form}\n"
    )
