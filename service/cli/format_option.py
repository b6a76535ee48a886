"""The option of every command that takes a payload in one of several formats."""

from __future__ import annotations

from typing import Final

import click

from adapters.registry import FORMATS

#: Found by content.
AUTO: Final = "auto"

FORMAT: Final = click.option(
    "--format",
    "format_",
    type=click.Choice([AUTO, *FORMATS]),
    default=AUTO,
    show_default=True,
    help="What the payload is.",
)


def format_named(format_: str) -> str | None:
    """Return the format that somebody named; None where it is to be found by content."""
    return None if format_ == AUTO else format_
