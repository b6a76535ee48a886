"""A state that takes 20 ms for each document and believes everything: cheap, so that what is measured is us.

``python tests/swift_state.py [MILLISECONDS]`` prints its address; it ends with its standard input.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import uvloop

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_RECEIPT: Final = (
    b'<Receipt xmlns="urn:ecas-bridge:receipt:2026.1"><TrackingId>trk_%d</TrackingId><DocumentId>%b</DocumentId>'
    b"<DocumentDigest>sha-256:%b</DocumentDigest><Status>accepted</Status>"
    b"<ReceivedAt>2026-11-16T09:00:00Z</ReceivedAt></Receipt>"
)


class Taken:
    """What came, in order."""

    def __init__(self) -> None:
        #: (seconds since the epoch, document id).
        self.arrivals: list[tuple[float, str]] = []
        self.answered = 0
        self.receipts: dict[bytes, bytes] = {}


class Answering(asyncio.Protocol):
    """One connection: requests one after the other, each answered after its time."""

    def __init__(self, taken: Taken, seconds: float) -> None:
        """Note what comes in ``taken``."""
        self._taken, self._seconds = taken, seconds
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Answer on this connection."""
        assert hasattr(transport, "is_closing")
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Take a request as soon as it is whole."""
        self._buffer += data
        head, ended, rest = self._buffer.partition(b"\r\n\r\n")
        if not ended:
            return
        length = int(_header(head, b"content-length") or 0)
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        if head.startswith(b"POST"):
            self._post(_header(head, b"idempotency-key"), rest[:length])
        elif b"idempotency-key=" in head:
            key = head.split(b"idempotency-key=", 1)[1].split(b" ", 1)[0]
            held = self._taken.receipts.get(key, b"")
            receipts = b'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1">%b</Receipts>' % held
            asyncio.get_running_loop().call_later(self._seconds, self._answer, b"200 OK", receipts)
        elif head.startswith(b"GET /arrivals"):
            self._answer(b"200 OK", json.dumps(self._taken.arrivals).encode())
        else:
            self._answer(b"200 OK", b"%d %d" % (len(self._taken.arrivals), self._taken.answered))

    def _post(self, key: bytes, body: bytes) -> None:
        document = body.split(b"<DocumentId>", 1)[1].split(b"<", 1)[0]
        self._taken.arrivals.append((time.time(), document.decode()))
        digest = hashlib.sha256(body.removeprefix(_DECLARATION)).hexdigest().encode()
        receipt = self._taken.receipts.get(key) or _RECEIPT % (len(self._taken.arrivals), document, digest)
        self._taken.receipts[key] = receipt
        asyncio.get_running_loop().call_later(self._seconds, self._answer, b"201 Created", receipt)

    def _answer(self, status: bytes, body: bytes) -> None:
        if self._transport.is_closing():  # whoever asked has gone
            return
        self._taken.answered += body.startswith(b"<")
        head = b"HTTP/1.1 %b\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n\r\n" % (status, len(body))
        self._transport.write(head + body)


def _header(head: bytes, name: bytes) -> bytes:
    for line in head.split(b"\r\n")[1:]:
        given, _, value = line.partition(b":")
        if given.lower() == name:
            return value.strip()
    return b""


class State:
    """The state as a process of its own."""

    def __init__(self, milliseconds: float = 20) -> None:
        """Start it."""
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(milliseconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()

    def counts(self) -> tuple[int, int]:
        """Return how many documents came, and how many were answered."""
        came, answered = self._get("/").split()
        return int(came), int(answered)

    def arrivals(self) -> list[tuple[float, str]]:
        """Return when which document came, in order."""
        return [(at, document) for at, document in json.loads(self._get("/arrivals"))]

    def end(self) -> None:
        """Close its standard input, and wait."""
        self._process.communicate()

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.address + path) as answer:
            return str(answer.read().decode())


@contextmanager
def state(milliseconds: float = 20) -> Iterator[State]:
    """Run it for as long as the context lasts."""
    running = State(milliseconds)
    try:
        yield running
    finally:
        running.end()


async def _serve(seconds: float) -> None:
    loop, taken = asyncio.get_running_loop(), Taken()
    server = await loop.create_server(lambda: Answering(taken, seconds), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"http://{host}:{port}", flush=True)  # noqa: T201 - read by whoever started it
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve(float(sys.argv[1] if len(sys.argv) > 1 else 20) / 1000))
