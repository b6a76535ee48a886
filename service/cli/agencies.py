"""``ecas agencies``: who may use the service."""

from __future__ import annotations

import json
import sys

import click

from service import settings
from service.agencies import Agencies, Agency
from service.cli.columns import columns
from service.main import build_service
from service.reports.run import Exit
from service.routes import Route

_ID = click.argument("agency", metavar="ID")


@click.group(epilog="Example:  ecas agencies add riverbend")
def command() -> None:
    """Add agencies, list them, and give them new API keys or take them away."""


@command.command(epilog="Example:  ecas agencies add riverbend --route not_live")
@_ID
@click.option(
    "--route",
    type=click.Choice([route.value for route in Route]),
    default=Route.ECAS.value,
    show_default=True,
    help="How its assessments reach the state.",
)
def add(agency: str, route: str) -> int:
    """Add an agency and print its API key, once."""
    return _show_once(_agencies().add(agency, route), agency)


@command.command(epilog="Example:  ecas agencies rotate riverbend")
@_ID
def rotate(agency: str) -> int:
    """Print a new API key of an agency, once; the old one stops working now."""
    return _show_once(_agencies().rotate(agency), agency)


@command.command(epilog="Example:  ecas agencies revoke riverbend")
@_ID
def revoke(agency: str) -> int:
    """Let no API key of an agency work any more; what it sent is still delivered."""
    _agencies().revoke(agency)
    sys.stderr.write(f"No API key of {agency} works any more; “ecas agencies rotate {agency}” makes a new one.\n")
    return Exit.CLEAN


@command.command(name="list", epilog="Example:  ecas agencies list")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def list_(report: str) -> int:
    """List the agencies."""
    known = _agencies().list()
    if report == "json":
        sys.stdout.write(json.dumps({"agencies": [_as_data(agency) for agency in known]}, indent=2) + "\n")
    else:
        head = ("agency", "route", "API key", "since")
        rows = [(a.id, a.route.value, "works" if a.has_key else "none", a.created_at.date().isoformat()) for a in known]
        sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


def _agencies() -> Agencies:
    return build_service(settings.load()).agencies


def _show_once(key: str, agency: str) -> int:
    """Print the key last, and alone on standard output, so that a script can take it."""
    sys.stderr.write(f"The API key of {agency}; it is shown this once and kept nowhere:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{key}\n")
    return Exit.CLEAN


def _as_data(agency: Agency) -> dict[str, str | bool]:
    return {
        "id": agency.id,
        "route": agency.route.value,
        "has_key": agency.has_key,
        "created_at": agency.created_at.isoformat(),
    }
