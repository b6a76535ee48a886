"""``ecas routes``: which way the assessments of agencies and their programmes reach the state."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import date, datetime
from typing import Final

import click

from canonical.errors import ConfigurationError
from canonical.submission import State
from service import settings
from service.cli.columns import columns
from service.cli.roster_owner import operator
from service.main import Service, build_service
from service.outbox.handing_off import UNDER_WAY, Census
from service.reports.run import Exit
from service.routes import MASSACHUSETTS, Route, RouteChange

_HEAD: Final = ("agency", "programme", "route", "from", "counts", "set by", "note")
_ALL: Final = "all others"


@click.group(epilog="Example:  ecas routes list")
def command() -> None:
    """Show and set which way assessments reach the state: not at all yet, through eCAS, or by people's hands."""


@command.command(name="list", epilog="Example:  ecas routes list riverbend")
@click.argument("agency", metavar="[AGENCY]", required=False)
@click.option(
    "--report", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to tell it."
)
def list_(agency: str | None, report: str) -> int:
    """List what was set, the newest first; days begin at midnight in Massachusetts."""
    service = build_service(settings.load())
    if agency is not None:
        service.agencies.known(agency)
    now, changes = service.clock(), service.routes.changes(agency)
    if report == "json":
        sys.stdout.write(json.dumps({"routes": [_as_data(change) for change in changes]}, indent=2) + "\n")
    else:
        sys.stdout.write(columns([_HEAD, *(_row(change, now) for change in changes)]))
    return Exit.CLEAN


@command.command(
    name="set",
    epilog="Example:  ecas routes set riverbend --route ecas --from 2027-03-01 --note 'go-live, letter of 4 January'",
)
@click.argument("agency", metavar="AGENCY")
@click.option("--route", "named", required=True, type=click.Choice([route.value for route in Route]))
@click.option(
    "--programme", default="", metavar="CODE", help="For this programme alone: ICC, IHT … [default: all others]"
)
@click.option(
    "--from",
    "starts_on",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="From this day on, midnight in Massachusetts. [default: now]",
)
@click.option("--take-back", is_flag=True, help="Take open hand-offs back from the people who were to enter them.")
@click.option("--preview", is_flag=True, help="Say what would happen, and change nothing.")
@click.option("--note", default="", metavar="TEXT", help="Why, and on whose word; needed unless it is a preview.")
def set_(
    *,
    agency: str,
    named: str,
    programme: str,
    starts_on: datetime | None,
    take_back: bool,
    preview: bool,
    note: str,
) -> int:
    """Let an agency's assessments, or those of one programme, go another way from now or from a day on."""
    service, route = build_service(settings.load()), Route(named)
    day = None if starts_on is None else starts_on.date()
    later = _checked(service, agency, programme, day, take_back=take_back)
    if not note.strip() and not preview:
        raise ConfigurationError("Say why, and on whose word: --note TEXT. It is kept with the route.")
    sys.stdout.write("".join(_preview(service, agency, programme, route, day if later else None, take_back=take_back)))
    if preview:
        return Exit.CLEAN
    actor = operator()
    service.routes.set(agency, route, programme=programme, starts_on=day, actor=actor, note=note)
    if later:
        sys.stdout.write("Set. Nothing moves before that day; then the workers do it.\n")
        return Exit.CLEAN
    taken = service.rerouting.take_back(agency, programme, actor=actor, note=note) if take_back else 0
    moved = taken + service.rerouting.apply(agency)
    sys.stdout.write(f"Set. {moved} submissions moved.\n")
    return Exit.CLEAN


