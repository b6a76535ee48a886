"""The sender's words for the codes of a list, as far as they can be told."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from service.drafting.lexicon import CODE_WORDS
from service.drafting.terms import terms
from specs.spec import Code

_LEADING: Final = re.compile(r"([0-9]+)(?:[.,]0+)?(?:\s*[-:=.)]\s*\S.*|\s+\S.*)?")
#: What of a text makes no difference.
_SIGNS: Final = re.compile(r"[\W_]+")


def translated(word: str, name: str, codes: Mapping[str, Code]) -> tuple[str, bool] | None:
    """Return the code of a word, and whether that is beyond doubt; None where nobody can tell.

    Args:
        word: as it stands in the export.
        name: of the list.
        codes: the list.
    """
    plain = _plain(word)
    for code in codes.values():
        if plain in (_plain(code.value), _plain(code.label)):
            return code.value, True
    if (leading := _LEADING.fullmatch(word.strip())) and leading[1] in codes:
        return leading[1], True
    if found := CODE_WORDS.get(name, {}).get(plain):
        return (found, name not in _SCALES) if found in codes else None
    said = frozenset(terms(word))
    inside = [code.value for code in codes.values() if said and _says(said, code)]
    if len(inside) == 1:
        return inside[0], False
    first = [code.value for code in codes.values() if len(plain) == 1 and code.value.casefold().startswith(plain)]
    return (first[0], False) if len(first) == 1 else None


#: Lists whose words say how much, which each vendor may count in its own way.
_SCALES: Final = frozenset({"rating", "strength"})


def _says(said: frozenset[str], code: Code) -> bool:
    """Return whether a word says nearly what a code's own word says."""
    for own in (frozenset(terms(code.value)), frozenset(terms(code.label))):
        if own and len(said & own) / len(said | own) >= 0.6:  # noqa: PLR2004
            return True
    return code.label.isascii() and said == frozenset(terms(code.label.partition("(")[0]))


def _plain(text: str) -> str:
    return _SIGNS.sub(" ", text).strip().casefold()
