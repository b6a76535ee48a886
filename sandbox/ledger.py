"""What the state received, written down before it is answered: JSON lines that are only ever added to."""

from __future__ import annotations

import asyncio
import fcntl
import hmac
import os
import secrets
import threading
from collections import Counter, deque
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Any, Final, Self

import orjson

from canonical.errors import ConfigurationError, EcasBridgeError
from canonical.verdict import Verdict
from sandbox.receipt import StateReceipt, as_entry, from_entry

#: Bytes of the secret that turns a member's id into a name that says nothing of the member.
_SECRET_BYTES: Final = 32


class LedgerDefect(ConfigurationError):
    """The sandbox's ledger cannot be used."""


class LedgerLost(EcasBridgeError):
    """The ledger could not be written; the sandbox answers nothing more that it could not keep."""


@dataclass(slots=True, kw_only=True)
class Row:
    """One document: how often it was asked for, and how often it took effect."""

    document_id: str
    #: Keyed digest of the member's id.
    child: str
    #: Its place among all documents, by first arrival, from 1.
    nth: int
    #: Its place among the documents of its child, from 1.
    child_nth: int
    #: When it first came.
    first_at: str
    #: The key under which it took effect; before that, the latest one.
    idempotency_key: str = ""
    #: Submissions of it that reached the state, answered or not.
    requests: int = 0
    #: How often the state took it; 2 is a duplicate.
    effects: int = 0
    #: Its place in the sequence in which documents took effect, from 1; None until then.
    order: int | None = None


