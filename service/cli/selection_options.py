"""The options that choose among what waits, and those of a person's word: the same wherever many are meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

import click

from canonical.finding import HoldCause
from canonical.submission import StuckCause
from service.outbox.selecting import CHOSEN_AMONG
from service.routes import MASSACHUSETTS

_Function = TypeVar("_Function", bound=Callable[..., Any])
_MOMENT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z"])

_FILTER: Final = (
    click.argument("ids", metavar="[ID]...", nargs=-1),
    click.option("--cause", "causes", multiple=True, type=click.Choice([cause.value for cause in (*StuckCause, *HoldCause)]), help="Stuck or held for this; may be repeated."),
    click.option("--programme", metavar="CODE", help="The assessment's SERVICE."),
    click.option("--received-from", type=_MOMENT, metavar="DAY|MOMENT", help="Received then or later."),
    click.option("--received-before", type=_MOMENT, metavar="DAY|MOMENT", help="Received before that."),
)  # fmt: skip
_STATE: Final = click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([state.value for state in CHOSEN_AMONG]),
    help="Standing here; may be repeated.",
)
_WORD: Final = (
    click.option("--not-arrived", is_flag=True, help="You know that the state lacks what may have arrived."),
    click.option("--even-if-overtaken", is_flag=True, help="Also what later ones of the same child have overtaken."),
)
_OFFICE: Final = (
    click.option("--agency", metavar="ID", help="As the operator, on the database: this agency's."),
    click.option("--every-agency", is_flag=True, help="As the operator, on the database: all agencies'."),
)


def office(function: _Function) -> _Function:
    """Add the options that say whose work it is; without them it is the agency's of ``ECAS_API_KEY``, over the API."""
    return _with(_OFFICE, function)


def filtered(function: _Function) -> _Function:
    """Add the options of a filter."""
    return _with((*_FILTER, *_WORD, *_OFFICE), function)


def filtered_by_state(function: _Function) -> _Function:
    """Add the options of a filter, the state among them."""
    return _with((*_FILTER, _STATE, *_WORD, *_OFFICE), function)


def given(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filter and a word as the API takes them."""
    return {
        "states": list(options.get("states", ())),
        "causes": list(options["causes"]),
        "programme": options["programme"],
        "received_from": _moment(options["received_from"]),
        "received_before": _moment(options["received_before"]),
        "ids": list(options["ids"]),
        "not_arrived": options["not_arrived"],
        "even_if_overtaken": options["even_if_overtaken"],
    }


def _moment(moment: datetime | None) -> str | None:
    """Return a moment with its zone; a day begins in Massachusetts."""
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=MASSACHUSETTS)).isoformat()


def _with(options: tuple[Callable[[_Function], _Function], ...], function: _Function) -> _Function:
    for option in reversed(options):
        function = option(function)
    return function
