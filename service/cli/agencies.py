"""``ecas agencies``: who may use the service."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from service import settings
from service.agencies import FIRST_OWNER, Agency
from service.cli.columns import columns
from service.cli.role_options import OWNER, REPORT, ROLE, SCOPES, minute, worded
from service.cli.span import Span
from service.credentials.api_keys import ApiKey, Issued
from service.credentials.principal import Permission, Role
from service.main import Service, build_service
from service.reports.run import Exit
from service.routes import Route

_ID = click.argument("agency", metavar="ID")
_KEY = click.option("--key", metavar="KEY-ID", help="Which of its keys, by the id that “ecas agencies keys” shows.")
_EXPIRES = click.option("--expires", type=Span(), metavar="SPAN", help="It ends by itself after this: 365d, 12h.")


@click.group(epilog="Example:  ecas agencies add riverbend")
def command() -> None:
    """Add agencies, list them, and give their people and systems API keys or take them away."""


@command.command(epilog="Example:  ecas agencies add riverbend --route not_live")
@_ID
@click.option(
    "--route",
    type=click.Choice([route.value for route in Route]),
    default=Route.ECAS.value,
    show_default=True,
    help="How its assessments reach the state.",
)
@click.option("--owner", default=FIRST_OWNER, show_default=True, help="The person or system that the key is for.")
def add(agency: str, route: str, owner: str) -> int:
    """Add an agency and print its first API key, an administrator's, once."""
    return _show_once(_service().agencies.add(agency, route, owner=owner), agency)


@command.command(
    epilog='Example:  ecas agencies issue riverbend --owner "Lakeshore EHR" --role submitter --expires 365d'
)
@_ID
@OWNER
@ROLE
@SCOPES
@_EXPIRES
def issue(agency: str, owner: str, role: str, scopes: Sequence[str], expires: timedelta | None) -> int:
    """Print a further API key of an agency, once: for one person or system, and one role."""
    issued = _service().credentials.keys.issue(
        agency, owner=owner, role=Role(role), scopes=map(Permission, scopes), lifetime=expires
    )
    return _show_once(issued.key, agency)


@command.command(epilog="Example:  ecas agencies keys riverbend")
@_ID
@REPORT
def keys(agency: str, report: str) -> int:
    """List the API keys that an agency has or had: whose, for what, until when, and when last used."""
    service = _service()
    known, now = service.credentials.keys.of(agency), service.clock()
    if report == "json":
        sys.stdout.write(json.dumps({"keys": [_key_data(key, now) for key in known]}, indent=2) + "\n")
        return Exit.CLEAN
    head = ("id", "owner", "role", "works", "made", "ends", "last used")
    rows = [
        (
            key.id,
            key.owner,
            worded(key.role, key.scopes),
            _standing(key, now),
            minute(key.created_at),
            minute(key.revoked_at or key.expires_at),
            minute(key.last_used_at),
        )
        for key in known
    ]
    sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas agencies rotate riverbend --overlap 7d")
@_ID
@_KEY
@click.option("--overlap", type=Span(), metavar="SPAN", help="The old key works on for this long; else it ends now.")
@_EXPIRES
def rotate(agency: str, key: str | None, overlap: timedelta | None, expires: timedelta | None) -> int:
    """Print a new API key in the place of one, once; the old one stops working now, or after the overlap."""
    issued = _service().credentials.keys.rotate(agency, key, overlap=overlap or timedelta(0), lifetime=expires)
    sys.stderr.write(_old_one(issued))
    return _show_once(issued.key, agency)


@command.command(epilog="Example:  ecas agencies revoke riverbend")
@_ID
@_KEY
def revoke(agency: str, key: str | None) -> int:
    """Let one API key of an agency, or none of them, work any more; what it sent is still delivered."""
    _service().credentials.keys.revoke(agency, key)
    if key is not None:
        sys.stderr.write(f"The API key {key} of {agency} works no more.\n")
    else:
        sys.stderr.write(f"No API key of {agency} works any more; “ecas agencies rotate {agency}” makes a new one.\n")
    return Exit.CLEAN


@command.command(name="list", epilog="Example:  ecas agencies list")
@REPORT
def list_(report: str) -> int:
    """List the agencies."""
    known = _service().agencies.list()
    if report == "json":
        sys.stdout.write(json.dumps({"agencies": [_as_data(agency) for agency in known]}, indent=2) + "\n")
    else:
        head = ("agency", "route", "API key", "since")
        rows = [(a.id, a.route.value, "works" if a.has_key else "none", a.created_at.date().isoformat()) for a in known]
        sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


def _service() -> Service:
    return build_service(settings.load())


def _show_once(key: str, agency: str) -> int:
    """Print the key last, and alone on standard output, so that a script can take it."""
    sys.stderr.write(f"The API key of {agency}; it is shown this once and kept nowhere:\n")
    sys.stderr.flush()
    sys.stdout.write(f"{key}\n")
    return Exit.CLEAN


def _old_one(issued: Issued) -> str:
    if issued.old_until is None:
        return f"{issued.instead_of} works no more; {issued.id} is in its place.\n"
    return f"{issued.instead_of} works until {minute(issued.old_until)}, beside {issued.id}, which is in its place.\n"


def _standing(key: ApiKey, now: datetime) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if not key.works(now):
        return "ended"
    return "yes" if key.replaced_by is None else f"until {key.replaced_by} is in use"


def _key_data(key: ApiKey, now: datetime) -> dict[str, Any]:
    moments = {
        name: None if moment is None else moment.isoformat()
        for name, moment in (
            ("created_at", key.created_at),
            ("expires_at", key.expires_at),
            ("revoked_at", key.revoked_at),
            ("last_used_at", key.last_used_at),
        )
    }
    return {
        "id": key.id,
        "agency": key.agency,
        "owner": key.owner,
        "role": key.role.value,
        "scopes": None if key.scopes is None else sorted(key.scopes),
        "works": key.works(now),
        "replaced_by": key.replaced_by,
        **moments,
    }


def _as_data(agency: Agency) -> dict[str, str | bool]:
    return {
        "id": agency.id,
        "route": agency.route.value,
        "has_key": agency.has_key,
        "created_at": agency.created_at.isoformat(),
    }
