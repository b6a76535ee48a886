"""Rows as aligned columns, for terminals and for people."""

from __future__ import annotations

from collections.abc import Sequence

from service.reports.printable import printable


def columns(rows: Sequence[Sequence[str]]) -> str:
    """Return the rows, the first of them the head, each on a line of its own; every column as wide as its widest cell."""
    shown = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in shown)
    return "".join(f"{line.rstrip()}\n" for line in lines)
