"""The report formats by name; each writer is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from service.reports.run import Run

#: The module of each format; it has a function ``write(run) -> str``, and may have ``pieces(run)``, which yields the same.
FORMATS: Final = {
    "text": "service.reports.text",
    "json": "service.reports.json_report",
    "junit": "service.reports.junit",
    "sarif": "service.reports.sarif",
    "github": "service.reports.github",
}


def writer(format: str) -> Callable[[Run], str]:
    """Return the function that writes a run in this format; its text ends with a line feed."""
    return cast("Callable[[Run], str]", import_module(FORMATS[format]).write)


def pieces(format: str, run: Run) -> Iterable[str]:
    """Return the text of a run in this format, piece by piece where the format does so."""
    module = import_module(FORMATS[format])
    if hasattr(module, "pieces"):
        return cast("Iterable[str]", module.pieces(run))
    return (writer(format)(run),)
