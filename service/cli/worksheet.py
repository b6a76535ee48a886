"""``ecas worksheet``: the sheet from which a person enters an assessment in the Virtual Gateway."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli import private_file
from service.cli.client import Client
from service.reports.run import Exit

_ID: Final = re.compile(r"sub_[a-z0-9_]{1,76}")
_STDOUT: Final = Path("-")


@click.command(epilog="Example:  ecas worksheet sub_4x7mmvq2r3w5ybkd6t2hpzcnae")
@click.argument("submissions", metavar="ID...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    default=Path(),
    metavar="FILE|FOLDER|-",
    help="Where to write, readable by you alone; several sheets need a folder. [default: this folder]",
)
@click.option(
    "--with-key", is_flag=True, help="With the assessor's certification key; without it the key comes from the person."
)
def command(*, submissions: tuple[str, ...], out: Path, with_key: bool) -> int:
    """Write the sheets of hand-offs as pages to print, in the order of entry."""
    if len(submissions) > 1 and not out.is_dir():
        raise ConfigurationError("Several sheets need a folder that is there: --out FOLDER.")
    client = Client(settings.load())
    pages = [(submission, _page(client, submission, with_key=with_key)) for submission in submissions]
    for submission, page in pages:
        if out == _STDOUT:
            sys.stdout.buffer.write(page)
            continue
        file = out / f"worksheet-{submission}.html" if out.is_dir() else out
        private_file.write(file, page)
        sys.stderr.write(f"{file}: print it, enter it, then ecas handoffs close {submission} --note …\n")
    return Exit.CLEAN


def _page(client: Client, submission: str, *, with_key: bool) -> bytes:
    """Return the page.

    Raises:
        ConfigurationError: the agency has no such submission, or nobody is to enter it by hand.
    """
    if not _ID.fullmatch(submission):
        raise ConfigurationError("The agency has no submission of that id; “ecas handoffs list” lists them.")
    return client.page(f"/v1/submissions/{submission}/worksheet", with_key="true" if with_key else None)
