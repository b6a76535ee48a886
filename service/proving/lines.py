"""The lines of a mapping file that remarks point to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from canonical.finding import Severity
from service.proving.remark import Remark


class Lines:
    """Makes remarks about one file."""

    def __init__(self, file: str, known: Mapping[tuple[str, ...], int]) -> None:
        """Take the line of each table and key."""
        self._file = file
        self._known = known

    @property
    def keys(self) -> Iterable[tuple[str, ...]]:
        """Every table and key that begins a line."""
        return self._known

    def error(self, name: str, text: str, items: tuple[str, ...], *place: str) -> Remark:
        """Return a remark about what can never be right."""
        return self._remark(Severity.ERROR, name, text, items, place)

    def warning(self, name: str, text: str, items: tuple[str, ...], *place: str) -> Remark:
        """Return a remark about what is likely to be wrong."""
        return self._remark(Severity.WARNING, name, text, items, place)

    def advice(self, name: str, text: str, items: tuple[str, ...], *place: str) -> Remark:
        """Return a remark about what somebody should know."""
        return self._remark(Severity.ADVICE, name, text, items, place)

    def _remark(
        self, severity: Severity, name: str, text: str, items: tuple[str, ...], place: tuple[str, ...]
    ) -> Remark:
        lines = (self._known[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._known)
        return Remark(file=self._file, line=next(lines, 1), severity=severity, name=name, text=text, items=items)
