"""When the road is closed at known times: the blackouts of the package in force, and the calendars of the deployment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from service.calendars.calendars import Calendars
from service.clock import Clock
from service.judging import Judge
from specs.windows import Windows


class Timetable:
    """Read when it is asked first, so that a command that never asks does not stop at a broken calendar."""

    def __init__(self, judge: Judge, clock: Clock, calendars: Sequence[Path], *, tell: Callable[[str], None]) -> None:
        """Follow these calendars; ``tell`` hears a sentence about each that breaks later."""
        self._judge = judge
        self._clock = clock
        self._paths = calendars
        self._tell = tell
        self._calendars: Calendars | None = None

    def __call__(self) -> Windows:
        """Return the windows as they are known now.

        Raises:
            ConfigurationError: a calendar cannot be read; no specification covers today.
        """
        if self._calendars is None:
            self._calendars = Calendars(self._paths, tell=self._tell)
        return Windows(*self._judge.sending(self._clock().date()).transport.blackouts, self._calendars)
