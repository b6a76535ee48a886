"""A state that says again what it was told, in every answer that it gives: receipts, reasons, errors, addresses, nonsense."""

from __future__ import annotations

import hashlib
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_RECEIPT: Final = (
    '<Receipt xmlns="urn:ecas-bridge:receipt:2026.1"><TrackingId>trk_{number}</TrackingId>'
    "<DocumentId>{document}</DocumentId><DocumentDigest>sha-256:{digest}</DocumentDigest><Status>{status}</Status>"
    "<ReceivedAt>2026-11-16T09:00:00Z</ReceivedAt>{reasons}</Receipt>"
)
_REASON: Final = "<Reason><Code>{code}</Code><Item>MEMBER_LAST_NAME</Item><Text>{text}</Text></Reason>"
#: What it does with the first documents, in turn; after that it accepts.
MOODS: Final = (
    "rejected",
    "accepted-with-warnings",
    "echo 400",
    "pending",
    "rejected",
    "echo 422",
    "suspended",
    "rejected for the key",
    "nonsense",
    "echo 500",
    "another document",
    "reset",
    "status line",
)


class QuotingState:
    """What came, and what it will do."""

    def __init__(self, moods: tuple[str, ...]) -> None:
        self.moods = list(moods)
        self.did: Counter[str] = Counter()
        self._given: dict[str, str] = {}
        self._lock = threading.Lock()
        self.address = ""

    def mood(self) -> tuple[str, int]:
        with self._lock:
            mood = self.moods.pop(0) if self.moods else "accepted"
            self.did[mood] += 1
            return mood, self.did.total()

    def keep(self, key: str, receipt: str) -> None:
        with self._lock:
            self._given[key] = receipt

    def given(self, key: str) -> str:
        with self._lock:
            return self._given.get(key, "")


class _Answering(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: QuotingState

    def do_POST(self) -> None:  # noqa: C901 - a mood a case
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        text = body.decode()
        document = text.split("<DocumentId>", 1)[1].split("<", 1)[0]
        quoted = " ".join(re.findall(r">([^<]+)<", text))[:3000]
        digest = hashlib.sha256(body.removeprefix(_DECLARATION)).hexdigest()
        mood, number = self.state.mood()
        said = {"document": document, "digest": digest, "number": number, "reasons": ""}
        reasons = "<Reasons>" + _REASON.format(code="NAME-UNKNOWN", text=escape(quoted)) + "</Reasons>"
        match mood:
            case "accepted":
                receipt = _RECEIPT.format(**said, status="accepted")
                self.state.keep(self.headers.get("Idempotency-Key", ""), receipt)
                self._answer(201, receipt)
            case "rejected":
                word = re.search(r"<LastName>([^<]+)<", text)
                code = word.group(1) if word else "NAME"
                told = "<Reasons>" + _REASON.format(code=code, text=escape(quoted)) + "</Reasons>"
                self._answer(422, _RECEIPT.format(**{**said, "reasons": told}, status="rejected"))
            case "rejected for the key":
                told = "<Reasons>" + _REASON.format(code="KEY-REFUSED", text=escape(quoted)) + "</Reasons>"
                self._answer(422, _RECEIPT.format(**{**said, "reasons": told}, status="rejected"))
            case "accepted-with-warnings":
                self._answer(201, _RECEIPT.format(**{**said, "reasons": reasons}, status=mood))
            case "pending" | "suspended":
                self._answer(202, _RECEIPT.format(**{**said, "reasons": reasons}, status=mood))
            case "another document":
                self._answer(201, _RECEIPT.format(**{**said, "document": quoted[:60]}, status="accepted"))
            case "nonsense":
                self._answer(200, f"<{quoted[:40]}><![CDATA[{quoted}")
            case "reset":
                self.connection.close()
            case "status line":
                self.wfile.write(f"HTTP/1.1 {quoted[:200]}\r\n{quoted[:100]}\r\n\r\n".encode())
                self.close_connection = True
            case "redirect":
                self._answer(302, quoted, Location=f"/{document}/{quoted[:80].replace(' ', '/')}")
            case echo:
                self._answer(int(echo.split()[1]), text, **{"Retry-After": quoted[:50], "X-Said": quoted[:200]})

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query).get("idempotency-key", [""])[0]
        held = self.state.given(asked) if asked else ""
        if not asked:
            self._answer(404, self.path)
            return
        self._answer(200, f'<Receipts xmlns="urn:ecas-bridge:receipt:2026.1">{held}</Receipts>')

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def _answer(self, status: int, text: str, **headers: str) -> None:
        content = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/xml", **headers}.items():
            self.send_header(name, value.encode("ascii", "replace").decode().replace("\n", " ").replace("\r", " "))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def quoting_state(moods: tuple[str, ...] = MOODS) -> Iterator[QuotingState]:
    """Run it on loopback."""
    state = QuotingState(moods)
    handler = type("Answering", (_Answering,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    state.address = "http://{}:{}".format(*server.server_address[:2])
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
