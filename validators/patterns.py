"""Regular expressions of packages, through RE2: no pattern and no text can take more than linear time."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import re2

from canonical.errors import SpecDefect


@lru_cache(maxsize=512)
def whole_match(pattern: str) -> Callable[[str], bool]:
    """Return the test whether a whole text matches; raise SpecDefect where RE2 does not understand the pattern."""
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error:
        raise SpecDefect(f"The pattern {pattern} is not one that RE2 understands.") from None

    def matches(text: str) -> bool:
        try:
            return compiled.fullmatch(text.encode()) is not None  # of bytes: of a text it counts characters, too
        except UnicodeEncodeError:  # a lone surrogate: no text that a document could hold
            return False

    return matches
