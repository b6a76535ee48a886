"""``--report FORMAT[=FILE]``, several in one run: parsed here, written here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click

from service.cli import private_file
from service.reports.conformance import tally, verdict
from service.reports.formats import FORMATS, pieces
from service.reports.run import Run

_Command = TypeVar("_Command", bound=Callable[..., Any])


class Destination(NamedTuple):
    """One report that was asked for."""

    #: One of ``service.reports.formats.FORMATS``.
    format: str
    #: None for standard output.
    file: Path | None = None


class _DestinationType(click.ParamType[Destination]):
    """``FORMAT`` or ``FORMAT=FILE``."""

    name = "FORMAT[=FILE]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Destination:  # noqa: ANN401 - click's own signature
        """Split and check it."""
        if isinstance(value, Destination):
            return value
        format_, separator, file = str(value).partition("=")
        if format_ not in FORMATS:
            self.fail(f"There is no report format {format_!r}; there are {', '.join(FORMATS)}.", param, ctx)
        if separator and not file:
            self.fail(f"Name a file after '{format_}='.", param, ctx)
        return Destination(format_, Path(file) if file and file != "-" else None)


def report_option(command: _Command) -> _Command:
    """Add ``--report`` to a command."""
    return click.option(
        "--report",
        "reports",
        type=_DestinationType(),
        multiple=True,
        callback=_only_one_to_stdout,
        metavar="FORMAT[=FILE]",
        help=f"How to tell it, and where: {', '.join(FORMATS)}. May be given several times. [default: text]",
    )(command)


def tell(run: Run, reports: Sequence[Destination]) -> None:
    """Write every report that was asked for; where all went to files, standard output still gets the verdict.

    Raises:
        ConfigurationError: a file cannot be written.
    """
    for format_, file in reports or [Destination("text")]:
        if file is not None:
            private_file.write(file, (piece.encode("utf-8", "backslashreplace") for piece in pieces(format_, run)))
        elif format_ == "text":
            from service.reports import text  # noqa: PLC0415 - only where somebody reads it

            sys.stdout.write(text.styled(run, text.terminal_style()))
        else:
            sys.stdout.writelines(pieces(format_, run))
    if reports and all(report.file for report in reports):
        sys.stdout.write(f"{tally(run)}\n{verdict(run)}\n")


def _only_one_to_stdout(
    ctx: click.Context, param: click.Parameter, reports: tuple[Destination, ...]
) -> tuple[Destination, ...]:
    if sum(report.file is None for report in reports) > 1:
        raise click.BadParameter("only one report can go to standard output; give the others a file.", ctx, param)
    return reports
