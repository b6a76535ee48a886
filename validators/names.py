"""Names of assessors, compared without being changed: what was received stays as it was received."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

#: Letters that Unicode does not decompose but that keyboards without them spell plainly.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
#: Marks that people may leave out: the accents of Latin, Greek and Cyrillic, the points of Hebrew, the short vowels and
#: the stretching of Arabic. Marks of other scripts (vowel signs, tones) make the letter: they stay.
_OPTIONAL_MARKS: Final = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u0652\u0670]"
)
#: Signs that people put into a name or leave out: apostrophes of every sort, full stops, invisible joiners and turns.
_SILENT: Final = re.compile(
    "['`\u00b4.\u02b9-\u02bf\u02c8\u055a\u05f3\u2018-\u201b\u2032\uff07"
    "\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufe00-\ufe0f\ufeff]"
)
#: The commas of Arabic and of East Asia part a name as ours does.
_COMMAS: Final = str.maketrans("\u060c\u3001\uff0c\uff64", ",,,,")
#: What tells a son from his father, where both are named.
_GENERATIONS: Final = {
    "jr": "jr", "sr": "sr", "ii": "ii", "iii": "iii", "iv": "iv", "2nd": "ii", "3rd": "iii", "4th": "iv",
}  # fmt: skip
#: What follows a name without being part of it.
SUFFIXES: Final = frozenset(
    {*_GENERATIONS, "esq", "phd", "psyd", "edd", "md", "rn", "msw", "lcsw", "licsw", "lmft", "lmhc"}
)
#: The letters of the longest name whose key is remembered: many people have shorter ones, and none can fill the memory.
_LONGEST_REMEMBERED: Final = 120
_ASCII_WORD: Final = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchKey:
    """What two spellings of one name have in common."""

    #: The last name, folded, its words run together.
    last: str = field(repr=False)
    #: The given names likewise, without middle initials.
    given: str = field(repr=False)
    #: Middle initials, which many systems leave out.
    initials: str = field(repr=False)
    #: ``jr``, ``sr``, ``ii``, ``iii`` or ``iv``; many systems leave it out.
    generation: str = field(default="", repr=False)
    #: All its letters in alphabetical order: names that agree have them in common, so that they are found by them.
    letters: str = field(repr=False)
    #: Its words one by one, without initials.
    words: tuple[str, ...] = field(repr=False)

    def agrees(self, other: MatchKey) -> bool:
        """Return whether both can be spellings of one name.

        A middle initial, or a ``Jr.``, on one side only does not matter.
        """
        if self.generation and other.generation and self.generation != other.generation:
            return False
        if self.given and other.given:
            initials_agree = not (self.initials and other.initials) or self.initials == other.initials
            return self.last == other.last and self.given == other.given and initials_agree
        # one of them came without a comma: "ANN SMITH", or a person with a single name
        return not {self.last + self.given, self.given + self.last}.isdisjoint(
            {other.last + other.given, other.given + other.last}
        )

    def resembles(self, other: MatchKey) -> bool:
        """Return whether a part was kept, as after a marriage or a divorce; a single letter of several is none."""
        parts, others = (
            {key.last, key.given, *(word for word in key.words if word[1:])} - {""} for key in (self, other)
        )
        return not parts.isdisjoint(others)


def match_key(name: str) -> MatchKey:
    """Return the key under which spellings of ``LAST, FIRST`` meet (NFC and NFD, case, accents, hyphens, suffixes).

    The names of assessors come again and again: their keys are remembered.
    """
    return _remembered(name) if len(name) <= _LONGEST_REMEMBERED else _match_key(name)


def _match_key(name: str) -> MatchKey:
    parts = [words for words in map(_words, _folded(name).split(",")) if words]
    suffixes: list[str] = []
    if parts[2:]:  # "SMITH, JR., ROBERT", "SMITH, ANN, LICSW": a further part made of suffixes only is no name
        suffixes = [word for words in parts[1:] if SUFFIXES.issuperset(words) for word in words]
        parts = parts[:1] + [words for words in parts[1:] if not SUFFIXES.issuperset(words)]
    last = parts[0] if parts else [unicodedata.normalize("NFC", name).strip()]
    rest = [word for words in parts[1:] for word in words]
    suffixes += [*_cut_suffixes(last), *_cut_suffixes(rest)]
    initials = [word for word in rest[1:] if len(word) == 1 and word.isascii()]
    given = rest[:1] + [word for word in rest[1:] if word not in initials]
    return MatchKey(
        last="".join(last),
        given="".join(given),
        initials="".join(initials),
        generation=next((_GENERATIONS[word] for word in suffixes if word in _GENERATIONS), ""),
        letters="".join(sorted("".join(last + given))),
        words=(*last, *given),
    )


_remembered: Final = lru_cache(maxsize=4096)(_match_key)


def _folded(text: str) -> str:
    """Return the text without what spellings differ in: case, accents, apostrophes, invisible signs."""
    if text.isascii():
        return _SILENT.sub("", text.casefold())
    # decomposed on both sides of the folding: some letters fold to others only then (Unicode 3.13, D145)
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFD", text.translate(_COMMAS)).casefold())
    return unicodedata.normalize("NFC", _SILENT.sub("", _OPTIONAL_MARKS.sub("", text).translate(_PLAIN)))


def _words(text: str) -> list[str]:
    """Return the words of folded text; hyphens and spaces part words alike."""
    if text.isascii():
        return _ASCII_WORD.findall(text)
    letters = (sign if sign.isalnum() or unicodedata.category(sign).startswith("M") else " " for sign in text)
    return "".join(letters).split()


def _cut_suffixes(words: list[str]) -> list[str]:
    """Take ``Jr``, ``III``, ``LICSW`` from the end of the words and return them; a name is never left empty."""
    end = len(words)
    while end > 1 and words[end - 1] in SUFFIXES:
        end -= 1
    suffixes = words[end:]
    del words[end:]
    return suffixes
