"""``ecas deadlines``: what is overdue, what will be late, and what holds it up."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from canonical.errors import ConfigurationError
from service import settings
from service.cli.client import Client
from service.cli.columns import columns
from service.cli.selection_options import office
from service.cli.spans import days as in_words
from service.main import build_service
from service.outlook import DAYS, Fate
from service.reports.run import Exit

_HEAD: Final = ("submission", "agency", "due", "days", "state", "forecast", "because of", "owner")
_WORDS: Final[Mapping[str, str]] = {
    Fate.OVERDUE: "overdue",
    Fate.WILL_BE_MISSED: "will be missed",
    Fate.HELD_UP: "held up",
    Fate.IN_TIME: "in time",
}
_CLOSED: Final = {
    "quarantine": "This is a restored copy: nothing leaves until “ecas restore release”.",
    "paused": "The destination is paused: nothing leaves until the operator resumes it.",
    "breaker": "The state does not answer: nothing leaves until it does.",
    "window": "A maintenance window is open: nothing leaves until it ends.",
}


@click.command(epilog="Example:  ecas deadlines --days 30")
@click.option("--days", type=click.IntRange(0, 3660), default=DAYS, show_default=True, help="How far to look.")
@click.option("--limit", type=click.IntRange(1, 1000), default=200, show_default=True, help="So many lines at most.")
@office
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(*, days: int, limit: int, agency: str | None, every_agency: bool, report: str) -> int:
    """Show what should be with the state soon and is not: what becomes of it if nobody acts, and what holds it up.

    Exit code 1 where a deadline is past, or will be missed.
    """
    found = _found(days, limit, agency, every_agency=every_agency)
    sys.stdout.write(
        json.dumps(found, indent=2, ensure_ascii=False) + "\n" if report == "json" else "".join(_text(found))
    )
    counts = found["counts"]
    return Exit.FINDINGS if counts[Fate.OVERDUE] or counts[Fate.WILL_BE_MISSED] else Exit.CLEAN


def _found(days: int, limit: int, agency: str | None, *, every_agency: bool) -> Mapping[str, Any]:
    if agency is not None and every_agency:
        raise click.UsageError("Name one agency or all of them, not both.")
    if agency is None and not every_agency:
        answer = Client(settings.load()).get("/v1/deadlines", days=days, limit=limit)
        if not answer.ok:
            raise ConfigurationError(str(answer.data["detail"]))
        return answer.data
    service = build_service(settings.load())
    if agency is not None:
        service.agencies.known(agency)
    return service.outlook.deadlines(agency, days=days).as_data(limit)


def _text(found: Mapping[str, Any]) -> Iterator[str]:
    if found["closed_by"]:
        yield f"{_CLOSED[found['closed_by']]}\n"
    if not found["submissions"]:
        yield f"Nothing is overdue, and nothing falls due within {found['days']} days.\n"
        return
    agencies = [_agency_row(one) for one in found["agencies"]]
    yield columns([("agency", *_WORDS.values()), *agencies])
    yield "\n"
    yield columns([_HEAD, *(_row(one, found["closed_by"]) for one in found["submissions"])])
    if found["more"]:
        yield f"… and {found['more']} more; the counts hold them.\n"
    if found["at_least"]:
        yield "The queue is too long to look at all of it: at least so many will be missed.\n"


def _agency_row(counted: Mapping[str, Any]) -> tuple[str, ...]:
    return (counted["agency"], *(str(counted[fate]) for fate in _WORDS))


def _row(one: Mapping[str, Any], closed_by: str | None) -> tuple[str, ...]:
    stands = (one["id"], one["agency"], one["deadline"], in_words(one["days_left"]), one["state"])
    return (*stands, _WORDS[one["fate"]], _because(one, closed_by), one["owner"] or "")


def _because(one: Mapping[str, Any], closed_by: str | None) -> str:
    """Return what keeps it: a cause, an earlier one of the child, the road, or its place in the queue."""
    if one["behind"]:
        return f"{one['held_up_by']} of {one['behind']}"
    if one["held_up_by"]:
        return str(one["held_up_by"])
    if closed_by and one["fate"] != Fate.IN_TIME:
        return f"the road: {closed_by}"
    return f"its turn comes {one['leaves_at'][:10]}" if one["leaves_at"] else ""
