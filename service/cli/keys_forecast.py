"""``ecas keys forecast``: what is coming, before it stops an assessment."""

from __future__ import annotations

import csv
import io
import json
import sys
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from service.cli import private_file
from service.cli.columns import columns
from service.cli.roster_owner import AGENCY, kept
from service.reports.run import Exit
from service.roster.export import harmless

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from service.main import Service
    from service.roster.forecast import Foreseen, Made

_HEAD: Final = ("what", "name", "key", "last day", "next due", "count", "why")


@click.command(epilog="\b\nExample:\n  ecas keys forecast --agency riverbend --days 120 --format ics --out keys.ics")
@AGENCY
@click.option("--days", type=click.IntRange(0, 3660), default=120, show_default=True, help="How far to look.")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["text", "csv", "json", "ics"]),
    default="text",
    show_default=True,
    help="How to tell it.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to; else standard output.")
def forecast(agency: str | None, days: int, format_: str, out: Path | None) -> int:
    """Tell whose certificate ends before the next reassessment is due, who awaits approval, and who is held up."""
    from service.roster.forecast import foresee  # noqa: PLC0415 - brings the outbox

    service, owner = kept(agency)
    now = service.clock()
    found = foresee(
        service.rosters.standing(owner).people,
        _made(service, owner),
        cache(lambda day: service.judge.spec or service.catalog.for_date(day)),
        today=now.date(),
        days=days,
    )
    told = _ics(found, now) if format_ == "ics" else _FORMATS[format_](found)
    if out is None:
        sys.stdout.write(told)
    else:
        private_file.write(out, told.encode())
    return Exit.CLEAN


def _made(service: Service, agency: str) -> Iterator[Made]:
    """Yield all submissions of an agency, the newest first, page by page."""
    from service.roster.forecast import Made  # noqa: PLC0415 - brings the outbox

    after: str | None = None
    while page := service.outbox.entries(agency, after=after, limit=500, state=None):
        for entry in page:
            assessment = service.outbox.assessment(agency, entry.id)
            if assessment is not None:
                yield Made(entry=entry, assessment=assessment)
        after = page[-1].id


def _text(found: Sequence[Foreseen]) -> str:
    if not found:
        return "Nothing is coming.\n"
    return columns([_HEAD, *map(_row, found)])


def _csv(found: Sequence[Foreseen]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(
        [_HEAD, *([harmless(cell) for cell in _row(one)] for one in found)]
    )
    return written.getvalue()


def _json(found: Sequence[Foreseen]) -> str:
    return json.dumps({"forecast": [_data(one) for one in found]}, indent=2, ensure_ascii=False) + "\n"


def _ics(found: Sequence[Foreseen], at: datetime) -> str:
    from service.roster.calendar_file import write  # noqa: PLC0415 - only this format needs it

    return write(found, at)


_FORMATS: Final[dict[str, Callable[[Sequence[Foreseen]], str]]] = {"text": _text, "csv": _csv, "json": _json}


def _data(one: Foreseen) -> dict[str, Any]:
    return {
        "what": one.what.value,
        "id": one.id or None,
        "name": one.name,
        "key": one.key,
        "last_day": one.on.isoformat() if one.on else None,
        "next_due": one.next_due.isoformat() if one.next_due else None,
        "count": one.count,
        "why": one.why or None,
    }


def _row(one: Foreseen) -> tuple[str, ...]:
    days = (one.on.isoformat() if one.on else "", one.next_due.isoformat() if one.next_due else "")
    return (one.what.value, one.name, one.key, *days, str(one.count or ""), one.why)
