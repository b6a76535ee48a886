"""“Did you mean …?” for codes and names that do not exist."""

from __future__ import annotations

from collections.abc import Iterable


def close_to(word: str, known: Iterable[str]) -> str:
    """Return a question that names what is spelt most like the word, to be put behind a sentence; empty where nothing is."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something went wrong

    near = get_close_matches(word, known, n=3)
    return f" Did you mean {' or '.join(near)}?" if near else ""
