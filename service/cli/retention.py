"""``ecas retention``: what is over its time goes, what a legal hold keeps stays."""

from __future__ import annotations

import sys

import click

from service import settings
from service.audit.acting import login
from service.cli.columns import columns
from service.main import Service, build_service
from service.reports.run import Exit

_NOTE = click.option("--note", required=True, metavar="TEXT", help="Why, and on whose word; kept sealed.")


@click.group(epilog="Example:  ecas retention status")
def command() -> None:
    """Show and erase what is over its time, and keep what a legal hold is about."""


@command.command(epilog="Example:  ecas retention status")
def status() -> int:
    """Show for how many days bodies are kept, and how many are over their time."""
    service = _service()
    retention, due = service.retention, service.retention.due()
    rows = [
        ("kind", "kept for", "over it"),
        ("payloads", _days(retention.payload_days), str(due.payloads)),
        ("submissions", _days(retention.document_days), str(due.submissions)),
    ]
    sys.stdout.write(columns(rows))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas retention run")
def run() -> int:
    """Erase all that is over its time now; workers do the same by themselves, a piece every hour."""
    retention = _service().retention
    total = 0
    while done := retention.step():
        total += done
    sys.stdout.write(f"{total} bodies were over their time, and are erased.\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas retention hold --agency riverbend --note 'matter 2026-118'")
@click.option("--agency", required=True, metavar="ID", help="Whose records; all of them, unless one is named.")
@click.option("--submission", metavar="ID", help="Only this one.")
@_NOTE
def hold(agency: str, submission: str | None, note: str) -> int:
    """Place a legal hold: nothing of it is erased, by anybody or by age, until it is lifted. Prints the hold's id."""
    sys.stdout.write(_service().legal_holds.place(agency, submission, actor=_actor(), note=note) + "\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas retention lift hld_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'matter closed'")
@click.argument("id_", metavar="ID")
@_NOTE
def lift(id_: str, note: str) -> int:
    """Lift a legal hold: what it kept is erased again when its time is over."""
    _service().legal_holds.lift(id_, actor=_actor(), note=note)
    return Exit.CLEAN


@command.command(epilog="Example:  ecas retention holds")
def holds() -> int:
    """List all legal holds, those that were lifted too, with their notes."""
    rows = [
        (
            one.id,
            one.agency,
            one.submission or "all",
            f"{one.placed_at:%Y-%m-%d}",
            "" if one.lifted_at is None else f"{one.lifted_at:%Y-%m-%d}",
            one.actor,
            one.note,
        )
        for one in _service().legal_holds.all()
    ]
    sys.stdout.write(columns([("id", "agency", "over", "placed", "lifted", "by", "note"), *rows]))
    return Exit.CLEAN


def _service() -> Service:
    return build_service(settings.load())


def _actor() -> str:
    return f"host:{login()}"


def _days(days: int | None) -> str:
    return "ever" if days is None else f"{days} days"
