"""The calendar files of a deployment: read at the start, read again whenever one changes, never half."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from canonical.errors import ConfigurationError
from service.calendars.content_lines import LARGEST_FILE, CalendarFault

if TYPE_CHECKING:
    from service.calendars.recurrence import Series
    from specs.windows import Span

#: How many occurrences one question may look at; what comes after them is not told.
MOST_OCCURRENCES: Final = 10_000
#: How far ahead is looked at once, so that the next questions need no look: a worker asks before every claim.
_PAGE: Final = timedelta(days=90)
_MEND: Final = "Correct it, or take it out of ECAS_BLACKOUT_CALENDARS."


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """All that closes the road in a stretch of time."""

    start: datetime
    end: datetime
    spans: tuple[Span, ...]


@dataclass(slots=True, kw_only=True)
class _File:
    """One file as it was when it was read last."""

    path: Path
    signature: tuple[int, ...]
    series: tuple[Series, ...]


class Calendars:
    """Calendar files as something that closes the road (``specs.windows.Closing``).

    A file that changed is read again before the next question. Where it is broken, or gone, what was read before goes on
    closing the road, and that is told, once for each change: an empty file half copied must not open the road.
    """

    def __init__(self, paths: Sequence[Path], *, tell: Callable[[str], None]) -> None:
        """Read every file; ``tell`` hears a sentence about each file that breaks later.

        Raises:
            ConfigurationError: one of them cannot be read; says the file, the line and how to mend it.
        """
        self._tell = tell
        self._files = [_File(path=path, signature=_signature(path), series=_read(path)) for path in paths]
        self._page: _Page | None = None

    def spans(self, start: datetime, end: datetime) -> Iterator[Span]:
        """Yield the occurrences that overlap [start, end), by their start."""
        self._read_again()
        page = self._page
        if page is None or start < page.start or end > page.end:
            self._page = page = self._look(start, max(end, start + _PAGE))
        return (span for span in page.spans if span.start < end and (span.end is None or start < span.end))

    def _look(self, start: datetime, end: datetime) -> _Page:
        found = (series.spans(start, end) for file in self._files for series in file.series)
        spans = tuple(islice(heapq.merge(*found, key=lambda span: span.start), MOST_OCCURRENCES + 1))
        if len(spans) > MOST_OCCURRENCES:  # what follows is not known: a later question looks again, from its own start
            end = spans[-1].start
        return _Page(start=start, end=end, spans=spans[:MOST_OCCURRENCES])

    def _read_again(self) -> None:
        for file in self._files:
            signature = _signature(file.path)
            if signature == file.signature:
                continue
            file.signature = signature
            try:
                file.series = _read(file.path)
            except ConfigurationError as fault:
                self._tell(f"{fault} What was read before still holds.")
            else:
                self._page = None


def _read(path: Path) -> tuple[Series, ...]:
    from service.calendars.events import read_events  # noqa: PLC0415 - icalendar costs 50 ms, and only workers ask

    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: The calendar cannot be read: {error.strerror}. {_MEND}") from None
    try:
        return read_events(content)
    except CalendarFault as fault:
        message = f"{path}:{fault.line}: {fault} {_MEND}"
    raise ConfigurationError(message)


def _signature(path: Path) -> tuple[int, ...]:
    """Return what changes with a file; nothing where it is not there."""
    try:
        found = path.stat()
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_size, found.st_ino)
