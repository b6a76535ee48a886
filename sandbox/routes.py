"""Where the state is asked what: the paths of every specification that it speaks, now or at other times of its script."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute, Route

from sandbox.face import Faces

if TYPE_CHECKING:
    from sandbox.state import State


def routes_of(state: State, faces: Faces) -> list[BaseRoute]:
    """Return the routes: a sender who is early or late finds its old or new path, and is told what is in force."""
    routes: list[BaseRoute] = [
        Route("/_sandbox", state.about, methods=["GET"]),
        Route("/_sandbox/ledger", state.show_ledger, methods=["GET"]),
        Route("/_sandbox/weather", state.change_weather, methods=["POST"]),
    ]
    for face in faces.all:
        transport = face.spec.transport
        routes += [
            Route(transport.submit, state.submit, methods=["POST"]),
            Route(transport.status, partial(state.status, face), methods=["GET"]),
        ]
        if transport.query is not None:
            routes.append(Route(transport.query.partition("?")[0], partial(state.query, face), methods=["GET"]))
        if transport.token is not None:
            routes.append(Route(transport.token, state.token, methods=["POST"]))
    return routes
