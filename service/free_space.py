"""Room on the disk: below a floor nothing new is taken in, and a ballast is thrown off before the disk is full.

A full disk also refuses what would free it: SQLite needs space to delete, and a worker to record an answer. So intake
stops while there is room for all else, and a file that holds nothing keeps some more for the worst hour.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Protocol

import structlog

from service.folders import make_durably
from service.metrics.instruments import FREE_BYTES, FREE_FLOOR
from service.settings import Settings

#: Seconds for which a look is good.
_FRESH: Final = 1.0
#: The ballast goes when less than this part of the floor is free.
_WORST: Final = 4
#: The ballast's share of the floor.
_BALLAST: Final = 4
_log = structlog.get_logger()


class FileSystem(Protocol):
    """What is known of a file system; ``os.statvfs_result`` is one."""

    @property
    def f_bavail(self) -> int:
        """Free blocks for who is not root."""

    @property
    def f_frsize(self) -> int:
        """Bytes of a block."""


class FreeSpace:
    """Looks at the file systems to which the service writes, once a second at the most."""

    def __init__(
        self,
        places: Mapping[str, Path],
        floor: int,
        *,
        statvfs: Callable[[Path], FileSystem] = os.statvfs,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch these folders, by names of ours; ``floor`` in bytes, and 0 for none."""
        self._places, self.floor = dict(places), floor
        self._statvfs, self._clock = statvfs, clock
        self._ballast = self._places["data"] / "ballast"
        self._guard = threading.Lock()
        self._looked_at = -_FRESH
        self._least = 0
        FREE_FLOOR.set(floor)

    def enough(self) -> bool:
        """Return whether something new may be taken in; a file system that does not answer has no room."""
        with self._guard:
            if self._clock() - self._looked_at >= _FRESH:
                self._least = min(self._free(name, folder) for name, folder in self._places.items())
                self._looked_at = self._clock()
                if self._least < self.floor // _WORST:
                    self._throw_off()
            return self._least >= self.floor

    @property
    def fresh(self) -> bool:
        """Whether the last look still holds, so that asking now waits for no file system."""
        return self._clock() - self._looked_at < _FRESH

    def keep_ballast(self) -> None:
        """Set aside a part of the floor, where there is plenty; blocks are taken, not promised."""
        size = self.floor // _BALLAST
        if not size or self._ballast.exists() or self._free("data", self._places["data"]) < self.floor + size:
            return
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        finally:
            os.close(descriptor)

    def _throw_off(self) -> None:
        if self._ballast.exists():
            self._ballast.unlink(missing_ok=True)
            _log.error("the disk is all but full; the ballast was thrown off")

    def _free(self, name: str, folder: Path) -> int:
        try:
            stands = self._statvfs(folder)
        except OSError as error:
            _log.error("free space cannot be told", kind=type(error).__name__)
            return 0
        free = stands.f_bavail * stands.f_frsize
        FREE_BYTES.labels(name).set(free)
        return free


def free_space(settings: Settings) -> FreeSpace:
    """Return the watch over what this deployment writes to on this host."""
    places = {"data": settings.data_dir}
    if (file := settings.database_file) is not None:
        places["database"] = file.parent
    for folder in places.values():
        make_durably(folder)
    return FreeSpace(places, settings.free_space_floor_mb * 1_000_000)
