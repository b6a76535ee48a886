"""Bodies as bytes: capped before any parser sees one, given a deadline, and left behind cleanly when refused."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.problems import BODY_TOO_LARGE, BODY_TOO_SLOW, ENCODED_BODY, MULTIPART_BODY, Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a caller may send, and for how long."""

    #: Bytes of one body.
    body_bytes: int = 10_000_000
    #: From the head of a request to the last byte of its body; no server that we could use bounds this by itself.
    body_seconds: float = 60.0
    #: How long the rest of a refused body is read and thrown away: a socket closed with unread bytes would be
    #: reset, and the caller, still sending, would never see our answer.
    linger_seconds: float = 2.0


async def read_body(request: Request, limits: Limits) -> bytes:
    """Return the body as it came.

    Raises:
        Refusal: it is encoded, multipart, too large (said before it is read, where it says so itself), or too slow.
    """
    headers = request.headers
    if any(encoding.strip().lower() != "identity" for encoding in headers.getlist("content-encoding")):
        raise Refusal(ENCODED_BODY)
    if headers.get("content-type", "").strip().lower().startswith("multipart/"):
        raise Refusal(MULTIPART_BODY)
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.body_bytes:
        raise Refusal(BODY_TOO_LARGE)
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > limits.body_bytes:
            raise Refusal(BODY_TOO_LARGE)
    return bytes(content)


class BodyDeadline:
    """Gives each body its deadline, and closes the connection of one that was answered before it was read."""

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        """Stand around the application."""
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass requests on; those with a body under guard."""
        if scope["type"] == "http" and _has_body(Headers(scope=scope)):
            body = _Body(receive, send, self._limits)
            await self._app(scope, body.receive, body.send)
        else:
            await self._app(scope, receive, send)


class _Body:
    """One request's body while it is read or left behind."""

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive = receive
        self._send = send
        self._linger = limits.linger_seconds
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds
        self._ended = False

    async def receive(self) -> Message:
        if self._ended:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._next()
        except TimeoutError:
            raise Refusal(BODY_TOO_SLOW) from None

    async def send(self, message: Message) -> None:
        if self._ended:
            await self._send(message)
        elif message["type"] == "http.response.start":
            await self._send({**message, "headers": [*message["headers"], (b"connection", b"close")]})
        elif message.get("more_body"):
            await self._send(message)
        else:
            await self._send({**message, "more_body": True})
            await self._leave_behind()
            await self._send({"type": "http.response.body"})

    async def _leave_behind(self) -> None:
        try:
            async with asyncio.timeout(self._linger):
                while not self._ended:
                    await self._next()
        except TimeoutError:
            return

    async def _next(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] != "http.request" or not message.get("more_body")
        return message


#: Framing headers that announce a body. (RFC 9112 section 6)
_FRAMING: Final = ("content-length", "transfer-encoding")


def _has_body(headers: Headers) -> bool:
    return any(headers.get(name, "0") != "0" for name in _FRAMING)
