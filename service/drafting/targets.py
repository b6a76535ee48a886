"""What a place can be: the items of a package with the words that stand for them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from service.drafting.lexicon import ALIASES, HALVES, SECTIONS
from service.drafting.terms import terms
from specs.spec import Item, Spec

#: Words that every dictionary is full of: they tell little, however rare they are in it.
_DULL: Final = frozenset({"date", "id", "name", "assessment", "member", "code", "part"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One item, or one half of an item that is put together."""

    item: Item
    #: Each a way to say it.
    phrases: tuple[tuple[str, ...], ...]
    #: Words that may stand beside any of them: those of its section, and of whom it is about.
    beside: frozenset[str]
    #: 1 or 2 where it is a half.
    half: int = 0
    #: Whether it is the comment on its section.
    comment: bool = False


class Targets:
    """All that a place of a sample can be, for one package."""

    def __init__(self, spec: Spec) -> None:
        """Take the words from the dictionary, and those of exports from our lexicon."""
        self._spec = spec
        titles: dict[str, str] = {}
        self._comments: set[str] = set()
        for instrument in spec.instruments.values():
            for section in instrument.sections:
                titles.setdefault(section.code, section.title)
                self._comments.update(filter(None, [section.comment]))
        #: By section, its words: of its code, its title, and what exports call it.
        self.sections = {
            code: frozenset(terms(f"{code} {title} {SECTIONS.get(code, '')}")) for code, title in titles.items()
        }
        self.all: tuple[Target, ...] = tuple(target for item in spec.occurrences.values() for target in self._of(item))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """How much each word tells: the fewer items it is said of, the more."""
        said = Counter(word for target in self.all for word in {w for phrase in target.phrases for w in phrase})
        most = math.log(len(self.all) + 1)
        return {
            word: 0.5 if word in _DULL or word.isdigit() else max(0.35, math.log(len(self.all) / count) / most)
            for word, count in said.items()
        }

    def _of(self, item: Item) -> list[Target]:
        code = item.code.partition(".")[0]
        comment = code in self._comments
        own = code.removeprefix(f"{item.section}_")
        phrases = [terms(own.replace("_", " ")), terms(item.label.partition("(")[0])]
        phrases += [terms(alias) for alias in ALIASES.get(code, ())]
        beside = (
            self.sections.get(item.section, frozenset())
            | {"member"}
            | ({"assessor"} if code == "ASSESSOR_KEY" else set())
        )
        found = Target(
            item=item, phrases=tuple(dict.fromkeys(filter(None, phrases))), beside=frozenset(beside), comment=comment
        )
        halves = [
            Target(item=item, phrases=tuple(map(terms, names)), beside=frozenset(), half=half)
            for half, names in enumerate(HALVES.get(item.code, ()), start=1)
        ]
        return [found, *halves]
