"""One line of log, one span and one count per request, made of our own words only; and the headers that every answer carries."""

from __future__ import annotations

import time
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import HEADERS_TOO_MANY
from service.identifiers import NewId
from service.metrics.instruments import REQUEST_SECONDS, REQUESTS
from service.tenants.tenant import nobody_asks
from service.tracing import Step, step, tell

#: An answer may hold a record: no cache keeps it, no browser guesses what it is.
_HEADERS: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
#: More has no use, and every one costs time.
_HEADERS_AT_MOST: Final = 100
#: Methods that have a label of their own: a caller may write anything there.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEALTH: Final = ("/healthz", "/readyz", "/metrics")
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
        app = self._app if len(scope["headers"]) <= _HEADERS_AT_MOST else HEADERS_TOO_MANY.response()

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message).update({**_HEADERS, "Correlation-Id": scope["request_id"]})
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        with nobody_asks(), step(Step.REQUEST, request=scope["request_id"], method=method) as span:
            await app(scope, receive, marked)
            route = getattr(scope.get("route"), "path", "unmatched")
            tell(span, route=route, status=status, agency=scope.get("agency") or "")
        REQUESTS.labels(route, method, str(status)).inc()
        REQUEST_SECONDS.labels(route).observe(time.perf_counter() - began)
        (_log.debug if route in _HEALTH else _log.info)(
            "request answered",
            method=method,
            route=route,
            status=status,
            milliseconds=round((time.perf_counter() - began) * 1000, 1),
            agency=scope.get("agency"),
            principal=scope.get("principal"),
            request=scope["request_id"],
        )
