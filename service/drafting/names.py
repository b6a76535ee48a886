"""Whether a text is likely to be the name of an item at all: a column of questions is known by that."""

from __future__ import annotations

from typing import Final

from service.drafting.likeness import likeness
from service.drafting.targets import Targets
from service.drafting.terms import terms

_LIKELY: Final = 0.6
_LONGEST: Final = 80


class ItemNames:
    """Knows the names of the items."""

    def __init__(self, targets: Targets) -> None:
        """Take the items."""
        self._targets = targets

    def is_code(self, text: str) -> bool:
        """Return whether a text is the very code of an item."""
        return any(target.item.code == text for target in self._targets.all)

    def __call__(self, text: str) -> bool:
        """Return whether a text says the name of an item nearly as the dictionary does."""
        said = terms(text)
        return (
            0 < len(text) <= _LONGEST
            and bool(said)
            and any(
                likeness(said, phrase, self._targets.weights, target.beside) >= _LIKELY
                for target in self._targets.all
                if target.item.occurrence == 1
                for phrase in target.phrases
            )
        )
