"""One line of log per request, made of our own words only; and the headers that every answer carries."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.identifiers import NewId

#: An answer may hold a record: no cache keeps it, no browser guesses what it is.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
_HEALTH: Final = ("/healthz", "/readyz")
_log = structlog.get_logger()


class Access:
    """Names each request, times it, and tells the log its route (never its path or query), status and agency."""

    def __init__(self, app: ASGIApp, new_id: NewId) -> None:
        """Stand around the application."""
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and tell about it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["request_id"] = self._new_id("req")  # always ours: a caller's own could hold anything
        began = time.perf_counter()
        status = 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update({**_HEADERS, "Correlation-Id": scope["request_id"]})
            await send(message)

        await self._app(scope, receive, marked)
        route = getattr(scope.get("route"), "path", "unmatched")
        (_log.debug if route in _HEALTH else _log.info)(
            "request answered",
            route=route,
            status=status,
            milliseconds=round((time.perf_counter() - began) * 1000, 1),
            agency=scope.get("agency"),
            request=scope["request_id"],
        )
