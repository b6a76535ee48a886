"""Text that may stand on a terminal, in XML and in a log line: names of files can hold anything."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return the text with every control, direction-changing or lone surrogate character spelt out as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)
