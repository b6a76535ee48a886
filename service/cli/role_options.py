"""Who a credential is for and what it opens, as every command that gives one away asks for it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import click

from service.credentials.principal import Permission, Role

OWNER: Final = click.option("--owner", required=True, metavar="NAME", help="The person or system that it is for.")
ROLE: Final = click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What it may do."
)
SCOPES: Final = click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([permission.value for permission in Permission]),
    help="Only this of what the role may; again for more.",
)
REPORT: Final = click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)


def worded(role: Role, scopes: frozenset[Permission] | None) -> str:
    """Return a role and what it was narrowed to, for a person."""
    return role.value if scopes is None else f"{role}: {' '.join(sorted(scopes))}"


def minute(moment: datetime | None) -> str:
    """Return a moment for a person, empty where there is none."""
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"
