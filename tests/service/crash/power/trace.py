"""What a process asked of the file system, in order, and what it was told by our own code meanwhile."""

from __future__ import annotations

import itertools
import pickle
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: The number of the folder that is there before everything; what lies in it need not be made durable.
ROOT = 0


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes at an offset of a file, known by its number: names come and go."""

    file: int
    offset: int
    content: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    """A file cut or grown to a size."""

    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Flush:
    """``fsync`` or ``fdatasync`` of a file, or ``fsync`` of a folder."""

    file: int


@dataclass(frozen=True, slots=True)
class Bind:
    """A name in a folder leads to this file from now on, or (None) to nothing."""

    folder: int
    name: str
    file: int | None
    is_folder: bool = False


Deed = Write | Truncate | Flush | Bind


@dataclass(frozen=True, slots=True)
class Began:
    """A deed was asked for; from here on any part of it may reach the disk."""

    number: int
    deed: Deed


@dataclass(frozen=True, slots=True)
class Ended:
    """The deed returned without an error."""

    number: int


@dataclass(frozen=True, slots=True)
class Mark:
    """A word of our own code: what it is about to write down, or was told is written down."""

    what: str
    told: dict[str, Any]


Event = Began | Ended | Mark


@dataclass
class Trace:
    """The events in the order in which they happened, over all threads."""

    events: list[Event] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, deed: Deed) -> int:
        """Record that a deed is asked for, and return its number."""
        with self._lock:
            number = next(self._numbers)
            self.events.append(Began(number, deed))
            return number

    def end(self, number: int) -> None:
        """Record that it was done; one that failed never ends, so that no flush covers it."""
        with self._lock:
            self.events.append(Ended(number))

    @contextmanager
    def deed(self, deed: Deed) -> Iterator[None]:
        """Record a deed around the call that does it."""
        number = self.begin(deed)
        yield
        self.end(number)

    def mark(self, what: str, **told: Any) -> None:
        """Record a word of our own code."""
        with self._lock:
            self.events.append(Mark(what, told))

    def save(self, file: Path) -> None:
        """Write the events where ``load`` finds them."""
        file.write_bytes(pickle.dumps(self.events))


def load(file: Path) -> list[Event]:
    """Return what a process of this test wrote."""
    events: list[Event] = pickle.loads(file.read_bytes())
    return events
