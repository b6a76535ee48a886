"""``ecas handoffs``: what people enter in the Virtual Gateway by hand."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from service import settings
from service.cli.client import Client
from service.cli.columns import columns
from service.cli.word import NOTE, SUBMISSION, say
from service.reports.run import Exit

_HEAD: Final = ("submission", "document", "programme", "owner", "age", "due", "enter after", "keeps waiting")


@click.group(epilog="Example:  ecas handoffs list")
def command() -> None:
    """Show what people are to enter in the Virtual Gateway, and close what they have entered."""


@command.command(name="list", epilog="Example:  ecas handoffs list")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def list_(report: str) -> int:
    """List the agency's open hand-offs, oldest first."""
    found = Client(settings.load()).get("/v1/handoffs").data["handoffs"]
    if report == "json":
        sys.stdout.write(json.dumps({"handoffs": found}, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(columns([_HEAD, *map(_row, found)]))
    return Exit.CLEAN


@command.command(
    epilog="Example:  ecas handoffs close sub_4x7mmvq2r3w5ybkd6t2hpzcnae --note 'entered 3 March, confirmation 8812, R. Okafor'"
)
@SUBMISSION
@NOTE
def close(*, submission: str, note: str) -> int:
    """Say that a hand-off was entered in the Virtual Gateway; the note is kept with its history."""
    return say("close", submission, note)


def _row(handoff: Mapping[str, Any]) -> tuple[str, ...]:
    entry = handoff["submission"]
    days = handoff["age_days"]
    return (
        entry["id"],
        entry["document_id"],
        handoff["programme"],
        entry["owner"] or "",
        f"{days} day{'' if days == 1 else 's'}",
        entry["deadline"] or "",
        ", ".join(handoff["after"]),
        ", ".join(handoff["before"]),
    )
