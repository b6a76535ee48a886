"""``ecas keys``: what the roster says about certification keys. A key comes from standard input or a file, never as an argument."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli import keys_edit, keys_forecast, keys_import, keys_snapshot
from service.cli.checker import read_roster
from service.cli.columns import columns
from service.cli.key_source import KEY_FILE, read_key
from service.cli.roster_owner import kept
from service.reports.printable import printable
from service.reports.run import Exit
from service.reports.text import reach
from service.settings import Settings
from service.standings import standing_data
from specs.catalog import Catalog
from specs.spec import Spec, StandingPolicy
from validators.certification import Standing, standing
from validators.duplicates import Duplicate, duplicate
from validators.roster import Roster

_ROSTER = click.option(
    "--roster", type=click.Path(path_type=Path), metavar="FILE", help="The roster (CSV); else that of ecas.toml."
)
_AGENCY = click.option("--agency", metavar="ID", help="The roster that the service keeps for this agency.")
#: What each action of a standing means for the exit code; a key that is held or blocked would stop an assessment.
_EXITS = {"pass": Exit.CLEAN, "warn": Exit.CLEAN, "hold": Exit.FINDINGS, "block": Exit.FINDINGS}


@click.group(
    epilog="\b\nExample:\n  ecas keys check --name 'Rivera, Ana' --on 2026-03-02 --roster roster.csv < key.txt"
)
def command() -> None:
    """Check certification keys against the roster, and keep the roster."""


@command.command(epilog="\b\nExample:\n  ecas keys check --name 'Rivera, Ana' --on 2026-03-02 --key-file key.txt")
@click.option("--name", required=True, metavar="'LAST, FIRST'", help="The name under which the key is used.")
@click.option(
    "--on", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="YYYY-MM-DD", help="The assessment date."
)
@_ROSTER
@_AGENCY
@KEY_FILE
@click.option("--spec", metavar="VERSION|FOLDER", help="Judge by this package, not by the one in force on the date.")
@click.option("--report", type=click.Choice(["text", "json"]), default="text", help="How to tell it. [default: text]")
def check(
    name: str,
    on: datetime,
    roster: Path | None,
    agency: str | None,
    key_file: Path | None,
    spec: str | None,
    report: str,
) -> int:
    """Tell the standing of a key under a name on a date."""
    chosen = settings.load()
    catalog = Catalog(*chosen.spec_path)
    package = catalog.named(named) if (named := spec or chosen.spec) else catalog.for_date(on.date())
    if "," not in name:
        raise click.BadParameter("write the name as 'LAST, FIRST'.", param_hint="--name")
    lines, key = _roster(roster, agency, chosen), read_key(key_file)
    held = _standing(lines, package, key=key, name=name, on=on.date(), agency=agency or chosen.agency)
    policy = package.certification.standings[held]
    two = None
    if lines is not None and held is Standing.DUPLICATE:
        two = duplicate(lines, package.certification, key=key, on=on.date(), agency=agency or chosen.agency)
        policy = replace(policy, fix=two.fix(key, policy)) if two else policy
    told = _as_json(held, package) if report == "json" else _as_text(held, policy, package, two)
    sys.stdout.write(told)
    return Exit.COULD_NOT_CHECK if held is Standing.COULD_NOT_CHECK else _EXITS[policy.action]


@command.command(name="list", epilog="\b\nExample:\n  ecas keys list --roster roster.csv")
@_ROSTER
@_AGENCY
def list_(roster: Path | None, agency: str | None) -> int:
    """List the roster, with every key masked; of one that the service keeps, with the ids by which it is edited."""
    if agency is not None and roster is None:
        sys.stdout.write(_kept(agency))
        return Exit.CLEAN
    lines = _roster(roster, None, settings.load())
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


for further in (
    keys_import.import_,
    keys_import.export,
    keys_edit.show,
    keys_edit.add,
    keys_edit.set_,
    keys_edit.archive,
    keys_edit.evidence,
    keys_forecast.forecast,
    keys_snapshot.snapshot,
):
    command.add_command(further)


def _standing(roster: Roster | None, spec: Spec, *, key: str, name: str, on: date, agency: str | None) -> Standing:
    return standing(roster, spec.certification, key=key, name=name, on=on, agency=agency)


def _kept(agency: str) -> str:
    """Return the table of a roster that the service keeps, and what cannot be right in it."""
    service, owner = kept(agency)
    held = service.rosters.standing(owner)
    rows = [("assessor", "name", "key", "id", "certified", "expires", "status")]
    for person in held.people:
        for one in person.certificates:
            days = (_day(one.certified_on), _day(one.expires_on))
            rows.append((person.id, person.name, one.masked, one.id, *days, one.status.value))
    told = [
        f"conflict: {', '.join(line.masked for line in conflict.lines)}: {conflict.message}\n"
        for conflict in held.conflicts
    ]
    return columns(rows) + "".join(told)


def _roster(named: Path | None, agency: str | None, chosen: Settings) -> Roster | None:
    if agency is not None and named is None:
        service, owner = kept(agency, chosen)
        return service.rosters.of(owner)
    path = named or chosen.roster
    return read_roster(path) if path else None


def _as_json(held: Standing, spec: Spec) -> str:
    return json.dumps(standing_data(held, spec), indent=2, ensure_ascii=False) + "\n"


def _as_text(held: Standing, policy: StandingPolicy, spec: Spec, two: Duplicate | None) -> str:
    paragraphs = [
        ("standing", f"{held.value.replace('_', ' ')} ({policy.action})"),
        ("what", policy.message),
        ("why", policy.why),
        ("fix", policy.fix),
    ]
    if two:
        paragraphs += [("keep", two.keep_masked), ("archive", ", ".join(two.archive_masked))]
    for desk in spec.desks_for(policy):
        paragraphs += [("ask", reach(desk)), ("say", f"“{desk.say}”")]
    paragraphs.append(("rests on", f"the roster, and the policy of the {spec.status.value} {spec.version}"))
    return "".join(f"{name:<9} {text}\n" for name, text in paragraphs if text)


def _day(day: date | None) -> str:
    return "unknown" if day is None else day.isoformat()
