"""Regular expressions of packages: RE2's language, so that no pattern can take more than linear time."""

from __future__ import annotations

from specs.bounds import LARGEST_PROGRAM, LONGEST_PATTERN


def pattern_fault(pattern: str) -> str | None:
    """Return what is wrong with a pattern, or None."""
    if len(pattern) > LONGEST_PATTERN:
        return f"The pattern is longer than {LONGEST_PATTERN} characters."
    import re2  # noqa: PLC0415  5 ms that a package without patterns need not pay

    options = re2.Options()
    options.log_errors = False
    try:
        size = re2.compile(pattern, options).programsize
    except re2.error:
        return "The pattern is not one that RE2 understands (it knows no look-around and no back-references)."
    if size > LARGEST_PROGRAM:
        return f"The pattern makes a program of {size:,} instructions; {LARGEST_PROGRAM:,} are the most. Repeat less."
    return None