def _checked(service: Service, agency: str, programme: str, day: date | None, *, take_back: bool) -> bool:
    """Return whether the route is for a later day.

    Raises:
        ConfigurationError: the agency, the programme or the day is none, or the hand-offs cannot be taken back yet.
    """
    service.agencies.known(agency)
    spec = service.judge.sending(service.clock().date())
    codes = spec.codes.get(spec.items["SERVICE"].codes or "", {}) if "SERVICE" in spec.items else {}
    if programme and programme not in codes:
        raise ConfigurationError(f"The programmes of package {spec.version} are {', '.join(codes) or 'none'}.")
    later = service.routes.moment(day) > service.clock()
    if later and take_back:
        raise ConfigurationError(
            "Hand-offs cannot be taken back on a later day by themselves: people are at work on them. "
            "Set the route for that day, and run this again on it with --take-back."
        )
    return later


def _preview(
    service: Service, agency: str, programme: str, route: Route, day: date | None, *, take_back: bool
) -> Iterator[str]:
    ways = service.routes.of(agency)
    census = service.rerouting.census(agency, programme)
    when = f"from {day}, midnight in Massachusetts" if day else "from now"
    yield f"{agency}, {programme or _ALL}: {ways.of(programme)} becomes {route}, {when}.\n"
    for count, what in _effects(census, route, take_back=take_back):
        if count:
            yield f"{count:>8}  {what}\n"
    if not programme and ways.own:
        kept = ", ".join(f"{own} {ways.of(own)}" for own in ways.own)
        yield f"Programmes with a route of their own stay on it: {kept}.\n"


def _effects(census: Census, route: Route, *, take_back: bool) -> Iterator[tuple[int, str]]:
    """Yield how many stand where, and what becomes of them."""
    waits = ", ".join(f"{cause} {count}" for cause, count in census.causes.items())
    named = ", ".join(f"{id_} {state}" for id_, state in census.under_way)
    yield census.states.get(State.READY, 0), f"ready: {_OF_READY[route]}"
    yield census.states.get(State.HELD, 0), f"held ({waits}): {_OF_HELD[route]}"
    yield census.states.get(State.HANDED_OFF, 0), f"handed off: {_of_handoffs(route, take_back=take_back)}"
    under_way = sum(census.states.get(state, 0) for state in UNDER_WAY)
    yield (
        under_way,
        f"under way: they stay, and end where they are: {named}{' …' * (under_way > len(census.under_way))}",
    )
    yield census.states.get(State.STUCK, 0), "stuck: they stay with whoever decides about them"


_OF_READY: Final = {
    Route.ECAS: "they stay and leave",
    Route.NOT_LIVE: "they wait for the next go-live",
    Route.VIRTUAL_GATEWAY: "people enter them from now on",
}
_OF_HELD: Final = {
    Route.ECAS: "those that waited for the go-live are judged again and released at the ramp, in order per child",
    Route.NOT_LIVE: "they wait for the next go-live too",
    Route.VIRTUAL_GATEWAY: "people enter those that wait for the go-live or the key; what consent, identity or a person holds waits on",
}


def _of_handoffs(route: Route, *, take_back: bool) -> str:
    if route is Route.VIRTUAL_GATEWAY:
        return "they stay with the people who enter them"
    if take_back:
        return "they are judged again and go the new way; tell the people who were to enter them"
    return "they stay with the people who enter them, and later ones of the same children wait until they are closed"


def _row(change: RouteChange, now: datetime) -> tuple[str, ...]:
    begins = change.starts_at.astimezone(MASSACHUSETTS)
    counts = "now" if change.in_force else "later" if change.starts_at > now else "no more"
    shown = begins.strftime("%Y-%m-%d" if (begins.hour, begins.minute) == (0, 0) else "%Y-%m-%d %H:%M")
    return (change.agency, change.programme or _ALL, change.route.value, shown, counts, change.actor, change.note)


def _as_data(change: RouteChange) -> dict[str, str | bool]:
    return {
        "agency": change.agency,
        "programme": change.programme,
        "route": change.route.value,
        "starts_at": change.starts_at.isoformat(),
        "set_at": change.set_at.isoformat(),
        "actor": change.actor,
        "note": change.note,
        "in_force": change.in_force,
    }
