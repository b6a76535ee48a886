"""A service, a worker and a state as real processes, flooded with canaries over every road there is, and listened to."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

from canary_payloads import Canaries, filled
from canary_search import Leak, Searcher
from canary_tokens import Mint

from service.processes import Program

#: The routes that answer their own agency with values of its records, and why; no other does, and no refusal ever.
DISCLOSES: Final[Mapping[tuple[str, str], str]] = {
    ("POST", "/v1/map"): "the caller's own payload, as the state's document",
    ("GET", "/v1/submissions/{submission}/document"): "the state's document; audited as a disclosure",
    ("GET", "/v1/submissions/{submission}/worksheet"): "the sheet to type it from; audited as a disclosure",
    ("GET", "/v1/submissions/{submission}/receipts"): "what the state answered, whole",
    ("GET", "/v1/submissions/{submission}/report"): "the state's own reasons, which may quote",
    ("GET", "/v1/submissions/{submission}/events"): "the notes of the agency's own people",
    ("GET", "/v1/consents"): "the same",
    ("GET", "/v1/replays"): "the same",
    ("GET", "/v1/replays/{replay}"): "the same",
    ("POST", "/v1/replays"): "the same",
    ("POST", "/v1/submissions/{submission}/replay"): "the same",
    ("GET", "/v1/assessors"): "the agency's own roster",
    ("POST", "/v1/assessors"): "the same",
    ("PATCH", "/v1/assessors/{assessor}"): "the same",
}
#: The routes that repeat to the sender what it called its document by; there is no value in that.
HANDLES: Final = re.compile(r"/v1/(submissions|deadlines|handoffs|resolutions|replays)\b.*|/fhir")


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Flight:
    """The processes, what was asked of them, and what was found in their answers."""

    folder: Path
    settings: dict[str, str]
    mint: Mint
    programs: list[Program] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    leaks: list[Leak] = field(default_factory=list)
    #: Names of the caller's own files, which a command may repeat on the caller's own terminal.
    files: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with no connection and no route."""
        self.values, self.all = Searcher(handles=False), Searcher()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[http.client.HTTPConnection] = []
        self._templates: list[tuple[str, re.Pattern[str]]] = []
        self.operations: list[tuple[str, str, Mapping[str, Any]]] = []

    def start(self, *arguments: str) -> Program:
        log = self.folder / f"{arguments[0]}.log"
        self.programs.append(Program(arguments, folder=self.folder, settings=self.settings, log=log))
        return self.programs[-1]

    def serve(self) -> None:
        """Start the service and learn its routes."""
        self.settings["ECAS_URL"] = self.start("serve", "--port", "0").address()
        paths = json.loads(self._talk("GET", "/openapi.json", None, {})[2])["paths"]  # its examples have birth dates
        self._templates = [
            (path, re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)))) for path in sorted(paths, key=len)
        ]
        self.operations = [
            (method.upper(), path, operation)
            for path, methods in paths.items()
            for method, operation in methods.items()
        ]

    def command(self, *arguments: str, given: str = "", discloses: bool = False) -> str:
        """Run a command, look at all that it prints, and return what it printed on standard output."""
        done = subprocess.run(
            [sys.executable, "-m", "service", *arguments],
            cwd=self.folder,
            env={**self.settings, "PYTHONPATH": str(Path(__file__).parents[1]), "PATH": "/usr/bin:/bin"},
            input=given,
            capture_output=True,
            text=True,
            check=False,
        )
        told = f"{done.stdout}\n{done.stderr}"
        for name in self.files:
            told = told.replace(name, "")
        if not discloses:
            self.leaks += self.values.look(f"what “ecas {arguments[0]}” prints", told.encode())
        return done.stdout

    def ask(
        self, method: str, path: str, body: bytes | None = None, key: str | None = None, **headers: str
    ) -> Answered:
        """Ask, and look at the answer; a header's name is written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        key = self.settings.get("ECAS_API_KEY", "") if key is None else key
        if key:
            named.setdefault("Authorization", f"Bearer {key}")
        status, told, content = self._talk(method, path, body, named)
        self._look(method, path, status, told, content)
        return Answered(status, content)

    def send(self, canaries: Canaries, path: str = "/v1/submissions", **headers: str) -> Answered:
        """Hand a payload in, under a name of its own and with as much about it in the headers as a caller could write."""
        mint = self.mint
        with self._lock:
            named = {
                "Content_Type": canaries.media,
                "Idempotency_Key": mint.word("idempotency key"),
                "User_Agent": mint.word("header"),
                "Content_Disposition": f'attachment; filename="{mint.word("file name")}.json"',
                "X_File_Name": f"{mint.word('file name')}.csv",
                "traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
                "baggage": f"child={mint.word('header')}",
                **{name.replace("-", "_"): value for name, value in dict(canaries.headers or {}).items()},
                **headers,
            }
        return self.ask("POST", path, canaries.content, **named)

    def send_all(
        self, payloads: Iterable[Canaries], path: str = "/v1/submissions", *, at_once: int = 3
    ) -> list[Answered]:
        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(lambda one: self.send(one, path), payloads))

    def submissions(self, **chosen: str) -> list[dict[str, Any]]:
        asked = "&".join(f"{name}={value}" for name, value in {"limit": "200", **chosen}.items())
        return list(self.ask("GET", f"/v1/submissions?{asked}").json()["submissions"])

    def every_route(self, ids: Mapping[str, list[str]]) -> None:
        """Ask each route with canaries wherever a caller may write: as who is asked for, as a stranger, as nobody."""
        for method, path, operation in self.operations:
            real = re.sub(r"\{(\w+)\}", lambda named: (ids.get(named.group(1)) or ["sub_0"])[0], path)
            for place, key in (
                (self._written(path, operation), None),
                (real, None),
                (real, self.mint.word("key")),
                (real, ""),
            ):
                content, media = self._body(operation)
                named = {"Content_Type": media, "Idempotency_Key": self.mint.word("idempotency key")} if content else {}
                self.ask(
                    method,
                    place,
                    content,
                    key=key,
                    Accept=self.mint.word("header"),
                    Cookie=self.mint.word("header"),
                    **named,
                )

    def strange_requests(self) -> None:
        """Ask what nobody routes, and what is no HTTP at all."""
        word = self.mint.word
        for path in (
            f"/{word()}",
            f"/v1/{word()}/{word()}?{word()}={word()}",
            f"/v1/submissions/%00{word()}",
            f"/fhir/Patient?name={word()}",
        ):
            for method in ("GET", "POST", "PUT", word("method")):
                self.ask(method, path, word("body").encode())
        for head in (
            f"GET /{word()} HTTP/9.9\r\n\r\n",
            f"{word()} {word()}\r\n\r\n",
            f"GET /{word()} HTTP/1.1\r\n{word()}\r\n\r\n",
            f"GET /{word()} HTTP/1.1\r\nHost: a\r\n{word()} : {word()}\r\n\r\n",
            f"POST /v1/submissions HTTP/1.1\r\nHost: a\r\nContent-Length: {word()}\r\n\r\n",
            f"POST /v1/submissions HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{word()}\r\n{word()}",
            f"POST /v1/submissions HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n{word()}",
            f"GET /{word()} HTTP/1.1\r\nHost: a\r\nX: {self.mint.words(5000)}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n"
            + "".join(f"{word('header')}: {word('header')}\r\n" for _ in range(150))
            + "\r\n",
        ):
            self.leaks += self.all.look("the answer to what is no HTTP", self._raw(head.encode()))

    def end(self) -> None:
        while self._connections:
            self._connections.pop().close()
        while self.programs:
            self.programs.pop().end()

    def _written(self, path: str, operation: Mapping[str, Any]) -> str:
        word = self.mint.word
        place = re.sub(r"\{\w+\}", lambda _: word("path"), path)
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"] or [word("query")]
        return f"{place}?" + "&".join(f"{name}={quote(word('query'))}" for name in names)

    def _body(self, operation: Mapping[str, Any]) -> tuple[bytes | None, str]:
        contents = operation.get("requestBody", {}).get("content", {})
        for media, described in contents.items():
            if media == "application/json":
                return json.dumps(filled(described["schema"], self.mint)).encode(), media
            return "&".join(f"{name}={self.mint.word('body')}" for name in ("grant_type", "scope", "x")).encode(), media
        return None, ""

    def _look(self, method: str, path: str, status: int, told: bytes, content: bytes) -> None:
        bare = urlsplit(path).path
        template = next((one for one, pattern in self._templates if pattern.fullmatch(bare)), "unmatched")
        good = 200 <= status < 300
        searcher = self.values if good and HANDLES.fullmatch(template) else self.all
        place = f"{method} {template} {status}"
        found = searcher.look(f"headers of {place}", told)
        if not (good and (method, template) in DISCLOSES):
            found += searcher.look(place, content)
        with self._lock:
            self.statuses[status] += 1
            self.leaks += found

    def _talk(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        """Talk on this thread's own connection, which is made anew where the service closed it."""
        for again in (False, True):
            connection = getattr(self._local, "connection", None)
            if connection is None or again:
                connection = http.client.HTTPConnection(urlsplit(self.settings["ECAS_URL"]).netloc, timeout=60)
                self._local.connection = connection
                self._connections.append(connection)
            try:
                connection.request(method, path, body, dict(headers))
                answer = connection.getresponse()
                return answer.status, str(answer.headers).encode(), answer.read()
            except (http.client.HTTPException, ConnectionError):
                connection.close()
                if again:
                    raise
        raise AssertionError

    def _raw(self, content: bytes) -> bytes:
        host, _, port = urlsplit(self.settings["ECAS_URL"]).netloc.partition(":")
        with socket.create_connection((host, int(port)), timeout=3) as connection:
            connection.sendall(content)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while more := connection.recv(65536):
                    answer += more
            except (TimeoutError, ConnectionError):
                pass
            return answer
