"""Names of assessors, compared without being changed: what was received stays as it was received."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Final

#: Letters that Unicode does not decompose but that keyboards without them spell plainly.
_PLAIN: Final = str.maketrans(
    {"ø": "o", "đ": "d", "ð": "d", "ł": "l", "ħ": "h", "\u0131": "i", "ŧ": "t", "æ": "ae", "œ": "oe", "þ": "th"}
)
#: The accents of Latin, Greek and Cyrillic. Marks of other scripts (vowel signs, tones) make the letter: they stay.
_ACCENTS: Final = re.compile("[\u0300-\u036f]")
#: Signs that people put into a name or leave out: apostrophes of every sort, full stops, invisible joiners.
_SILENT: Final = re.compile(
    "['`\u00b4.\u02b9-\u02bf\u02c8\u055a\u05f3\u2018-\u201b\u2032\uff07\u00ad\u200b-\u200f\u2060\ufeff]"
)
#: What follows a name without being part of it.
_SUFFIXES: Final = frozenset(
    {"jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "4th", "esq"}
    | {"phd", "psyd", "edd", "md", "rn", "msw", "lcsw", "licsw", "lmft", "lmhc"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchKey:
    """What two spellings of one name have in common."""

    #: The last name, folded, its words run together.
    last: str = field(repr=False)
    #: The given names likewise, without middle initials.
    given: str = field(repr=False)
    #: Middle initials, which many systems leave out.
    initials: str = field(repr=False)
    #: Its words one by one, without initials.
    words: tuple[str, ...] = field(repr=False)

    def agrees(self, other: MatchKey) -> bool:
        """Return whether both can be spellings of one name; a middle initial on one side only does not matter."""
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


def _folded(text: str) -> str:
    """Return the text without what spellings differ in: case, accents, apostrophes, invisible signs."""
    text = text.casefold()
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(_PLAIN)
        text = unicodedata.normalize("NFC", text)
    return _SILENT.sub("", text)


def _words(text: str) -> list[str]:
    """Return the words of folded text; hyphens and spaces part words alike."""
    if text.isascii():
        return re.findall("[a-z0-9]+", text)
    letters = (sign if sign.isalnum() or unicodedata.category(sign).startswith("M") else " " for sign in text)
    return "".join(letters).split()


def _without_suffixes(words: list[str]) -> list[str]:
    """Return the words without ``Jr``, ``III``, ``LICSW`` at their end; a name is never left empty."""
    end = len(words)
    while end > 1 and words[end - 1] in _SUFFIXES:
        end -= 1
    return words[:end]


def match_key(name: str) -> MatchKey:
    """Return the key under which spellings of ``LAST, FIRST`` meet (NFC and NFD, case, accents, hyphens, suffixes)."""
    parts = [words for words in map(_words, _folded(name).split(",")) if words]
    if parts[2:]:  # "SMITH, JR., ROBERT", "SMITH, ANN, LICSW": a further part made of suffixes only is no name
        parts = parts[:1] + [words for words in parts[1:] if not _SUFFIXES.issuperset(words)]
    last = _without_suffixes(parts[0]) if parts else [unicodedata.normalize("NFC", name).strip()]
    rest = _without_suffixes([word for words in parts[1:] for word in words])
    initials = [word for word in rest[1:] if len(word) == 1 and word.isascii()]
    given = rest[:1] + [word for word in rest[1:] if word not in initials]
    return MatchKey(
        last="".join(last),
        given="".join(given),
        initials="".join(initials),
        words=(*last, *given),
    )
