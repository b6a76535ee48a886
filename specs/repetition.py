"""Repeating sections: one element of the document holds the section, and stands there once for each occurrence."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specs.csv_table import Row
    from specs.spec import Item


def group_of(paths: Iterable[str]) -> str:
    """Return the path of the innermost element that encloses all of these leaves; empty where only the root does."""
    enclosing = [path.split("/")[:-1] for path in paths if path]
    shared = takewhile(lambda names: len(set(names)) == 1, zip(*enclosing, strict=False))
    return "/".join(names[0] for names in shared)


def check_repetition(items: list[tuple[Row, Item]], relied_on: Iterable[str]) -> None:
    """Refuse a repeating section whose items no element of their own encloses, or that are scattered over the file.

    ``relied_on`` are the items that are asked for by name, and so only once.
    """
    relied_on = frozenset(relied_on)
    seen: set[str] = set()
    for section, lines in groupby(items, key=lambda line: line[1].section):
        members = list(lines)
        row, first = members[0]
        if section in seen and first.repeats > 1:
            row.refuse(f"The section {section} repeats; keep its items together.")
        seen.add(section)
        for row, item in members if first.repeats > 1 else ():
            if item.code in relied_on:
                row.refuse(f"ecas-bridge relies on the item {item.code} by name; its section cannot repeat.")
            if item.wire and not item.group:
                row.refuse(f"The section {section} repeats; its items need an element of their own around them all.")
    _check_strangers(items)


def _check_strangers(items: list[tuple[Row, Item]]) -> None:
    groups = {item.group: item.section for _, item in items if item.group}
    for row, item in items:
        for group, section in groups.items():
            if item.section != section and item.wire.startswith(f"{group}/"):
                row.refuse(f"The element {group} repeats with the section {section}; no other item may stand in it.")
