"""``ecas consent``: what the member decided after the record was exported."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Client
from service.cli.secret_line import read_line
from service.reports.run import Exit


@click.group(epilog="Example:  ecas consent withdraw --submission sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'by phone'")
def command() -> None:
    """Record what a member decided about consent after the record was exported."""


@command.command(
    epilog="\b\nExamples:\n"
    "  ecas consent withdraw --submission sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'the mother, by phone, R. Okafor'\n"
    "  ecas consent withdraw --member-id-file member.txt --note 'in writing, 2026-11-16'"
)
@click.option("--submission", metavar="ID", help="The member is that of this submission.")
@click.option(
    "--member-id-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|-", help="The MassHealth ID."
)
@click.option(
    "--local-id-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|-", help="Your own number."
)
@click.option("--note", required=True, metavar="TEXT", help="Who said so, and how.")
def withdraw(*, submission: str | None, member_id_file: Path | None, local_id_file: Path | None, note: str) -> int:
    """Stop the clinical answers of a member that have not left, and name those that have, with the desk to call.

    Exit codes: 0 nothing had left, 1 something had, or may have. An identifier is read from a file or standard input (-),
    never from the command line, which every process can read.
    """
    given: dict[str, str] = {"action": "withdraw", "note": note}
    named = {"member_id": member_id_file, "member_local_id": local_id_file}
    files = {name: file for name, file in named.items() if file is not None}
    if len(files) + (submission is not None) != 1:
        raise click.UsageError("Name the member once: --submission, --member-id-file or --local-id-file.")
    given |= {name: read_line(file) for name, file in files.items()}
    if submission is not None:
        given["submission"] = submission
    answer = Client(settings.load()).tell("/v1/consents", **given)
    if not answer.ok:
        raise ConfigurationError(
            "The agency has no submission of that id; “ecas status” lists them."
            if answer.status == 404  # noqa: PLR2004
            else str(answer.data["detail"])
        )
    sys.stdout.write("".join(_told(answer.data)))
    return Exit.FINDINGS if answer.data["sent"] or answer.data["under_way"] else Exit.CLEAN


def _told(done: Mapping[str, Any]) -> Iterator[str]:
    yield f"{done['id']}: consent withdrawn at {done['withdrawn_at']}.\n"
    if not done["known"]:
        yield "Nothing of this member was known here: check the identifier. What comes with an older consent is held.\n"
    yield from _list("held now", done["held"])
    yield from _list("may have arrived", done["under_way"])
    yield from _list("with the state", done["sent"])
    if (desk := done["desk"]) is not None:
        yield f"Call {', '.join(part for part in (desk['name'], desk['phone'], desk['email']) if part)}.\n"


def _list(words: str, ids: list[str]) -> Iterator[str]:
    yield f"{words}: {len(ids)}\n"
    yield from (f"  {id_}\n" for id_ in ids)
