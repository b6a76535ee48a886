"""What comes in: requests read by hand, with a cap on their size before anything looks into them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from sandbox.connection import gone_from
from sandbox.flights import Flight

#: Digits of a Content-Length; whoever needs more of them sends too much.
_LONGEST_LENGTH: Final = 18


async def body_of(request: Request, cap: int) -> bytes | None:
    """Return the body, or None as soon as it is known to be longer than the cap."""
    declared = request.headers.get("content-length", "0")
    if len(declared) > _LONGEST_LENGTH or int(declared) > cap:
        return None
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > cap:
            return None
    return bytes(content)


def is_xml(request: Request) -> bool:
    """Return whether the request says that it brings XML in UTF-8, as it is."""
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.replace('"', "").replace(" ", "")
    encoding = request.headers.get("content-encoding", "identity")
    return kind.strip() == "application/xml" and charset in ("", "charset=utf-8") and encoding == "identity"


def digest_holds(request: Request, content: bytes) -> bool:
    """Return whether ``Content-Digest`` (RFC 9530) names the body's SHA-256."""
    for member in request.headers.get("content-digest", "").split(","):
        algorithm, _, value = member.strip().partition("=")
        if algorithm == "sha-256" and value.startswith(":") and value.endswith(":"):
            try:
                return base64.b64decode(value[1:-1], validate=True) == hashlib.sha256(content).digest()
            except ValueError:
                return False
    return False


def form_of(content: bytes) -> dict[str, str]:
    """Read a form-encoded body; of a name that comes twice nothing is believed."""
    pairs = parse_qsl(content.decode("ascii", "replace"))
    names = [name for name, _ in pairs]
    return {name: value for name, value in pairs if names.count(name) == 1}


async def wait(request: Request, seconds: float, flight: Flight | None = None) -> None:
    """Let the time pass; a sender who hangs up meanwhile has nothing in the air any more, but the state works on."""
    if seconds <= 0:
        return
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    try:
        await asyncio.wait_for(gone_from(request.receive), seconds)
    except TimeoutError:
        return
    if flight is not None:
        flight.land()
    await asyncio.sleep(end - loop.time())
