"""How much a name looks like the words of an item: whole words, abbreviations, and several of them in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

#: A beginning of a word, by its length: the longer, the surer.
_BEGINNINGS: Final = {1: 0.35, 2: 0.6, 3: 0.85}
_LONG_BEGINNING: Final = 0.92
_LIKE: Final = 0.85
_LETTERS_IN_ORDER: Final = 0.7
_LEAST: Final = 0.5
#: A token is cut into no more pieces than this.
_MOST_PIECES: Final = 4

#: Words, and how well a piece stands for each.
_Pieces = tuple[tuple[str, float], ...]


@lru_cache(maxsize=131072)
def alike(token: str, word: str) -> float:
    """Return how likely a token of a name stands for one word, from 0 to 1."""
    if token == word:
        return 1.0
    if not token or not word or token[0] != word[0] or token.isdigit() or word.isdigit():
        return 0.0
    if word.startswith(token):
        return _BEGINNINGS.get(len(token), _LONG_BEGINNING)
    shared = next((n for n, (a, b) in enumerate(zip(token, word, strict=False)) if a != b), min(len(token), len(word)))
    if shared >= 4 and shared >= 0.6 * min(len(token), len(word)):  # noqa: PLR2004 - a stem
        return _LIKE
    if abs(len(token) - len(word)) <= 2 and SequenceMatcher(None, token, word).ratio() >= _LIKE:  # noqa: PLR2004
        return _LIKE
    return _LETTERS_IN_ORDER if len(token) >= 3 and _in_order(token, word) else 0.0  # noqa: PLR2004


def likeness(
    tokens: Sequence[str], words: Sequence[str], weights: Mapping[str, float], beside: frozenset[str] = frozenset()
) -> float:
    """Return how much a name looks like a phrase, from 0 to 1.

    Both what the name says beyond the phrase and what it leaves out of it count against it; rare words count for more.

    Args:
        tokens: of the name.
        words: of the phrase.
        weights: of each word: how much it tells.
        beside: words that may stand in the name without belonging to the phrase: the section's own.
    """
    told: dict[str, float] = {}
    used: dict[str, float] = {}
    pairs = sorted(((alike(t, w), -i, t, w) for i, t in enumerate(tokens) for w in words), reverse=True)
    for quality, _, token, word in pairs:
        if quality >= _LEAST and token not in used and word not in told:
            used[token] = told[word] = quality
    for token in tokens:
        left = [word for word in words if word not in told]
        if token not in used and not token.isdigit() and (pieces := _pieces(token, tuple(left))):
            used[token] = min(quality for _, quality in pieces)
            told.update(pieces)
    whole = sum(weights.get(word, 1.0) for word in words)
    said = sum(quality * weights.get(word, 1.0) for word, quality in told.items()) / whole if whole else 0.0
    counted = [token for token in tokens if token in used or not _is_beside(token, beside)]
    meant = sum(used.get(token, 0.0) for token in counted) / len(counted) if counted else 0.0
    return 2 * said * meant / (said + meant) if said and meant else 0.0


def _is_beside(token: str, beside: frozenset[str]) -> bool:
    return any(alike(token, word) >= _LIKE for word in beside)


@lru_cache(maxsize=65536)
def _pieces(token: str, words: tuple[str, ...]) -> _Pieces:
    """Return the words that the pieces of a token abbreviate, in their order: ``othsh`` is other, self, harm."""
    best: _Pieces = ()
    for at, word in enumerate(words):
        for length in range(1, min(len(token) - 1, len(word)) + 1):
            quality = _piece(token[:length], word)
            for way in _rests(token[length:], words[at + 1 :]) if quality else ():
                found = ((word, quality), *way)
                if len(found) <= _MOST_PIECES and _sum(found) > _sum(best):
                    best = found
    initials = all(quality <= _LEAST for _, quality in best)
    return () if initials and len(best) < len(words) else best


def _rests(rest: str, words: tuple[str, ...]) -> Iterator[_Pieces]:
    """Yield the ways in which what is left of a token is one word more, or several."""
    last = next(((word, quality) for word in words if (quality := _piece(rest, word))), None)
    if last:
        yield (last,)
    if several := _pieces(rest, words):
        yield several


def _piece(piece: str, word: str) -> float:
    if word.startswith(piece):
        return {1: 0.5, 2: 0.75}.get(len(piece), 0.9)
    return 0.65 if len(piece) >= 3 and piece[0] == word[0] and _in_order(piece, word) else 0.0  # noqa: PLR2004


def _sum(found: _Pieces) -> float:
    return sum(quality for _, quality in found)


def _in_order(token: str, word: str) -> bool:
    """Return whether the letters of a token stand in a word in their order."""
    letters = iter(word)
    return all(letter in letters for letter in token)
