"""``ecas status``: where submissions stand, and why."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any, Final

import click

from canonical.errors import ConfigurationError
from canonical.submission import NOT_WITH_THE_STATE, State
from service import settings
from service.cli.client import Client
from service.cli.columns import columns
from service.cli.spans import days, span
from service.clock import utc_now
from service.reports.printable import printable
from service.reports.run import Exit

_ID: Final = re.compile(r"[a-z0-9_]{1,80}")
_PAGE: Final = 500
_HEAD: Final = ("submission", "document", "state", "attempts", "verdict", "receipt", "due", "waits for", "owner", "age")


@click.command(epilog="Example:  ecas status --state held")
@click.argument("submission", metavar="[ID]", required=False)
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only those that stand here.")
@click.option("--cause", metavar="CAUSE", help="Only those stuck or held for this, such as unknown_key.")
@click.option("--programme", metavar="CODE", help="Only those of this programme.")
@click.option("--limit", type=click.IntRange(min=1), help="So many at most, the newest. [default: all]")
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def command(
    *,
    submission: str | None,
    state: str | None,
    cause: str | None,
    programme: str | None,
    limit: int | None,
    report: str,
) -> int:
    """Show where the agency's submissions stand, the newest first; of one, also why."""
    client = Client(settings.load())
    if submission is not None:
        told = _one(client, submission)
        sys.stdout.write(_as_json(told) if report == "json" else _story(told))
        return Exit.CLEAN
    found = list(islice(_all(client, state=state, cause=cause, programme=programme), limit))
    sys.stdout.write(_as_json({"submissions": found}) if report == "json" else columns([_HEAD, *map(_row, found)]))
    return Exit.CLEAN


def _all(client: Client, **wanted: str | None) -> Iterator[Mapping[str, Any]]:
    """Yield submissions page by page, as many pages as somebody takes.

    Raises:
        ConfigurationError: the service does not know such a filter.
    """
    after: str | None = None
    while True:
        answer = client.get("/v1/submissions", **wanted, after=after, limit=_PAGE)
        if not answer.ok:
            raise ConfigurationError(str(answer.data["detail"]))
        page = answer.data
        yield from page["submissions"]
        after = page["next"]
        if after is None:
            return


def _one(client: Client, id_: str) -> dict[str, Any]:
    """Return a submission with its events, its attempts and its findings.

    Raises:
        ConfigurationError: the agency has none of that id.
    """
    answer = client.get(f"/v1/submissions/{id_}") if _ID.fullmatch(id_) else None
    if answer is None or not answer.ok:
        raise ConfigurationError("The agency has no submission of that id; “ecas status” lists them.")
    events = client.get(f"/v1/submissions/{id_}/events").data["events"]
    attempts = client.get(f"/v1/submissions/{id_}/attempts").data["attempts"]
    report = client.get(f"/v1/submissions/{id_}/report").data
    return {**answer.data, "events": events, "attempts_made": attempts, "report": report}


def _row(entry: Mapping[str, Any]) -> tuple[str, ...]:
    attempts, verdict, receipt = str(entry["attempts"]), entry["verdict"] or "", entry["receipt"] or ""
    waits, owner = ", ".join(_waits(entry)), entry["owner"] or ""
    stands = (entry["id"], entry["document_id"], entry["state"], attempts, verdict, receipt)
    return (*stands, _due(entry), waits, owner, _age(entry))


def _due(entry: Mapping[str, Any]) -> str:
    """Return the day by which it should be with the state; empty where it is, or where it has ended."""
    if entry["state"] not in NOT_WITH_THE_STATE or not entry["deadline"]:
        return ""
    left = entry.get("days_left")  # of one that was asked for by its id
    return entry["deadline"] if left is None else f"{entry['deadline']}, {days(left)}"


def _waits(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield for what it waits: causes, and the earlier submission of the child that goes first."""
    yield from entry["holds"]
    if entry["cause"]:
        yield entry["cause"]
    if entry["escalated_at"]:
        yield "escalated"
    if entry["waits_behind"]:
        yield f"behind {entry['waits_behind']}"


def _age(entry: Mapping[str, Any]) -> str:
    """Return how long it has waited for somebody; what waits for nobody has no age."""
    if not entry["since"] or not (entry["owner"] or entry["waits_behind"]):
        return ""
    return span(utc_now() - datetime.fromisoformat(entry["since"]))


def _story(told: Mapping[str, Any]) -> str:
    """Tell one submission: how it stands, how it came there, and what was found."""
    facts = "".join(f"{name:<11} {printable(text)}\n" for name, text in zip(_HEAD, _row(told), strict=True) if text)
    if told["corrects"]:
        facts += f"{'corrects':<11} {told['corrects']}\n"
    if told["words"]:
        facts += f"{'why':<11} {told['words']}\n{'to do':<11} {told['mend']}\n"
    facts += "".join(_queued(told["queue"])) if told["queue"] else ""
    moves = "".join(f"{event['at']}  {event['became']:<10} {_why(event)}\n" for event in told["events"])
    if told["attempts_made"]:
        moves += "\n" + "".join(map(_attempt, told["attempts_made"]))
    found = "".join(
        f"\n{finding['rule']} {finding['title']}"
        f"\n  items {', '.join(finding['items'])}"
        f"\n  where {printable(', '.join(_place(source) for source in finding['sources']))}"
        f"\n  what  {finding['message']}"
        f"\n  fix   {finding['fix']}\n"
        for finding in told["report"]["findings"]
    )
    return f"{facts}\n{moves}{found}"


def _queued(queue: Mapping[str, Any]) -> Iterator[str]:
    """Yield what it waits for, and when it may leave where something says so."""
    for wait in queue["waits_for"]:
        until = f" (until {wait['until']})" if wait["until"] else ""
        yield f"{'waits':<11} {wait['words']}{until}\n"
    if queue["ahead"] is not None:
        yield f"{'ahead':<11} {queue['ahead']} at most, {queue['ahead_in_lane']} of the same child\n"
    if queue["expected_at"]:
        yield f"{'leaves':<11} about {queue['expected_at']}\n"


def _attempt(made: Mapping[str, Any]) -> str:
    """Tell one send, question or poll, how long it took, and what came of it."""
    what = f"{made['kind']} {made['number']}" if made["number"] else made["kind"]
    if made["ended_at"] is None:
        return f"{made['started_at']}  {what:<10} no answer recorded: it is under way, or its worker died\n"
    took = datetime.fromisoformat(made["ended_at"]) - datetime.fromisoformat(made["started_at"])
    return f"{made['started_at']}  {what:<10} {made['outcome']} after {took.total_seconds():.1f} s. {printable(made['why'] or '')}\n"


def _why(event: Mapping[str, Any]) -> str:
    """Return why it moved, with a person's own words where somebody gave them."""
    return printable(f"{event['why']} “{event['note']}” ({event['actor']})" if event["note"] else event["why"])


def _place(source: Mapping[str, Any]) -> str:
    line = f"line {source['line']}: " if source["line"] else ""
    return f"{line}{source['label']}"


def _as_json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
