"""Whether somebody is still writing a file: it is whole once nothing about it has changed for a span."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from service.watched.folder import Name


@dataclass(frozen=True, slots=True)
class Look:
    """What a file looked like, and since when."""

    file: tuple[int, int, int]
    since: float


@dataclass(slots=True)
class Settling:
    """Remembers how files looked; moments are seconds of a clock that never goes back."""

    #: Seconds for which nothing may have changed.
    span: float
    _seen: dict[Name, Look] = field(default_factory=dict)

    def still(self, files: Iterable[tuple[Name, os.stat_result]], now: float) -> list[Name]:
        """Return those that have not changed for the span, in the order given; what is gone is forgotten."""
        seen: dict[Name, Look] = {}
        for name, found in files:
            looks = (found.st_ino, found.st_size, found.st_mtime_ns)
            before = self._seen.get(name)
            seen[name] = before if before and before.file == looks else Look(looks, now)
        self._seen = seen
        return [name for name, look in seen.items() if now - look.since >= self.span]
