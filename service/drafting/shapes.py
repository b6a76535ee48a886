"""What the texts of a place look like, and whether an item could be answered by them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from adapters.dates import day_of
from adapters.transforms import TRUTHS, Refused, Truth
from service.drafting.words_of_codes import translated
from specs.spec import Code, Item, Spec, Type

#: Each form of a day with what a text of it looks like: ``strptime`` alone would read nearly any digits.
_FORMS: Final = (
    ("%Y-%m-%d", r"\d{4}-\d{2}-\d{2}"),
    ("%Y%m%d", r"\d{8}"),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%m/%d/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%d/%m/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%m-%d-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%m.%d.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%Y/%m/%d", r"\d{4}/\d{2}/\d{2}"),
    ("%d-%b-%Y", r"\d{1,2}-[A-Za-z]{3}-\d{4}"),
    ("%b %d, %Y", r"[A-Za-z]{3} \d{1,2}, \d{4}"),
    ("%B %d, %Y", r"[A-Za-z]+ \d{1,2}, \d{4}"),
    ("%Y-%m-%dT%H:%M:%S", r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"),
    ("%Y-%m-%d %H:%M:%S", r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"),
    ("%m/%d/%Y %H:%M", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d"),
    ("%m/%d/%Y %I:%M %p", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d [AaPp][Mm]"),
    ("%Y%m%d%H%M%S", r"\d{14}"),
    ("serial", r"[2-5]\d{4}"),
)
_YEARS: Final = range(1900, 2101)
#: Words of a closed set are few, short, and no names or numbers of anything.
_MOST_WORDS: Final = 12
_LONGEST_WORD: Final = 40
_WORDS_OF_PROSE: Final = 4
_LONGEST_TEXT: Final = 500
_DIGITS_OF_NUMBER: Final = 4
_FULL_ID: Final = re.compile(r"\[0-9\]\{(\d+)\}|\\d\{(\d+)\}")
_LOST_ZEROS: Final = 4


@dataclass(frozen=True, kw_only=True)
class Shape:
    """What stands in one place."""

    texts: Sequence[str] = field(repr=False)
    #: What the export displays for a text that is a code of its own.
    shown: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Whether the format says that they are codes.
    coded: bool = False

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each text stands there, in the order of the file."""
        return Counter(self.texts)

    @cached_property
    def forms(self) -> tuple[str, ...]:
        """The forms of a day in which every text can be read."""
        return tuple(form for form, look in _FORMS if self.texts and all(_is_day(t, form, look) for t in self.counts))

    @cached_property
    def is_ambiguous(self) -> bool:
        """Whether two of its forms read other days: 03/04/2026."""
        return any(day_of(t, self.forms[0]) != day_of(t, form) for form in self.forms[1:] for t in self.counts)

    @cached_property
    def is_closed(self) -> bool:
        """Whether the texts are words of a small set, repeated, and look like no name and no number of anybody."""
        few = 0 < len(self.counts) <= (_MOST_WORDS if self.coded else min(_MOST_WORDS, len(self.texts) // 2))
        return few and all(_is_word(text) for text in self.counts) and not self.forms

    @cached_property
    def is_truth(self) -> bool:
        """Whether every text is a usual word for yes or no."""
        step = Truth(pair=next(iter(TRUTHS)))
        return bool(self.texts) and not any(isinstance(step.apply(text), Refused) for text in self.counts)

    @cached_property
    def is_prose(self) -> bool:
        """Whether people wrote sentences there."""
        return bool(self.texts) and sum(len(t.split()) >= _WORDS_OF_PROSE for t in self.texts) * 2 > len(self.texts)

    @cached_property
    def is_number(self) -> bool:
        """Whether every text is a number."""
        return self.mark is not None

    @cached_property
    def mark(self) -> str | None:
        """The decimal mark with which every text is a number; None where there is no such mark."""
        numbers = {mark: all(text.replace(mark, "", 1).isdigit() for text in self.counts) for mark in ".,"}
        return next((mark for mark in numbers if self.texts and numbers[mark]), None)

    def code_of(self, text: str, name: str, codes: Mapping[str, Code]) -> tuple[str, bool] | None:
        """Return the code of a list that a text stands for, by itself or by what is displayed for it."""
        return translated(text, name, codes) or translated(self.shown.get(text, ""), name, codes)

    def width(self, item: Item) -> int | None:
        """Return to how many digits numbers must be filled up, for an item of so many; None where none lost a zero."""
        found = _FULL_ID.match(item.pattern or "")
        whole = int(found[1] or found[2]) if found else 0
        lengths = {len(text) for text in self.counts if text.isdigit()}
        only = len(lengths) and all(text.isdigit() for text in self.counts)
        lost = bool(only and whole and max(lengths) <= whole and min(lengths) >= whole - _LOST_ZEROS)
        return whole if lost and min(lengths) < whole else None


def fit(item: Item, shape: Shape, spec: Spec) -> float:
    """Return how well texts answer an item, from 0 to 1."""
    if not shape.texts:
        return 0.85
    if item.type in (Type.DATE, Type.DATETIME):
        return 1.0 if shape.forms else 0.0
    if item.type in (Type.TRISTATE, Type.BOOLEAN):
        return 1.0 if shape.is_truth else 0.0 if shape.is_number or not shape.is_closed else 0.5
    if item.codes:
        return _of_codes(shape, item.codes, spec.codes[item.codes])
    if item.type is Type.INTEGER:
        return 1.0 if all(t.isdigit() and len(t) <= _DIGITS_OF_NUMBER for t in shape.counts) else 0.0
    return _of_text(item, shape)


def _of_codes(shape: Shape, name: str, codes: dict[str, Code] | object) -> float:
    known = codes if isinstance(codes, dict) else dict(codes)  # type: ignore[call-overload]
    if shape.forms or shape.is_prose or len(shape.counts) > max(_MOST_WORDS, 2 * len(known)):
        return 0.0
    share = sum(shape.code_of(text, name, known) is not None for text in shape.counts) / len(shape.counts)
    if share == 1:
        return 1.0
    scale = all(code.isdigit() for code in known)
    if scale and (shape.is_number or shape.is_truth):
        return 0.1
    if not shape.is_closed or shape.is_number:
        return 0.4
    return 0.8 if share or scale else 0.65


def _of_text(item: Item, shape: Shape) -> float:
    if shape.forms and len(shape.forms[0]) > len("serial"):
        return 0.1
    if (item.length or 0) >= _LONGEST_TEXT:
        return 1.0 if shape.is_prose else 0.0 if shape.is_number or shape.is_truth else 0.6
    if shape.is_prose:
        return 0.1
    if item.pattern:
        return _of_pattern(item, shape)
    if item.type is Type.TEXT:
        return 0.2 if any(sign.isdigit() for text in shape.counts for sign in text) or shape.is_truth else 1.0
    return 0.3 if shape.is_truth else 1.0


def _of_pattern(item: Item, shape: Shape) -> float:
    import re2  # noqa: PLC0415 - as everywhere: only where a package has patterns

    pattern = re2.compile(item.pattern)
    width = shape.width(item) or 0
    share = sum(pattern.fullmatch(text.zfill(width)) is not None for text in shape.counts) / len(shape.counts)
    if share < 0.9:  # noqa: PLR2004 - a sample may hold a mistake
        return 0.1
    if item.type is Type.TEXT and "0-9" not in (item.pattern or "") and (shape.is_number or shape.is_truth):
        return 0.2
    return 0.3 if shape.is_truth else 0.95 if width else 1.0


def _is_day(text: str, form: str, look: str) -> bool:
    day = day_of(text, form) if re.fullmatch(look, text) else None
    return day is not None and day.year in _YEARS


def _is_word(text: str) -> bool:
    digits = sum(sign.isdigit() for sign in text)
    return len(text) <= _LONGEST_WORD and digits < _DIGITS_OF_NUMBER and "," not in text and "@" not in text
