"""Where else something could turn up while a service runs: its temporary folder, and what receives its traces."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from canary_search import Leak, Searcher


@contextmanager
def trace_receiver() -> Iterator[tuple[str, list[bytes]]]:
    """Take traces over OTLP on loopback; yield the address, and what came, inflated."""
    received: list[bytes] = []

    class Receiving(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiving)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield "http://{}:{}/v1/traces".format(*server.server_address[:2]), received
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def watched(folder: Path, searcher: Searcher) -> Iterator[list[Leak]]:
    """Look at each file that comes into a folder as soon as it is there, though it should soon be gone; yield what is found."""
    found: list[Leak] = []
    seen: dict[Path, tuple[int, int]] = {}
    ending = threading.Event()

    def look() -> None:
        for file in folder.rglob("*"):
            try:
                stood = file.stat()
                state = (stood.st_mtime_ns, stood.st_size)
                if seen.get(file) != state and file.is_file():
                    seen[file] = state
                    found.extend(searcher.look_at_file(file, f"temporary file {len(seen)}"))
            except FileNotFoundError:
                continue

    def keep_looking() -> None:
        while not ending.wait(0.005):
            look()

    thread = threading.Thread(target=keep_looking, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ending.set()
        thread.join()
        look()
