"""The agencies' own systems: they submit each child's assessments in order, and keep what the service told them."""

from __future__ import annotations

import http.client
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from service.sample_files import SAMPLES

_SAMPLE = (SAMPLES / "good" / "five-through-twenty.json").read_text("utf-8")
#: What of the sample is another's in each payload: the document, the child by two names, and the agency.
_DOCUMENT, _MEMBER, _LOCAL, _AGENCY = "RB-CANS-2026-00871", "100482917365", "RB-20417", '"riverbend"'
#: Answers after which the same request is sent again.
_AGAIN = frozenset({409, 429, 500, 502, 503, 504})
_TAKEN = 202
_PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Child:
    """One child of one agency, numbered over all of them."""

    agency: str
    number: int

    @property
    def name(self) -> str:
        return f"{self.agency}/{self.number}"

    def document(self, number: int) -> str:
        """Return the id of its ``number``-th document."""
        return f"crash-{self.number:03}-{number:04}"

    def payload(self, number: int) -> bytes:
        """Return that document as the agency's system exports it."""
        text = _SAMPLE.replace(_DOCUMENT, self.document(number)).replace(_AGENCY, f'"{self.agency}"')
        text = text.replace(_MEMBER, f"2000{self.number:08}").replace(_LOCAL, f"EHR-{self.number:05}")
        return text.encode()


@dataclass(frozen=True, slots=True)
class Question:
    """A request that waits for its answer."""

    agency: str
    key: str


@dataclass
class Ehr:
    """Some threads, each the system of a part of the children; every 202 is on disk before the child's next is sent."""

    address: str
    keys: Mapping[str, str]
    children: int
    record: Path
    #: How many acknowledged documents the state has not settled: the systems wait while there are enough of them.
    waiting: Callable[[], int]
    enough: int
    threads: int = 4
    acknowledged: int = 0
    #: Requests whose last byte was sent and whose answer has not been read, by thread.
    under_way: dict[int, Question] = field(default_factory=dict)
    #: What the service answered, and how often it could not be reached or broke off.
    answers: Counter[str] = field(default_factory=Counter)
    faults: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Share the children out among the threads."""
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._file = os.open(self.record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        agencies = list(self.keys)
        children = [Child(agencies[number % len(agencies)], number) for number in range(self.children)]
        self._systems = [
            threading.Thread(target=self._work, args=(children[place :: self.threads],), daemon=True)
            for place in range(self.threads)
        ]

    def start(self) -> None:
        for system in self._systems:
            system.start()

    def end(self) -> None:
        """Begin nothing more, wait until all that was begun is acknowledged, and tell what went wrong."""
        self._over.set()
        for system in self._systems:
            system.join(60)
            assert not system.is_alive(), "a request was never answered"
        os.close(self._file)
        if self.faults:
            raise self.faults[0]

    def _work(self, children: list[Child]) -> None:
        try:
            for child, number in _in_turn(children):
                while self.waiting() >= self.enough and not self._over.is_set():
                    time.sleep(0.02)
                if self._over.is_set():
                    return
                self._submit(child, number)
        except BaseException as fault:  # noqa: BLE001 - told by ``end``, in the thread that asks
            self.faults.append(fault)

    def _submit(self, child: Child, number: int) -> None:
        """Send one document under one key until it is acknowledged, however often that takes."""
        key, payload = child.document(number), child.payload(number)
        connection = self._connection()
        while True:
            status = self._ask(connection, child.agency, key, payload)
            self.answers[str(status)] += 1
            if status == _TAKEN:
                break
            if isinstance(status, int) and status not in _AGAIN:
                raise AssertionError(f"the service answered {status}")
            time.sleep(0.1)
        connection.close()
        self._write({"document": child.document(number), "child": child.name})

    def _ask(self, connection: http.client.HTTPConnection, agency: str, key: str, payload: bytes) -> int | str:
        """Return the status, or the kind of breakdown."""
        me = threading.get_ident()
        headers = {"Authorization": f"Bearer {self.keys[agency]}", "Idempotency-Key": key}
        try:
            connection.request("POST", "/v1/submissions", payload, headers)
            self.under_way[me] = Question(agency, key)
            answer = connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as broken:
            connection.close()
            return type(broken).__name__
        finally:
            self.under_way.pop(me, None)
        return answer.status

    def _write(self, line: Mapping[str, str]) -> None:
        with self._writing:
            os.write(self._file, json.dumps(line).encode() + b"\n")
            os.fsync(self._file)
            self.acknowledged += 1

    def _connection(self) -> http.client.HTTPConnection:
        place = urlsplit(self.address)
        return http.client.HTTPConnection(str(place.hostname), place.port, timeout=_PATIENCE)


def _in_turn(children: list[Child]) -> Iterator[tuple[Child, int]]:
    """Return every child's first document, then every child's second, without end."""
    number = 0
    while True:
        number += 1
        for child in children:
            yield child, number
