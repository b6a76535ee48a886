"""What a package may cost. Each bound lies far above any real need, and below what could hurt; a package beyond one is refused."""

from __future__ import annotations

from typing import Final

#: Items of the dictionary, and all their occurrences together.
MOST_ITEMS: Final = 2_000
MOST_OCCURRENCES: Final = 5_000
#: Occurrences of a repeating section.
MOST_REPEATS: Final = 99
#: Codes of all lists together; ICD-10-CM alone has some 75,000.
MOST_CODES: Final = 150_000
MOST_RULES: Final = 500
#: Pass and fail cases of one rule, counted together.
MOST_CASES: Final = 100

#: Characters of a regular expression, and instructions of the program that RE2 makes of it.
LONGEST_PATTERN: Final = 500
LARGEST_PROGRAM: Final = 5_000

#: Characters of a CEL expression, and brackets within brackets.
LONGEST_EXPRESSION: Final = 1_000
DEEPEST_BRACKETS: Final = 16
#: Macros (``all``, ``exists``, ``map`` …) within macros, and elements of a list that they can walk: a rule takes at most
#: 32 x 32 steps for each of its operators. Six macros of ten elements each, one within the other, took a second.
DEEPEST_MACROS: Final = 2
LONGEST_LIST: Final = 32


def exceeds(count: int, most: int, noun: str) -> str:
    """Return the sentence about a bound that is exceeded."""
    return f"{count:,} {noun} are more than a package may hold ({most:,})."
