"""``ecas spec adopt``: judge everything unsent again by the packages at hand, and tell what changed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from canonical.submission import State
from service import settings
from service.adoption import Adoption, rules_of
from service.main import build_service
from service.reports.run import Exit


@click.command(name="adopt", epilog="\b\nExample:\n  ecas spec adopt --dry-run")
@click.option("--dry-run", is_flag=True, help="Tell what would change, and change nothing.")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(*, dry_run: bool, report: str) -> int:
    """Judge again what is ready, held or blocked, by the packages at hand now.

    The service does the same at its start, where other packages judge than last time. Programs that are running keep the
    packages that they loaded: start “ecas serve” and “ecas work” again. What is blocked stays so, and is told where it
    would pass: a lane lets the child's later assessments go by, so only the sender can send it again.

    Exit codes: 0 nothing is stopped by it, 1 something that could go on waits or is blocked now.
    """
    adopting = build_service(settings.load()).adopting
    adoption = adopting.tried() if dry_run else adopting.now()
    told = _as_json(adoption, tried=dry_run) if report == "json" else "".join(_as_text(adoption, tried=dry_run))
    sys.stdout.write(told)
    return Exit.FINDINGS if any(change.stopped for change in adoption.changes) else Exit.CLEAN


def _as_text(adoption: Adoption, *, tried: bool) -> Iterator[str]:
    yield f"{'Would be judged' if tried else 'Judged'} again: {adoption.judged}, by {', '.join(adoption.packages)}; "
    yield f"documents are sent under {adoption.sending}.\n"
    for (was, becomes), changes in adoption.moves.items():
        yield f"{_move(was, becomes)}: {len(changes)}\n"
        appeared, disappeared = rules_of(changes)
        yield from (f"  {rule} appears in {count}\n" for rule, count in sorted(appeared.items()))
        yield from (f"  {rule} is gone from {count}\n" for rule, count in sorted(disappeared.items()))
        yield from (f"  {change.submission}  {change.agency}\n" for change in changes)
    if not adoption.changes:
        yield "Nothing changes.\n"


def _move(was: State, becomes: State) -> str:
    if was is becomes:
        return f"{was}, for other reasons" if was is not State.READY else "ready, with other remarks"
    if was is State.BLOCKED:
        return f"blocked, and would be {becomes} if it were sent again"
    return f"{was}, now {becomes}"


def _as_json(adoption: Adoption, *, tried: bool) -> str:
    data = {
        "dry_run": tried,
        "packages": dict(adoption.packages),
        "sending": adoption.sending,
        "judged": adoption.judged,
        "changes": [{**asdict(change), "stopped": change.stopped} for change in adoption.changes],
    }
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
