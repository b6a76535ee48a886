"""``ecas keys``: what the roster says about certification keys. A key comes from standard input or a file, never as an argument."""

from __future__ import annotations

import json
import sys
from datetime import date, datetime
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli import payload_files
from service.cli.checker import read_roster
from service.reports.json_report import desk_data
from service.reports.printable import printable
from service.reports.run import Exit
from service.reports.text import reach
from service.settings import Settings
from specs.catalog import Catalog
from specs.spec import Spec, StandingPolicy
from validators.certification import Standing, standing
from validators.roster import Roster

_ROSTER = click.option(
    "--roster", type=click.Path(path_type=Path), metavar="FILE", help="The roster (CSV); else that of ecas.toml."
)
#: What each action of a standing means for the exit code; a key that is held or blocked would stop an assessment.
_EXITS = {"pass": Exit.CLEAN, "warn": Exit.CLEAN, "hold": Exit.FINDINGS, "block": Exit.FINDINGS}


@click.group(
    epilog="\b\nExample:\n  ecas keys check --name 'Rivera, Ana' --on 2026-03-02 --roster roster.csv < key.txt"
)
def command() -> None:
    """Check certification keys against the roster."""


@command.command(epilog="\b\nExample:\n  ecas keys check --name 'Rivera, Ana' --on 2026-03-02 --key-file key.txt")
@click.option("--name", required=True, metavar="'LAST, FIRST'", help="The name under which the key is used.")
@click.option(
    "--on", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The assessment date."
)
@_ROSTER
@click.option(
    "--key-file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The key; else the first line of standard input.",
)
@click.option("--spec", metavar="VERSION|FOLDER", help="Judge by this package, not by the one in force on the date.")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", help="How to tell it. [default: text]")
def check(name: str, on: datetime, roster: Path | None, key_file: Path | None, spec: str | None, report: str) -> int:
    """Tell the standing of a key under a name on a date."""
    chosen = settings.load()
    catalog = Catalog(*chosen.spec_path)
    package = catalog.named(spec) if spec else catalog.for_date(on.date())
    if "," not in name:
        raise click.BadParameter("write the name as 'LAST, FIRST'.", param_hint="--name")
    held = _standing(
        _roster(roster, chosen), package, key=_key(key_file), name=name, on=on.date(), agency=chosen.agency
    )
    policy = package.certification.standings[held]
    told = _as_json(held, policy, package) if report == "json" else _as_text(held, policy, package)
    sys.stdout.write(told)
    return Exit.COULD_NOT_CHECK if held is Standing.COULD_NOT_CHECK else _EXITS[policy.action]


@command.command(name="list", epilog="\b\nExample:\n  ecas keys list --roster roster.csv")
@_ROSTER
def list_(roster: Path | None) -> int:
    """List the roster, with every key masked."""
    lines = _roster(roster, settings.load())
    if lines is None:
        raise ConfigurationError("There is no roster: name one with --roster or in ecas.toml.")
    rows = [("key", "name", "certified", "expires", "status")]
    for line in lines.assessors:
        name = ", ".join(filter(None, (line.last_name, line.first_name)))
        rows.append((line.masked, name, _day(line.certified_on), _day(line.expires_on), line.status.value))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        sys.stdout.write(
            "  ".join(f"{printable(cell):<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() + "\n"
        )
    return Exit.CLEAN


@command.command(name="import", epilog="Example:  ecas keys import roster.csv --agency riverbend")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--agency", metavar="ID", help="Whose roster it is; else the agency of ecas.toml.")
def import_(file: Path, agency: str | None) -> int:
    """Give the service an agency's roster; it is kept sealed, and earlier ones stay in the history."""
    from service.main import build_service  # noqa: PLC0415 - the database is loaded by no other command of this file

    chosen = settings.load()
    if (owner := agency or chosen.agency) is None:
        raise ConfigurationError("Whose roster is it? Name the agency with --agency or in ecas.toml.")
    service = build_service(chosen)
    service.agencies.route(owner)  # an agency that nobody added has no roster
    roster = service.rosters.add(owner, payload_files.read(file), payload_files.name_of(file))
    sys.stdout.write(f"{len(roster.assessors)} certification keys are now on the roster of {owner}.\n")
    if released := service.intake.recheck(owner):
        sys.stdout.write(f"{released} held submissions are released and go on in their order.\n")
    return Exit.CLEAN


def _standing(roster: Roster | None, spec: Spec, *, key: str, name: str, on: date, agency: str | None) -> Standing:
    return standing(roster, spec.certification, key=key, name=name, on=on, agency=agency)


def _roster(named: Path | None, chosen: Settings) -> Roster | None:
    path = named or chosen.roster
    return read_roster(path) if path else None


def _key(key_file: Path | None) -> str:
    """Read the key; a terminal is asked without echo."""
    if key_file is None and sys.stdin.isatty():
        return str(click.prompt("Certification key", hide_input=True, err=True)).strip()
    content = payload_files.read(key_file) if key_file else sys.stdin.buffer.readline()
    try:
        key = (content.decode("utf-8-sig").splitlines() or [""])[0].strip()
    except UnicodeDecodeError:
        raise ConfigurationError("The key is not text in UTF-8.") from None
    if not key:
        raise ConfigurationError("There is no key: give it on standard input, or name a file with --key-file.")
    return key


def _as_json(held: Standing, policy: StandingPolicy, spec: Spec) -> str:
    data = {
        "standing": held.value,
        "action": policy.action,
        "desk": desk_data(spec.desk(policy.desk)),
        "why": policy.why,
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _as_text(held: Standing, policy: StandingPolicy, spec: Spec) -> str:
    desk = spec.desk(policy.desk)
    paragraphs = {
        "standing": f"{held.value.replace('_', ' ')} ({policy.action})",
        "what": policy.message,
        "why": policy.why,
        "fix": policy.fix,
        "ask": reach(desk) if desk else "",
        "say": f"“{desk.say}”" if desk and desk.say else "",
        "rests on": f"the roster, and the policy of the {spec.status.value} {spec.version}",
    }
    return "".join(f"{name:<9} {text}\n" for name, text in paragraphs.items() if text)


def _day(day: date | None) -> str:
    return "unknown" if day is None else day.isoformat()
