"""Whose roster a command is about, and the service that keeps it."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.settings import Settings

if TYPE_CHECKING:
    from service.main import Service

#: The option of every command about a roster that the service keeps.
AGENCY: Final = click.option("--agency", metavar="ID", help="Whose roster it is; else the agency of ecas.toml.")


def kept(agency: str | None, chosen: Settings | None = None) -> tuple[Service, str]:
    """Return the service, and the agency whose roster is meant.

    Raises:
        ConfigurationError: nobody named an agency, or there is none of that id.
    """
    from service.main import build_service  # noqa: PLC0415 - the database is loaded only where it is asked

    chosen = chosen or settings.load()
    if (owner := agency or chosen.agency) is None:
        raise ConfigurationError("Whose roster is it? Name the agency with --agency or in ecas.toml.")
    service = build_service(chosen)
    service.agencies.known(owner)  # an agency that nobody added has no roster
    return service, owner


def operator() -> str:
    """Return who the history names for what is done from this command line."""
    try:
        return f"operator {getpass.getuser()}"
    except OSError:
        return "an operator"
