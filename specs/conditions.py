"""The little language of ``required_when`` and ``when``: ``ITEM``, ``!ITEM``, ``ITEM=a|b``, ``ITEM!=a|b``, joined by ``;``."""

from __future__ import annotations

import re
from typing import Final

from specs.spec import Condition

_CONDITION: Final = re.compile(r"(!?)([A-Z][A-Z0-9_]*)|([A-Z][A-Z0-9_]*)(!?)=([^|;=!]+(?:\|[^|;=!]+)*)")


def parse_conditions(text: str) -> tuple[Condition, ...]:
    """Read conditions that must all hold.

    Raises:
        ValueError: with a sentence that names the part that is none.
    """
    return tuple(_parse(part.strip()) for part in text.split(";"))


def _parse(part: str) -> Condition:
    match = _CONDITION.fullmatch(part)
    if match is None:
        message = f"{part!r} is no condition; they read ITEM, !ITEM, ITEM=a|b or ITEM!=a|b."
        raise ValueError(message)
    absent, alone, item, unequal, values = match.groups()
    if alone:
        return Condition(item=alone, negated=bool(absent))
    return Condition(item=item, values=tuple(values.split("|")), negated=bool(unequal))
