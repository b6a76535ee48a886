"""``ecas part_two``: which agencies and programmes 42 CFR Part 2 binds."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from typing import Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.columns import columns
from service.cli.roster_owner import operator
from service.main import build_service
from service.outbox.part_two_lines import PartTwoLine
from service.reports.run import Exit
from service.routes import MASSACHUSETTS

_HEAD: Final = ("agency", "programme", "protected", "from", "set by", "note")


@click.group(epilog="Example:  ecas part_two list")
def command() -> None:
    """Show and set whose records are those of a substance use disorder program: they leave with a consent's scope only."""


@command.command(name="list", epilog="Example:  ecas part_two list riverbend")
@click.argument("agency", metavar="[AGENCY]", required=False)
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def list_(agency: str | None, report: str) -> int:
    """List what was set, the newest first; days begin at midnight in Massachusetts."""
    service = build_service(settings.load())
    if agency is not None:
        service.agencies.known(agency)
    lines = service.outbox.part_two_lines(agency)
    if report == "json":
        sys.stdout.write(json.dumps({"part_two": [_as_data(line) for line in lines]}, indent=2) + "\n")
    else:
        sys.stdout.write(columns([_HEAD, *map(_row, lines)]))
    return Exit.CLEAN


@command.command(
    name="set",
    epilog="Example:  ecas part_two set riverbend --programme OPT --protected --note 'the clinic at Mill Street, R. Okafor'",
)
@click.argument("agency", metavar="AGENCY")
@click.option("--protected/--not-protected", required=True, default=None, help="Whether Part 2 protects its records.")
@click.option(
    "--programme", default="", metavar="CODE", help="For this programme alone: ICC, IHT … [default: all others]"
)
@click.option(
    "--from",
    "starts_on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="From this day on, also a past one. [default: today]",
)
@click.option("--note", required=True, metavar="TEXT", help="Why, and on whose word; it is kept with the line.")
def set_(*, agency: str, protected: bool, programme: str, starts_on: datetime | None, note: str) -> int:
    """Say whether the records of an agency, or of one programme, are protected from a day on.

    What was made while it was protected stays so. What waits is judged again; what is ready is asked about before it leaves.
    """
    service = build_service(settings.load())
    service.agencies.known(agency)
    if not note.strip():
        raise ConfigurationError("Say why, and on whose word: --note TEXT.")
    spec = service.judge.sending(service.clock().date())
    codes = spec.codes.get(spec.items["SERVICE"].codes or "", {}) if "SERVICE" in spec.items else {}
    if programme and programme not in codes:
        raise ConfigurationError(f"The programmes of package {spec.version} are {', '.join(codes) or 'none'}.")
    day = None if starts_on is None else starts_on.date()
    begins = service.outbox.set_part_two(
        agency, protected=protected, programme=programme, starts_on=day, actor=operator(), note=note
    )
    released = service.intake.recheck(agency)
    word = "protected" if protected else "not protected"
    told = f"{agency}, {programme or 'all others'}: {word} from {begins.astimezone(MASSACHUSETTS):%Y-%m-%d} on.\n"
    sys.stdout.write(told + (f"{released} submissions that waited go on.\n" if released else ""))
    if protected and spec.notice is None:
        sys.stdout.write(
            f"The document of package {spec.version} has no place for the notice of 42 CFR 2.32: such records are held.\n"
        )
    return Exit.CLEAN


def _row(line: PartTwoLine) -> tuple[str, ...]:
    begins = f"{line.starts_at.astimezone(MASSACHUSETTS):%Y-%m-%d}"
    protected = "yes" if line.protected else "no"
    return (line.agency, line.programme or "all others", protected, begins, line.actor, line.note)


def _as_data(line: PartTwoLine) -> dict[str, str | bool]:
    return {
        "agency": line.agency,
        "programme": line.programme,
        "protected": line.protected,
        "starts_at": line.starts_at.isoformat(),
        "set_at": line.set_at.isoformat(),
        "actor": line.actor,
        "note": line.note,
    }
