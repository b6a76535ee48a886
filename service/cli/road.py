"""``ecas road``: whether anything may leave, and if not, why, until when, and whom to call."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import click

from canonical.desk import Desk
from service import settings
from service.cli.spans import span
from service.main import build_service
from service.outbox.pulse import part
from service.reports.printable import printable
from service.reports.run import Exit
from service.road_report import RoadReport, report_on
from specs.windows import Span


@click.command(epilog="Example:  ecas road")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(report: str) -> int:
    """Show the road to the state: what is closed and why, what is under way, what waits, and when it will have left.

    As the operator, on the database. Exit code 1 where nothing may leave.
    """
    found = report_on(build_service(settings.load()).outlook)
    if report == "json":
        sys.stdout.write(json.dumps(found.as_data(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("".join(f"{name:<12} {printable(text)}".rstrip() + "\n" for name, text in _lines(found)))
    return Exit.CLEAN if found.closed_by is None else Exit.FINDINGS


def _lines(found: RoadReport) -> Iterator[tuple[str, str]]:
    now = found.pulse.at
    yield "destination", found.destination
    yield "leaves", _leaves(found)
    if found.desk is not None:
        yield "call", _call(found.desk)
    if (breaker := found.pulse.breaker) is not None:
        yield "breaker", f"open since {_ago(breaker.began_at, now)}; the next try {_clock(found.pulse.probe_at)}"
    else:
        yield "breaker", "closed"
    pauses = found.pulse.pauses
    for number, pause in enumerate(pauses):
        yield (
            "" if number else "paused",
            f"{part(pause.agency, pause.programme)}, since {_ago(pause.began_at, now)}, by {pause.actor}: {pause.why}",
        )
    if not pauses:
        yield "paused", "nothing"
    yield "windows", "; ".join((f"now {_window(found.window)}", f"next {_window(found.next_window)}"))
    yield from _work(found)
    for number, closure in enumerate(found.ended):
        told = f"{closure.kind}, {part(closure.agency, closure.programme)}, {_clock(closure.began_at)} to {_clock(closure.ended_at)}: {closure.why}"
        yield "" if number else "lately", told


def _leaves(found: RoadReport) -> str:
    if found.closed_by is None:
        silent = found.silent_since
        if silent is not None:
            return f"it could, and no worker takes what is due, since {_ago(silent, found.pulse.at)}: start “ecas work”"
        return "yes"
    since = "" if found.since is None else f" since {_ago(found.since, found.pulse.at)}"
    return f"nothing ({found.closed_by}){since}, {_until(found)}: {found.why}"


def _until(found: RoadReport) -> str:
    match found.closed_by:
        case "quarantine":
            return "until “ecas restore release”"
        case "paused":
            return "until somebody resumes it"
        case "breaker":
            return f"the next try {_clock(found.until)}"
    return f"until {_clock(found.until)}"


def _work(found: RoadReport) -> Iterator[tuple[str, str]]:
    now, prediction = found.pulse.at, found.prediction
    yield "under way", str(found.pulse.leased)
    yield "waiting", ", ".join(f"{state} {count}" for state, count in found.waiting.items()) or "nothing"
    if found.oldest is not None:
        yield "oldest", f"waits for the road {span(now - found.oldest)}"
    sent = ", ".join(f"{outcome or 'under way'} {count}" for outcome, count in sorted(found.sends.items()))
    yield "last hour", f"{sum(found.sends.values())} sent{f': {sent}' if sent else ''}"
    rate = f"{prediction.rate.per_second:.3g} a second, {'as lately' if prediction.rate.measured else 'as the package allows at the worst'}"
    if not prediction.count:
        yield "forecast", "nothing waits that may leave"
    elif prediction.drained_at is None:
        yield "forecast", f"{prediction.count} wait, and nothing says when they will leave"
    else:
        yield "forecast", f"{prediction.count} will have left by {_clock(prediction.drained_at)} ({rate})"
    if prediction.late:
        yield (
            "",
            f"{len(prediction.late)} after their deadlines; “ecas deadlines --every-agency” lists those of the next days",
        )
    if found.unforeseen > 0:
        yield "", f"{found.unforeseen} cannot be forecast: held, stuck, with people, paused, or behind one that is"


def _call(desk: Desk) -> str:
    return ", ".join(filter(None, (desk.name, desk.phone, desk.email)))


def _window(window: Span | None) -> str:
    if window is None:
        return "none"
    return f"{_clock(window.start)} to {_clock(window.end)}: {window.why}"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{_clock(moment)} ({span(max(now - moment, timedelta()))})"


def _clock(moment: datetime | None) -> str:
    return "nobody knows when" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
