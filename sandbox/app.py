"""The state's face over HTTP, as docs/transport.md describes it, and the sandbox's own pages below ``/_sandbox``."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from sandbox.clients import Clients
from sandbox.face import Shelf
from sandbox.ledger import Ledger
from sandbox.reply import problem
from sandbox.state import Clock, State
from sandbox.weather import Weather
from specs.catalog import Catalog
from specs.spec import Spec


def create_app(
    spec: Spec,
    ledger: Ledger,
    weather: Weather,
    *,
    clients: Clients | None = None,
    shelf: Shelf | None = None,
    clock: Clock = lambda: datetime.now(UTC),
    new_tracking_id: Callable[[], str] = lambda: f"trk_{secrets.token_hex(13)}",
) -> Starlette:
    """Build a state for one specification; where clients are registered, it asks everyone for a token.

    Args:
        spec: the specification of the start.
        ledger: what it remembers.
        weather: what goes wrong.
        clients: the registered clients.
        shelf: where the packages are found that a script switches to; else among those that we bring.
        clock: the time.
        new_tracking_id: the state's names for what it takes.

    Raises:
        SpecDefect: where a package cannot be judged by, or answered with.
        UnknownSpec: where the script switches to one that is not there.
    """
    state = State(
        spec,
        ledger,
        weather,
        clients=clients,
        shelf=shelf or Catalog().named,
        clock=clock,
        new_tracking_id=new_tracking_id,
    )
    refusals = {HTTPException: _http_problem}
    return Starlette(
        routes=state.routes(),
        exception_handlers=refusals,  # type: ignore[arg-type]  # starlette types handlers by the widest exception
    )


async def _http_problem(_: Request, refusal: HTTPException) -> Response:
    """Answer for a path or a method that is not there."""
    return problem(refusal.status_code, HTTPStatus(refusal.status_code).phrase, refusal.headers)