@dataclass(slots=True, kw_only=True)
class Held:
    """What the state holds under one idempotency key."""

    #: The receipt of the first time.
    receipt: StateReceipt
    #: What becomes of it after so many polls; None where it stays as it is.
    settled: StateReceipt | None = None
    settles_after: int = 0
    polls: int = 0

    @property
    def standing(self) -> StateReceipt:
        """The receipt as it stands now."""
        if self.settled is not None and self.polls >= self.settles_after:
            return self.settled
        return self.receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One submission that reached the state, and what came of it."""

    at: str
    document_id: str
    #: Keyed digest of what makes it this document: its id and its version.
    identity: str
    #: Keyed digest of the member's id.
    child: str
    idempotency_key: str
    #: What the state holds from now on; None where it took nothing, or held it already.
    held: Held | None = None


class Ledger:
    """The state's memory: in a file that survives the process, one line an event, without a value of a record but DOCUMENT_ID."""

    def __init__(self, file: FileIO, secret: bytes) -> None:
        self._file = file
        self._secret = secret
        self._rows: dict[str, Row] = {}
        self._children: Counter[str] = Counter()
        self._by_key: dict[str, Held] = {}
        self._by_tracking_id: dict[str, Held] = {}
        self._identities: dict[str, str] = {}
        self._effects = 0
        self._overlaps = 0
        self._waiting: deque[bytes] = deque()
        self._promised = 0
        self._durable = 0
        self._lost = False
        self._writing = threading.Lock()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the ledger, with everything that it already holds; a last line that a crash tore is cut off.

        The secret of the keyed digests lies beside it in ``<name>.secret``.

        Raises:
            LedgerDefect: where the file is no ledger, cannot be opened, or another sandbox is writing it.
        """
        try:
            # Unbuffered: what could not be written must not linger in a buffer and come later.
            file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "r+b", buffering=0)
        except OSError as error:
            raise LedgerDefect(f"{path}: {error.strerror}.") from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            ledger = cls(file, _secret_beside(path))
            ledger._replay(path)
        except BlockingIOError:
            file.close()
            raise LedgerDefect(f"{path}: another sandbox is writing this ledger.") from None
        except LedgerDefect:
            file.close()
            raise
        _sync_directory(path.parent)
        return ledger

    def close(self) -> None:
        """Write what waits, and let others have the file."""
        try:
            self._flush()
        finally:
            self._file.close()

    def veil(self, *values: str) -> str:
        """Return a name for these values that says nothing about them and is always the same in this ledger."""
        return hmac.digest(self._secret, "\x1f".join(values).encode(), "sha256").hex()[:32]

    def place(self, identity: str, child: str) -> tuple[int, int]:
        """Return the document's place among all and among its child's; for one not seen yet, the place it will have."""
        row = self._rows.get(identity)
        if row is None:
            return len(self._rows) + 1, self._children[child] + 1
        return row.nth, row.child_nth

    def place_of(self, held: Held) -> tuple[int, int]:
        """Return the place of the document that is held: among all, and among its child's."""
        row = self._rows[self._identities[held.receipt.tracking_id]]
        return row.nth, row.child_nth

    def under_key(self, idempotency_key: str) -> Held | None:
        """Return what the state holds under that key."""
        return self._by_key.get(idempotency_key)

    def under_tracking_id(self, tracking_id: str) -> Held | None:
        """Return what the state calls by that name."""
        return self._by_tracking_id.get(tracking_id)

    def arrived(self, arrival: Arrival) -> None:
        """Enter a submission."""
        self._enter(
            {
                "event": "arrived",
                "at": arrival.at,
                "document_id": arrival.document_id,
                "identity": arrival.identity,
                "child": arrival.child,
                "idempotency_key": arrival.idempotency_key,
                "held": None if arrival.held is None else _held_entry(arrival.held),
            }
        )

    def polled(self, held: Held, at: str) -> None:
        """Enter a question for a receipt by its tracking id."""
        self._enter({"event": "polled", "at": at, "tracking_id": held.receipt.tracking_id})

    def overlapped(self, child: str, at: str) -> None:
        """Enter that two submissions of one child were in the air at once."""
        self._enter({"event": "overlapped", "at": at, "child": child})

    async def durable(self) -> None:
        """Return once everything entered so far is on the disk; whoever waits together shares one fsync.

        Raises:
            LedgerLost: where the disk refuses; nothing is answered after that.
        """
        if self._lost or self._durable < self._promised:
            await asyncio.to_thread(self._flush)

    def as_json(self) -> dict[str, Any]:
        """Return the ledger as anyone outside may read it, in the order of first arrival (design.md section 8)."""
        documents = [
            {
                "document_id": row.document_id,
                "idempotency_key": row.idempotency_key,
                "child": row.child,
                "requests": row.requests,
                "effects": row.effects,
                "first_at": row.first_at,
                "order": row.order,
            }
            for row in self._rows.values()
        ]
        return {"documents": documents, "overlaps": self._overlaps}

    def _enter(self, entry: dict[str, Any]) -> None:
        self._apply(entry)
        self._waiting.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self._promised += 1

    def _flush(self) -> None:
        """Write all lines that wait, in a thread: the loop goes on entering others meanwhile."""
        with self._writing:
            if self._lost:
                raise LedgerLost
            lines = [self._waiting.popleft() for _ in range(len(self._waiting))]
            if not lines:
                return
            try:
                unwritten = memoryview(b"".join(lines))
                while unwritten:
                    unwritten = unwritten[self._file.write(unwritten) :]
                os.fsync(self._file.fileno())
            except OSError:
                self._lost = True
                raise LedgerLost from None
            self._durable += len(lines)

    def _replay(self, path: Path) -> None:
        """Read the file into memory, and cut off what a crash left unfinished at its end."""
        whole = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    self._apply(_entry_in(line))
                except (KeyError, TypeError, ValueError):
                    if lines.read(1):
                        raise LedgerDefect(f"{path}:{number}: this line is not one of a sandbox ledger.") from None
                    self._file.truncate(whole)
                    return
                whole += len(line)

    def _apply(self, entry: dict[str, Any]) -> None:
        """Change the memory by one event; the same when it happens and when it is read again."""
        match entry["event"]:
            case "arrived":
                self._apply_arrival(entry)
            case "polled":
                self._by_tracking_id[entry["tracking_id"]].polls += 1
            case "overlapped":
                self._overlaps += 1
            case _:
                raise ValueError

    def _apply_arrival(self, entry: dict[str, Any]) -> None:
        held = None if entry["held"] is None else _held_in(entry["held"])
        row = self._row(entry)
        row.requests += 1
        if row.order is None:
            row.idempotency_key = entry["idempotency_key"]
        if held is None:
            return
        self._by_tracking_id[held.receipt.tracking_id] = held
        self._identities[held.receipt.tracking_id] = entry["identity"]
        if entry["idempotency_key"]:
            self._by_key[entry["idempotency_key"]] = held
        if held.receipt.verdict is not Verdict.REJECTED:
            self._effects += 1
            row.effects += 1
            row.order = row.order or self._effects

    def _row(self, entry: dict[str, Any]) -> Row:
        """Return the document's row, opening it at the first arrival."""
        row = self._rows.get(entry["identity"])
        if row is None:
            child = entry["child"]
            nth, child_nth = self.place(entry["identity"], child)
            row = Row(document_id=entry["document_id"], child=child, nth=nth, child_nth=child_nth, first_at=entry["at"])
            self._children[child] += 1
            self._rows[entry["identity"]] = row
        return row


def _held_entry(held: Held) -> dict[str, Any]:
    settled = None if held.settled is None else as_entry(held.settled)
    return {"receipt": as_entry(held.receipt), "settled": settled, "settles_after": held.settles_after}


def _held_in(entry: dict[str, Any]) -> Held:
    settled = None if entry["settled"] is None else from_entry(entry["settled"])
    return Held(receipt=from_entry(entry["receipt"]), settled=settled, settles_after=entry["settles_after"])


def _entry_in(line: bytes) -> dict[str, Any]:
    """Return the event of a line.

    Raises:
        ValueError: for a line that is torn or not JSON.
    """
    if not line.endswith(b"\n"):
        raise ValueError
    entry: dict[str, Any] = orjson.loads(line)
    return entry


def _secret_beside(path: Path) -> bytes:
    """Return the ledger's secret, made on first use; a file of its own, so that a copied ledger tells nobody anything."""
    beside = path.with_name(f"{path.name}.secret")
    if not beside.exists():
        unfinished = path.with_name(f"{path.name}.secret.unfinished")
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_SECRET_BYTES))
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(beside)
    secret = beside.read_bytes()
    if len(secret) != _SECRET_BYTES:
        raise LedgerDefect(f"{beside}: not the secret of a sandbox ledger; delete it together with the ledger.")
    return secret


def _sync_directory(directory: Path) -> None:
    """Make the names of new files as durable as their content."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
