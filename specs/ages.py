"""Ages as the files write them: ``5-20``, ``14-``, ``-4``."""

from __future__ import annotations

import re
from typing import Final

from specs.spec import AgeRange

#: What is said of a text that is none.
NO_AGE: Final = "An age is written 5-20, 14- or -4, in completed years, the younger first."

_AGE: Final = re.compile(r"([0-9]{1,3})?-([0-9]{1,3})?")


def parse_age(text: str) -> AgeRange | None:
    """Return the range, or None where the text is none."""
    match = _AGE.fullmatch(text)
    if match is None or text == "-":
        return None
    youngest, oldest = (None if years is None else int(years) for years in match.groups())
    if youngest is not None and oldest is not None and oldest < youngest:
        return None
    return AgeRange(youngest=youngest, oldest=oldest)
