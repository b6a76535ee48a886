"""``ecas replay``: what waits goes again, looked at first, then at a pace that can be stopped."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from service.cli.columns import columns
from service.cli.office import open_office
from service.cli.prospect_words import became_text, preview_text
from service.cli.selection_options import filtered_by_state, given, office
from service.outbox.prospects import How
from service.replays import PER_MINUTE
from service.reports.run import Exit

_HOW: Final = click.option(
    "--how",
    type=click.Choice([how.value for how in How]),
    default=How.SEND.value,
    show_default=True,
    help="Send again what is stored, ask the state first, or read the stored payloads again.",
)
_REPORT: Final = click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
_REPLAY: Final = click.argument("replay", metavar="REPLAY")


@click.group(epilog="Example:  ecas replay preview --state stuck --cause gave_up")
def command() -> None:
    """Let what is stuck, held, rejected or blocked go again, one or many by filter, at a pace."""


@command.command(epilog="Example:  ecas replay preview --state blocked --how reprocess")
@filtered_by_state
@_HOW
@_REPORT
def preview(*, how: str, report: str, agency: str | None, every_agency: bool, **options: Any) -> int:  # noqa: ANN401 - click's own
    """Show what a replay would do: how many, of what causes, since when, and how each would go. Nothing is done."""
    order = {**given(options), "how": how, "run": False, "note": ""}
    told = open_office(agency, every_agency=every_agency).order(order)
    sys.stdout.write(_as_json(told["preview"]) if report == "json" else preview_text(told["preview"]))
    return _exit(told["preview"])


@command.command(
    epilog="Example:  ecas replay run --state stuck --cause gave_up --note 'the road is mended, R. Okafor'"
)
@filtered_by_state
@_HOW
@click.option(
    "--per-minute", type=click.IntRange(1, 6000), default=PER_MINUTE, show_default=True, help="So many at most."
)
@click.option("--note", required=True, metavar="TEXT", help="Why, and on whose word.")
@_REPORT
def run(
    *,
    how: str,
    per_minute: int,
    note: str,
    report: str,
    agency: str | None,
    every_agency: bool,
    **options: Any,  # noqa: ANN401
) -> int:
    """Begin a replay of all that would go; a worker does it, and goes on where another one died."""
    order = {**given(options), "how": how, "per_minute": per_minute, "run": True, "note": note}
    told = open_office(agency, every_agency=every_agency).order(order)
    if report == "json":
        sys.stdout.write(_as_json(told))
    else:
        begun = told["replay"]
        tail = "Nothing goes: no replay was begun.\n" if begun is None else _sentence(begun)
        sys.stdout.write(preview_text(told["preview"]) + tail)
    return _exit(told["preview"])


@command.command(name="list", epilog="Example:  ecas replay list")
@office
@_REPORT
def list_(*, report: str, agency: str | None, every_agency: bool) -> int:
    """List replays, the newest first."""
    found = open_office(agency, every_agency=every_agency).replays()
    if report == "json":
        sys.stdout.write(_as_json({"replays": found}))
    else:
        head = ("replay", "agency", "state", "how", "done", "of", "begun")
        rows = [
            (one["id"], one["agency"] or "all", one["state"], one["how"], str(_done(one)), str(one["total"]), one["created_at"])
            for one in found
        ]  # fmt: skip
        sys.stdout.write(columns([head, *rows]))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas replay show rep_4x7mmvq2r3w5ybkd6t2hpzcnae")
@_REPLAY
@office
@_REPORT
def show(*, replay: str, report: str, agency: str | None, every_agency: bool) -> int:
    """Show how far a replay has come, and what became of what is done."""
    found = open_office(agency, every_agency=every_agency).replay(replay)
    sys.stdout.write(_as_json(found) if report == "json" else _sentence(found))
    return Exit.CLEAN


@command.command(epilog="Example:  ecas replay pause rep_4x7mmvq2r3w5ybkd6t2hpzcnae")
@_REPLAY
@office
def pause(*, replay: str, agency: str | None, every_agency: bool) -> int:
    """Let a replay stand still until it is resumed."""
    return _steered(replay, "pause", agency, every_agency=every_agency)


@command.command(epilog="Example:  ecas replay resume rep_4x7mmvq2r3w5ybkd6t2hpzcnae")
@_REPLAY
@office
def resume(*, replay: str, agency: str | None, every_agency: bool) -> int:
    """Let a paused replay go on."""
    return _steered(replay, "resume", agency, every_agency=every_agency)


@command.command(epilog="Example:  ecas replay cancel rep_4x7mmvq2r3w5ybkd6t2hpzcnae")
@_REPLAY
@office
def cancel(*, replay: str, agency: str | None, every_agency: bool) -> int:
    """End a replay; what it has done stays done."""
    return _steered(replay, "cancel", agency, every_agency=every_agency)


def _steered(replay: str, step: str, agency: str | None, *, every_agency: bool) -> int:
    sys.stdout.write(_sentence(open_office(agency, every_agency=every_agency).steer(replay, step)))
    return Exit.CLEAN


def _sentence(replay: Mapping[str, Any]) -> str:
    done, total, pace = _done(replay), replay["total"], replay["per_minute"]
    return f"{replay['id']} is {replay['state']}: {done} of {total} done ({became_text(replay['became'])}), {pace} a minute.\n"


def _done(replay: Mapping[str, Any]) -> int:
    return sum(replay["became"].values())


def _exit(preview: Mapping[str, Any]) -> int:
    return Exit.FINDINGS if preview["stays"] else Exit.CLEAN


def _as_json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
