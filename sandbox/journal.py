"""A file of JSON lines that is only ever added to, and is on the disk before anyone relies on it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import threading
from collections import deque
from collections.abc import Callable, Mapping
from io import FileIO
from pathlib import Path
from typing import Any, Final, Self

import orjson

from canonical.errors import ConfigurationError, EcasBridgeError

#: How each line begins; what begins otherwise was not written here.
_BEGINS: Final = b'{"event":"'
#: Bytes of the secret that turns a member's id into a name that says nothing of the member.
_SECRET_BYTES: Final = 32


class LedgerDefect(ConfigurationError):
    """The sandbox's ledger cannot be used."""


class LedgerLost(EcasBridgeError):
    """The ledger could not be written; the sandbox answers nothing more that it could not keep."""


class Journal:
    """The lines: entered by one loop, written in groups by a thread, one fsync a group."""

    def __init__(self, file: FileIO, secret: bytes) -> None:
        self.secret = secret
        self._file = file
        self._waiting: deque[bytes] = deque()
        self._promised = 0
        self._durable = 0
        self._lost = False
        self._writing = threading.Lock()
        self._flushing: asyncio.Future[None] | None = None

    @classmethod
    def open(cls, path: Path, remember: Callable[[dict[str, Any]], None]) -> Self:
        """Open the file, and remember each line that it holds; a last one that a crash tore is cut off.

        The secret lies beside it in ``<name>.secret``.

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
            journal = cls(file, _secret_beside(path))
            journal._replay(path, remember)
        except BlockingIOError:
            file.close()
            raise LedgerDefect(f"{path}: another sandbox is writing this ledger.") from None
        except LedgerDefect:
            file.close()
            raise
        _sync_directory(path.parent)
        return journal

    def close(self) -> None:
        """Write what waits, and let others have the file."""
        try:
            self._flush()
        finally:
            self._file.close()

    def enter(self, entry: Mapping[str, Any]) -> None:
        """Add a line, whose first key is ``event``; it is not on the disk before ``durable`` has returned."""
        self._waiting.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
        self._promised += 1

    async def durable(self) -> None:
        """Return once everything entered so far is on the disk; whoever comes while one group is written is in the next.

        Raises:
            LedgerLost: where the disk refuses; nothing is answered after that.
        """
        promised = self._promised
        while self._lost or self._durable < promised:
            if self._flushing is None or self._flushing.done():
                self._flushing = asyncio.ensure_future(asyncio.to_thread(self._flush))
            # One who gives up waiting leaves the others their group.
            await asyncio.shield(self._flushing)

    def _flush(self) -> None:
        """Write all lines that wait; the loop goes on entering others meanwhile."""
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

    def _replay(self, path: Path, remember: Callable[[dict[str, Any]], None]) -> None:
        """Read the file into memory, and cut off what a crash left unfinished at its end."""
        whole = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    remember(_entry_in(line))
                except (KeyError, TypeError, ValueError):
                    if not _is_torn(line):
                        raise LedgerDefect(f"{path}:{number}: this line is not one of a sandbox ledger.") from None
                    self._file.truncate(whole)
                    return
                whole += len(line)


def _entry_in(line: bytes) -> dict[str, Any]:
    """Return the event of a line.

    Raises:
        ValueError: for a line that is torn or not JSON.
    """
    if not line.endswith(b"\n"):
        raise ValueError
    entry: dict[str, Any] = orjson.loads(line)
    return entry


def _is_torn(line: bytes) -> bool:
    """Return whether these are the first bytes of a line of ours; anything else in the file is left as it is."""
    return not line.endswith(b"\n") and (line.startswith(_BEGINS) or _BEGINS.startswith(line))


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
