"""What a text that could not be taken can only mean; said as certain only where nothing else could be meant."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

#: No value that is mended is longer.
LONGEST: Final = 200
_INVISIBLE: Final = dict.fromkeys(map(ord, "\ufeff\u200b\u200c\u200d\u2060\u00ad"), None)
#: Straight and curly quotes, and the sign that makes a spreadsheet take digits for text.
_QUOTES: Final = "\"'`=\t \u00b4\u2018\u2019\u201c\u201d\u201e\u00ab\u00bb"
#: Minus, and the hyphens and dashes that word processors make of it; no-break blanks are blanks by now.
_DASHES: Final = "\\-\u2010\u2011\u2012\u2013\u2014\u2212"
_NUMERALS: Final = {
    word: str(number)
    for number, word in enumerate(
        ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    )
}
#: Three zeros behind a comma could be thousands.
_WHOLE: Final = re.compile(r"\+?0*([0-9]{1,18})(?:[.,]0{0,2})?")
#: A code, a sign that sets it apart, and its words: “2 - action needed”, “2: …”, “2 (…)”.
_EXPLAINED: Final = re.compile(
    rf"(?:rating\s+|score\s+)?(\w+)\s*(?:[{_DASHES}:=/.]\s+|[{_DASHES}:=]|\s*\()\s*(.+?)\)?", re.IGNORECASE
)
#: What makes one doubt that the code before an explanation is the one that is meant: another number, a correction, the month
#: that a spreadsheet makes of “2-3”, or a word for no answer at all.
_DOUBT: Final = re.compile(
    rf"\b(?:was|changed|vs|see|{'|'.join(_NUMERALS)}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|n/a|na|tbd|not (?:assessed|asked|applicable|answered|rated|scored|done|known|sure)|unknown|unable|unsure|declined"
    r"|refused|missing|skipped|deferred|pending|error)\b|[0-9?!<>]",
    re.IGNORECASE,
)
_YES: Final = frozenset({"yes", "y", "true", "t"})
_NO: Final = frozenset({"no", "n", "false", "f"})
#: Words that some systems write for a tick, and others for other things.
_TICKS: Final = {"1": "yes", "x": "yes", "on": "yes", "checked": "yes", "0": "no", "off": "no", "unchecked": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a text means, in a word of some list or in canonical form."""

    text: str = field(repr=False)
    #: False where it is only likely.
    certain: bool = True


def plain(text: str) -> str:
    """Return a text as one would type it: no odd blanks, no full-width digits, no letters of a wrong encoding, no quotes around."""
    text = unicodedata.normalize("NFKC", _unscrambled(text)).translate(_INVISIBLE)
    return " ".join(text.split()).strip(_QUOTES)


def chosen(text: str, words: Mapping[str, str]) -> Meant | None:
    """Return which of several words a text means: by its case, its number, or the code before its explanation.

    Args:
        text: as the sender wrote it.
        words: the words that may be meant, as they are to be written, and the codes that they stand for.
    """
    told = plain(text).casefold()
    known = {plain(word).casefold(): word for word in words}
    if len(known) < len(words):
        return None  # two of them differ in nothing that is looked at
    if found := _word(told, known):
        return Meant(text=found)
    explained = _EXPLAINED.fullmatch(told)
    if explained is None:
        return None
    found, other = _word(explained[1], known), _word(explained[2], known)
    if found is None:
        return Meant(text=other) if other is not None and words[other] == explained[1] else None
    if other is not None:
        return Meant(text=found) if words[other] == words[found] else None
    return None if _DOUBT.search(explained[2]) or not explained[1].isdecimal() else Meant(text=found)


def decided(text: str) -> Meant | None:
    """Return yes or no."""
    told = plain(text).casefold()
    if told in _YES or told in _NO:
        return Meant(text="yes" if told in _YES else "no")
    return Meant(text=_TICKS[told], certain=False) if told in _TICKS else None


def counted(text: str) -> Meant | None:
    """Return a whole number without its ornaments."""
    told = plain(text).casefold()
    whole = _WHOLE.fullmatch(told)
    number = _NUMERALS.get(told) or (whole[1] if whole else None)
    return None if number is None else Meant(text=number)


def bare(text: str, *, hyphens: bool) -> str:
    """Return an identifier without the quotes and blanks, and perhaps hyphens, that people put around and into it."""
    told = plain(text)
    return re.sub(rf"[\s{_DASHES}]" if hyphens else r"\s", "", told)


def _word(told: str, known: dict[str, str]) -> str | None:
    """Return the word that a text is, or the number that it says in other ways."""
    if told in known:
        return known[told]
    number = _NUMERALS.get(told)
    if number is None and (whole := _WHOLE.fullmatch(told)):
        number = whole[1]
    return known.get(number) if number is not None else None


def _unscrambled(text: str) -> str:
    """Return what was meant by a text in UTF-8 that somebody read as Windows-1252; any other text as it is."""
    if text.isascii():
        return text
    try:
        return text.encode("windows-1252").decode()
    except UnicodeError:
        return text
