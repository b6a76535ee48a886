"""``ecas clients``: EHR vendors' systems that ask for tokens by signed assertions."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from service import settings
from service.cli import payload_files
from service.cli.columns import columns
from service.cli.role_options import OWNER, REPORT, ROLE, SCOPES, minute, worded
from service.credentials.clients import Client, Clients
from service.credentials.principal import Permission, Role
from service.main import build_service
from service.reports.run import Exit

_ID = click.argument("client", metavar="ID")
_AGENCY = click.option("--agency", required=True, metavar="ID", help="The agency.")
_JWKS = click.option(
    "--jwks",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Its public keys (JWKS): RSA from 2048 bits for RS384, P-384 for ES384. An address is never fetched.",
)


@click.group(epilog="Example:  ecas clients add lakeshore --owner “Lakeshore EHR” --jwks lakeshore.jwks.json")
def command() -> None:
    """Register vendors' clients by their public keys, and say for which agencies they act."""


@command.command(epilog="Example:  ecas clients add lakeshore --owner “Lakeshore EHR” --jwks lakeshore.jwks.json")
@_ID
@OWNER
@_JWKS
def add(client: str, owner: str, jwks: Path) -> int:
    """Register a client with its public keys; it acts for nobody yet."""
    service = build_service(settings.load())
    service.credentials.clients.add(client, owner=owner, jwks=payload_files.read(jwks))
    sys.stdout.write(
        f"{client} is registered, and acts for nobody: “ecas clients grant {client} --agency ID --role ROLE”.\n"
        f"Its assertions must be meant for {service.settings.audience}\n"
    )
    return Exit.CLEAN


@command.command(epilog="Example:  ecas clients keys lakeshore --jwks lakeshore.jwks.json")
@_ID
@_JWKS
def keys(client: str, jwks: Path) -> int:
    """Let exactly the keys of a file be the client's; what is not in it any more is retired, with its tokens."""
    came, gone = _clients().replace_keys(client, payload_files.read(jwks))
    sys.stdout.write(f"{len(came)} keys came, {len(gone)} are retired.\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas clients grant lakeshore --agency riverbend --role submitter")
@_ID
@_AGENCY
@ROLE
@SCOPES
def grant(client: str, agency: str, role: str, scopes: Sequence[str]) -> int:
    """Let a client act for an agency, in the place of what it was granted there before."""
    _clients().grant(client, agency, role=Role(role), scopes=map(Permission, scopes))
    sys.stdout.write(f"{client} acts for {agency} as {role}.\n")
    return Exit.CLEAN


@command.command(epilog="Example:  ecas clients revoke lakeshore --agency riverbend")
@_ID
@click.option("--agency", metavar="ID", help="Only for this agency; else for all of them, for ever.")
def revoke(client: str, agency: str | None) -> int:
    """Let a client act for an agency no more, or at all; its tokens end now, and what it sent is still delivered."""
    _clients().revoke(client, agency)
    sys.stdout.write(f"{client} acts no more for {agency}.\n" if agency else f"{client} acts for nobody any more.\n")
    return Exit.CLEAN


@command.command(name="list", epilog="Example:  ecas clients list")
@REPORT
def list_(report: str) -> int:
    """List the clients, their keys by name, and for whom they act."""
    known = _clients().all()
    if report == "json":
        sys.stdout.write(json.dumps({"clients": [_as_data(client) for client in known]}, indent=2) + "\n")
        return Exit.CLEAN
    head = ("client", "owner", "works", "keys", "acts for", "last used")
    rows = [
        (
            client.id,
            client.owner,
            "yes" if client.revoked_at is None else "revoked",
            ", ".join(client.kids),
            "; ".join(f"{one.agency} ({worded(one.role, one.scopes)})" for one in client.grants),
            minute(client.last_used_at),
        )
        for client in known
    ]
    sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


def _clients() -> Clients:
    return build_service(settings.load()).credentials.clients


def _as_data(client: Client) -> dict[str, Any]:
    return {
        "id": client.id,
        "owner": client.owner,
        "created_at": client.created_at.isoformat(),
        "revoked_at": None if client.revoked_at is None else client.revoked_at.isoformat(),
        "last_used_at": None if client.last_used_at is None else client.last_used_at.isoformat(),
        "keys": list(client.kids),
        "grants": [
            {
                "agency": one.agency,
                "role": one.role.value,
                "scopes": None if one.scopes is None else sorted(one.scopes),
            }
            for one in client.grants
        ],
    }
