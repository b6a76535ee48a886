"""What is paused or resumed: everything, an agency, a programme, or a programme of one agency."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import click

from canonical.errors import ConfigurationError
from service.main import Service
from service.outbox.outbox import Closure
from service.outbox.pulse import part
from service.outbox.settling import DELIVERY

_Command = TypeVar("_Command", bound=Callable[..., Any])
_OPTIONS: Final = (
    click.option("--agency", default="", metavar="ID", help="What this agency sends. [default: all agencies]"),
    click.option("--programme", default="", metavar="CODE", help="This programme: ICC, IHT … [default: all of them]"),
    click.option("--note", required=True, metavar="TEXT", help="Why. Everybody who looks at the road reads it."),
)


def part_of_road(command: _Command) -> _Command:
    """Add the options that name a part, and the note."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def checked(service: Service, agency: str, programme: str, note: str) -> None:
    """Refuse what is no part of the road: a mistyped name would pause nothing and look as if it had.

    Raises:
        ConfigurationError: there is no such agency or programme, or the note is empty.
    """
    if not note.strip():
        raise ConfigurationError("Say why, with --note: whoever finds the road closed will ask.")
    if agency:
        service.agencies.known(agency)
    spec = service.judge.sending(service.clock().date())
    codes = spec.codes.get(spec.items["SERVICE"].codes or "", {}) if "SERVICE" in spec.items else {}
    if programme and programme not in codes:
        raise ConfigurationError(f"The programmes of package {spec.version} are {', '.join(codes) or 'none'}.")


def paused_parts(service: Service) -> Iterator[str]:
    """Yield a sentence about each part that is paused, with the note of whoever paused it."""
    for pause in service.outlook.pulse().pauses:
        yield f"{_paused(pause)}: {pause.why}"


def paused_for_log(service: Service) -> Iterator[str]:
    """Yield the same for a log: a person's note stays where people ask for it, since people write names."""
    for pause in service.outlook.pulse().pauses:
        why = f": {pause.why}" if pause.actor == DELIVERY else "; “ecas road” says why."
        yield f"{_paused(pause)}{why}"


def _paused(pause: Closure) -> str:
    what = part(pause.agency, pause.programme)
    return f"Paused: {what}, since {pause.began_at:%Y-%m-%d %H:%M} UTC, by {pause.actor}"
