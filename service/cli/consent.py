"""``ecas consent``: what the member decided after the record was exported."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
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
    given = {"action": "withdraw", "note": note} | _member(submission, member_id_file, local_id_file)
    done = _answered("/v1/consents", given)
    sys.stdout.write("".join(_told(done)))
    return Exit.FINDINGS if done["sent"] or done["under_way"] else Exit.CLEAN


@command.command(
    epilog="\b\nExample:\n"
    "  ecas consent scope --submission sub_4x7mmvq2r3w5ybkd6t2hpzcnae --purpose 'treatment, payment and health care "
    "operations' --given-on 2026-01-05 --note 'form 7, signed by the mother'"
)
@click.option("--submission", metavar="ID", help="The member is that of this submission.")
@click.option(
    "--member-id-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|-", help="The MassHealth ID."
)
@click.option(
    "--local-id-file", type=click.Path(path_type=Path, allow_dash=True), metavar="FILE|-", help="Your own number."
)
@click.option("--purpose", required=True, metavar="TEXT", help="For what, in the words of the consent.")
@click.option("--recipient", default="ecas", show_default=True, metavar="NAME", help="To whom: a destination.")
@click.option("--given-on", required=True, type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Its first day.")
@click.option("--expires-on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE", help="Its last day, where it has one.")
@click.option("--note", required=True, metavar="TEXT", help="Which paper says so, and who signed it.")
def scope(
    *,
    submission: str | None,
    member_id_file: Path | None,
    local_id_file: Path | None,
    purpose: str,
    recipient: str,
    given_on: datetime,
    expires_on: datetime | None,
    note: str,
) -> int:
    """Write down what a member has consented to: no record that 42 CFR Part 2 protects leaves without it.

    Purpose and dates go to the state beside the record, with the statement that prohibits redisclosure.
    """
    given: dict[str, str] = {"purpose": purpose, "recipient": recipient, "note": note}
    given |= _member(submission, member_id_file, local_id_file)
    days = {"given_on": given_on, "expires_on": expires_on}
    given |= {name: day.date().isoformat() for name, day in days.items() if day is not None}
    done = _answered("/v1/consents/scopes", given)
    sys.stdout.write(f"{done['id']}: written down.\n{done['released']} submissions that waited go on.\n")
    return Exit.CLEAN


def _member(submission: str | None, member_id_file: Path | None, local_id_file: Path | None) -> dict[str, str]:
    """Return what names the member; exactly one of the three does."""
    named = {"member_id": member_id_file, "member_local_id": local_id_file}
    files = {name: file for name, file in named.items() if file is not None}
    if len(files) + (submission is not None) != 1:
        raise click.UsageError("Name the member once: --submission, --member-id-file or --local-id-file.")
    return {name: read_line(file) for name, file in files.items()} | ({"submission": submission} if submission else {})


def _answered(path: str, given: Mapping[str, str]) -> Mapping[str, Any]:
    answer = Client(settings.load()).tell(path, **given)
    if not answer.ok:
        raise ConfigurationError(
            "The agency has no submission of that id; “ecas status” lists them."
            if answer.status == 404  # noqa: PLR2004
            else str(answer.data["detail"])
        )
    data: Mapping[str, Any] = answer.data
    return data


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
