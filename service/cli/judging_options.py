"""The options of every command that reads and judges payloads, gathered into one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import wraps
from pathlib import Path
from typing import Any, Final

import click

from service.cli.format_option import FORMAT, format_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What somebody chose on the command line; what they left open comes from the settings beside each payload."""

    #: None: found by content.
    format: str | None = None
    mapping: Path | None = None
    #: The day of the payloads, which chooses among mappings; None: today.
    dated: date | None = None
    #: A version, or the folder of a package; None: the one in force on each assessment's date.
    spec: str | None = None
    roster: Path | None = None
    certification: bool = True


def judging_options(command: Callable[..., int]) -> Callable[..., int]:
    """Add the options, and hand them to the command as ``choices``."""

    @wraps(command)
    def chosen(
        *,
        format_: str,
        mapping: Path | None,
        dated: datetime | None,
        spec: str | None,
        roster: Path | None,
        without_certification: bool,
        **rest: Any,  # noqa: ANN401 - the command's own options
    ) -> int:
        if roster and without_certification:
            raise click.UsageError("Give either --roster or --without-certification.")
        choices = Choices(
            format=format_named(format_),
            mapping=mapping,
            dated=dated.date() if dated else None,
            spec=spec,
            roster=roster,
            certification=not without_certification,
        )
        return command(choices=choices, **rest)

    for option in reversed(_OPTIONS):
        chosen = option(chosen)
    return chosen


_OPTIONS: Final = (
    FORMAT,
    click.option(
        "--mapping",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The agency's mapping. [default: the one that describes the payload]",
    ),
    click.option(
        "--dated",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="The day of the payload: it is read with the mapping of that day. [default: today]",
    ),
    click.option(
        "--spec", metavar="VERSION|FOLDER", help="Judge by this package, not by the one in force on the date."
    ),
    click.option(
        "--roster", type=click.Path(path_type=Path), metavar="FILE", help="The agency's certification keys (CSV)."
    ),
    click.option(
        "--without-certification", is_flag=True, help="Leave the certification keys out; every report says so."
    ),
)
