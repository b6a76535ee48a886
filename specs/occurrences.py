"""The occurrences of a dictionary's items: what repeats, laid out in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from canonical.occurrence import nth_of

if TYPE_CHECKING:
    from specs.spec import Item


def occurrences(items: Mapping[str, Item]) -> Iterator[Item]:
    """Yield each item, and behind the last one of a repeating section the section again for each further occurrence."""
    waiting: list[Item] = []
    for item in items.values():
        if waiting and waiting[0].section != item.section:
            yield from _further(waiting)
            waiting = []
        if item.repeats > 1:
            waiting.append(item)
        yield item
    yield from _further(waiting)


def _further(section: list[Item]) -> Iterator[Item]:
    """Yield the items of one section as its second, third … occurrence; its conditions mean the same occurrence."""
    own = {item.code for item in section}
    for number in range(2, section[0].repeats + 1 if section else 0):
        for item in section:
            yield replace(
                item,
                code=nth_of(item.code, number),
                label=f"{item.label} (no. {number})",
                occurrence=number,
                required_when=tuple(
                    replace(condition, item=nth_of(condition.item, number)) if condition.item in own else condition
                    for condition in item.required_when
                ),
            )
