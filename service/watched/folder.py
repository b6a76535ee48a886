"""A folder that files are dropped into, and the three in it: ``taken`` (claimed), ``done`` and ``failed`` (told).

The folders are the journal: a file is waiting, taken or told, each step is one rename on one filesystem, and a result is
whole before its file leaves ``taken``. Whoever starts after a kill reads from the folders alone how far it came.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, Self

from canonical.errors import ConfigurationError
from service.folders import make_durably

Name = str

TAKEN: Final = "taken"
DONE: Final = "done"
FAILED: Final = "failed"
#: What a result adds to the name of its file; a file dropped under such a name is left where it is.
RESULT: Final = ".result.json"
#: Names under which programs write what is not whole yet.
UNFINISHED: Final = (".part", ".partial", ".filepart", ".tmp", ".temp", ".crdownload", "~")
_LOCK: Final = ".lock"
_DRAFT: Final = ".draft"
#: A name may have 255 bytes; ours grow by what tells twins apart, and by the result's ending.
_LONGEST: Final = 180
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe that was put in the place of a file must not make us wait for somebody to write into it.
_READ: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unreadable(Exception):
    """What was claimed is no plain file, may not be read, or is larger than the service takes."""


class Folder:
    """One watched folder, held by one process; every step is taken relative to the open folders, never by path."""

    def __init__(self, path: Path) -> None:
        """Make the three folders where they are missing, and hold the lock until the end.

        Raises:
            ConfigurationError: the folder cannot be used, lies on two filesystems, or somebody else watches it.
        """
        with ExitStack() as opened:
            try:
                self._at = self._open(path, opened)
                for name in (TAKEN, DONE, FAILED):
                    make_durably(path / name)
                self._in = {name: self._open(path / name, opened) for name in (TAKEN, DONE, FAILED)}
                lock = os.open(_LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600, dir_fd=self._in[TAKEN])
            except OSError as error:
                raise ConfigurationError(f"The folder cannot be watched: {error.strerror}.") from None
            opened.callback(os.close, lock)
            self._lock(lock)
            if len({os.fstat(one).st_dev for one in (self._at, *self._in.values())}) > 1:
                raise ConfigurationError("taken, done and failed must be on the filesystem of the watched folder.")
            self._forget_drafts()
            self._opened = opened.pop_all()

    def __enter__(self) -> Self:
        """Hold the folder."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the folder."""
        self._opened.close()

    def waiting(self) -> list[tuple[Name, os.stat_result]]:
        """Return the files to claim, the oldest first: no links, nothing hidden, nothing that is unfinished by its name."""
        return [one for one in self._files(self._at) if not one[0].lower().endswith((*UNFINISHED, RESULT))]

    def taken(self) -> list[tuple[Name, os.stat_result]]:
        """Return what was claimed and has not left yet, the oldest first."""
        return self._files(self._in[TAKEN], links=True)

    def claim(self, name: Name) -> Name | None:
        """Move a file to ``taken`` under a name that no file and no result had yet; None where it is gone.

        Raises:
            OSError: it cannot be moved, and stays where it is.
        """
        try:
            found = os.stat(name, dir_fd=self._at, follow_symlinks=False)
        except FileNotFoundError:
            return None
        claimed = self._free(name, found.st_mtime_ns)
        os.rename(name, claimed, src_dir_fd=self._at, dst_dir_fd=self._in[TAKEN])
        self._flush(self._at, self._in[TAKEN])
        return claimed

    def told(self, name: Name) -> str | None:
        """Return where the result of a taken file was written before a kill; None where it was not."""
        return next((into for into in (DONE, FAILED) if self._is_there(into, f"{name}{RESULT}")), None)

    def read(self, name: Name, *, most: int) -> bytes | None:
        """Return what a taken file holds, or None where somebody was still writing it.

        Raises:
            Unreadable: it is no plain file, may not be read, or has more than so many bytes.
        """
        try:
            descriptor = os.open(name, _READ, dir_fd=self._in[TAKEN])
        except OSError:
            raise Unreadable("It is no plain file, or this account may not read it.") from None
        with os.fdopen(descriptor, "rb") as file:
            before = os.fstat(descriptor)
            if not stat.S_ISREG(before.st_mode):
                raise Unreadable("It is no plain file.")
            if before.st_size > most:
                raise Unreadable(f"It has more than {most} bytes (max_body_bytes): divide it.")
            try:
                content = file.read(most + 1)
            except OSError:
                raise Unreadable("The operating system could not read it.") from None
            after = os.fstat(descriptor)
        unchanged = (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns)
        return content if unchanged and len(content) == after.st_size else None

    def tell(self, name: Name, into: str, result: bytes) -> None:
        """Write the result of a taken file, whole and durable, and then move the file beside it."""
        draft = f".{hashlib.sha256(os.fsencode(name)).hexdigest()}{_DRAFT}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600, dir_fd=self._in[into])
        with os.fdopen(descriptor, "wb") as file:
            file.write(result)
            file.flush()
            os.fsync(descriptor)
        os.rename(draft, f"{name}{RESULT}", src_dir_fd=self._in[into], dst_dir_fd=self._in[into])
        self._flush(self._in[into])
        self.put_away(name, into)

    def put_away(self, name: Name, into: str) -> None:
        """Move a taken file beside its result."""
        with suppress(FileNotFoundError):
            os.rename(name, name, src_dir_fd=self._in[TAKEN], dst_dir_fd=self._in[into])
        self._flush(self._in[into], self._in[TAKEN])

    def _free(self, name: Name, moment: int) -> Name:
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        if len(os.fsencode(name)) > _LONGEST:
            name = stem = hashlib.sha256(os.fsencode(name)).hexdigest()
            dot = suffix = ""
        while any(self._is_there(into, one) for into in self._in for one in (name, f"{name}{RESULT}")):
            name = f"{stem}~{moment}{dot}{suffix}"
            moment += 1
        return name

    def _is_there(self, into: str, name: Name) -> bool:
        try:
            os.stat(name, dir_fd=self._in[into], follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True

    def _forget_drafts(self) -> None:
        """Remove what a kill left of results that were being written; nobody else writes here while we hold the lock."""
        for into in (DONE, FAILED):
            with os.scandir(self._in[into]) as entries:
                drafts = [one.name for one in entries if one.name.startswith(".") and one.name.endswith(_DRAFT)]
            for name in drafts:
                os.unlink(name, dir_fd=self._in[into])

    @staticmethod
    def _files(folder: int, *, links: bool = False) -> list[tuple[Name, os.stat_result]]:
        found = []
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                with suppress(FileNotFoundError):
                    looks = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(looks.st_mode) or (links and not stat.S_ISDIR(looks.st_mode)):
                        found.append((entry.name, looks))
        return sorted(found, key=lambda one: (one[1].st_mtime_ns, one[0]))

    @staticmethod
    def _open(path: Path, opened: ExitStack) -> int:
        descriptor = os.open(path, _FOLDER)
        opened.callback(os.close, descriptor)
        return descriptor

    @staticmethod
    def _lock(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError("Another “ecas watch” holds this folder, or it cannot be locked.") from None

    @staticmethod
    def _flush(*folders: int) -> None:
        for folder in folders:
            os.fsync(folder)
