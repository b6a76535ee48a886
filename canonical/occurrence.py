"""How the occurrences of a repeating item are called: ``CGR_SAFETY``, ``CGR_SAFETY.2``, ``CGR_SAFETY.3`` and so on."""

from __future__ import annotations

import re
from typing import Final

#: An item's code, and which occurrence is meant; the first is called by the code alone. Three digits at most: no
#: identifier of a child can hide in a number.
OCCURRENCE: Final = re.compile(r"([A-Z][A-Z0-9_]*)\.([2-9]|[1-9][0-9]{1,2})")


def nth_of(item: str, number: int) -> str:
    """Return the code of an item's nth occurrence, from 1."""
    return item if number == 1 else f"{item}.{number}"


def parted(code: str) -> tuple[str, int]:
    """Return the item and the number of the occurrence that a code means; what is no such code is its own first."""
    match = OCCURRENCE.fullmatch(code) if "." in code else None
    return (code, 1) if match is None else (match[1], int(match[2]))
