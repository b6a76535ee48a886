"""The report formats by name; each writer is imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.reports.run import Run

#: The module of each format; it has a function ``write(run) -> str``.
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
