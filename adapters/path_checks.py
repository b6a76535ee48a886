"""Which path language each format has, so that a wrong path is a defect of the mapping and not a place that is never found."""

from __future__ import annotations

from typing import Final

from adapters.mapping_places import PathCheck

_PATHS: Final = frozenset({"json", "xml", "hl7v2"})


def check_for(format: str) -> PathCheck | None:
    """Return what looks at the paths of a format; None where its places are columns."""
    if format not in _PATHS:
        return None
    from adapters.path import PathDefect, parse  # noqa: PLC0415 - columns need no paths

    def check(path: str) -> str | None:
        try:
            parse(path, hl7=format == "hl7v2")
        except PathDefect as defect:
            return f"“{path}” is no path, at {defect}"
        return None

    return check
