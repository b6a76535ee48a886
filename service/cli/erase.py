"""``ecas erase``: the data key of a record is destroyed, and nobody can read it again."""

from __future__ import annotations

import json
import sys
from datetime import UTC
from pathlib import Path

import click

from service import settings
from service.audit.acting import login
from service.cli.columns import columns
from service.cli.secret_line import read_line
from service.clock import from_milliseconds
from service.erasure import Erased, Order
from service.main import Service, build_service
from service.reports.run import Exit

_NOTE = click.option("--note", required=True, metavar="TEXT", help="Who asked for it, and why; kept sealed.")
_FILE = click.Path(path_type=Path, allow_dash=True)


@click.group(epilog="Example:  ecas erase submission sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'DPO, case 12'")
def command() -> None:
    """Erase records for good, by destroying their keys; metadata without a child in it stays."""


@command.command(epilog="Example:  ecas erase submission sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'DPO, case 12'")
@click.argument("submission", metavar="ID")
@_NOTE
def submission(submission: str, note: str) -> int:
    """Erase one submission that has ended, and the payload that brought it.

    Refused while it is on its way, or a legal hold stands over it or over what came with it.
    """
    service = _service()
    return _told(service.erasures.submission(submission, _order(note)))


@command.command(
    epilog="\b\nExamples:\n"
    "  ecas erase child --of sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'DPO, case 12'\n"
    "  ecas erase child --agency riverbend --member-id-file member.txt --note 'DPO, case 12'"
)
@click.option("--of", metavar="ID", help="The child is that of this submission.")
@click.option("--agency", metavar="ID", help="The agency that knows the child by an identifier.")
@click.option("--member-id-file", type=_FILE, metavar="FILE|-", help="The MassHealth ID.")
@click.option("--local-id-file", type=_FILE, metavar="FILE|-", help="The agency's own number.")
@_NOTE
def child(
    *, of: str | None, agency: str | None, member_id_file: Path | None, local_id_file: Path | None, note: str
) -> int:
    """Erase everything of a child at one agency, and the digests by which it is found.

    An identifier is read from a file or standard input (-), never from the command line, which every process can read.
    """
    named = {"MEMBER_ID": member_id_file, "MEMBER_LOCAL_ID": local_id_file}
    files = {kind: file for kind, file in named.items() if file is not None}
    if len(files) + (of is not None) != 1 or (agency is None) is not (of is not None):
        raise click.UsageError("Name the child once: --of, or --agency with --member-id-file or --local-id-file.")
    erasures = _service().erasures
    if of is not None:
        return _told(erasures.child_of(of, _order(note)))
    assert agency is not None
    return _told(erasures.child(agency, {kind: read_line(file) for kind, file in files.items()}, _order(note)))


@command.command("list", epilog="Example:  ecas erase list --report json")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_(report: str) -> int:
    """List what was erased, oldest first: keep it beside the backups, and erase it again after a restore."""
    journal = _service().erasures.journal()
    if report == "json":
        sys.stdout.write(json.dumps({"erased": journal}, indent=2) + "\n")
        return Exit.CLEAN
    rows = [
        (f"{from_milliseconds(one['at']).astimezone(UTC):%Y-%m-%d %H:%M}", one["kind"], one["subject"], one["why"])
        for one in journal
    ]
    sys.stdout.write(columns([("erased at", "what", "id", "why"), *rows]))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas erase scrub")
def scrub() -> int:
    """Empty the journal and the free pages of what was erased; done after every erasure, unless a long look was open."""
    if _service().erasures.scrub():
        return Exit.CLEAN
    click.echo("Somebody keeps a long look at the database open (a backup?); do it again when that is over.", err=True)
    return Exit.FINDINGS


def _service() -> Service:
    return build_service(settings.load())


def _order(note: str) -> Order:
    return Order(actor=f"host:{login()}", note=note)


def _told(done: Erased) -> int:
    sys.stdout.write(f"Erased: {len(done.submissions)} submissions, {len(done.payloads)} payloads.\n")
    if done.scrubbed:
        return Exit.CLEAN
    click.echo("The journal could not be emptied now: run “ecas erase scrub” when no backup is being taken.", err=True)
    return Exit.FINDINGS
