"""Who is alive on this host: each worker holds a file lock for as long as it lives, and the kernel lets go when it dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path
from types import TracebackType
from typing import Self


class Owner:
    """A worker's proof of life. Its lock ends with the process, however it ends; leases of the dead are taken at once."""

    def __init__(self, directory: Path, name: str) -> None:
        """Take the lock; ``name`` is the worker's id, ``directory`` is shared by all workers of this host."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._host = _host(directory)
        self.name = f"{name}@{self._host}"
        self._file = directory / f"{name}.lock"
        self._descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def alive(self, name: str) -> bool:
        """Return whether the worker of that name lives; the lock file of a dead one is cleared away.

        Of another host's worker nothing can be known here: it lives until its lease runs out.
        """
        worker, _, host = name.partition("@")
        if name == self.name or host != self._host:
            return True
        file = self._file.with_name(f"{worker}.lock")
        try:
            descriptor = os.open(file, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.unlink(missing_ok=True)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def __enter__(self) -> Self:
        """Live."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave in good order."""
        self._file.unlink(missing_ok=True)
        os.close(self._descriptor)


def _host(directory: Path) -> str:
    """Return the name of those who share this directory, made up once: host names may be the same on two hosts."""
    file, name = directory / "host", secrets.token_hex(8)
    draft = directory / f".{name}"
    draft.write_text(name, "ascii")
    with contextlib.suppress(FileExistsError):  # another worker was first: its name holds
        os.link(draft, file)
    draft.unlink()
    return file.read_text("ascii")
