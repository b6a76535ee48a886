"""From what a text means back to what the sender would write: the text that the mapping reads as just that."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeVar

from adapters.agency_mapping import AgencyMapping, ItemMapping
from adapters.dates import SERIAL_ZERO, SERIALS, day_of
from adapters.transforms import Dates, Pad, Refused, Translate
from service.edits.days import told
from service.edits.meant import LONGEST, Meant, bare, chosen, counted, decided, plain
from specs.spec import Item, Spec, Type
from validators.patterns import whole_match

_Step = TypeVar("_Step", Dates, Pad, Translate)
#: A pattern of digits and hyphens alone.
_NUMERIC: Final = re.compile(r"(?:\[0-9\]|\{[0-9,]+\}|[-()?])+")
#: What only the pattern of a name or of free text takes.
_FREE: Final = "Ab cd"
_DIGITS: Final = re.compile(r"\[0-9\]\{([0-9]{1,2})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewording:
    """How the texts of one item are put right."""

    item: Item
    spec: Spec
    #: None where the format needs no mapping.
    mapping: AgencyMapping | None
    mapped: ItemMapping | None
    today: date = field(repr=False)

    def of(self, text: str) -> Meant | None:
        """Return what to write in the place of a text; None where nobody but the sender can tell."""
        if len(text) > LONGEST:
            return None
        split = self.mapped.split if self.mapped else None
        part = split.apply(text) if split else text.strip()
        found = next((one for one in self._found(part) if one is not None), None)
        if found is None or found.text == part:
            return None
        if split is None:
            return found
        parts = text.split(split.at)
        parts[split.part - 1 if split.part > 0 else split.part] = found.text
        whole = split.at.join(parts)
        return Meant(text=whole, certain=found.certain) if split.apply(whole) == found.text else None

    def _found(self, text: str) -> Iterator[Meant | None]:
        """Yield what each kind of item makes of a text; the first that finds anything has it."""
        table = self._step(Translate)
        if table is not None:
            yield self._from_table(text, table)
        match self.item.type:
            case Type.CODE:
                yield self._certified(chosen(text, self._codes()), text, at_ease=table is None)
                yield self._certified(self._by_label(text), text)
            case Type.TRISTATE:
                yield self._certified(decided(text) or chosen(text, {"unanswered": "unanswered"}), text)
            case Type.DATE:
                yield self._day(text)
            case Type.INTEGER:
                yield self._certified(counted(text), text)
            case Type.IDENTIFIER | Type.TEXT:
                yield self._identifier(text)
            case _:
                return

    def _from_table(self, text: str, table: Translate) -> Meant | None:
        """Return the word of the mapping's own table that is meant, in the letters that the sender wrote it in."""
        found = chosen(text, table.codes)
        if found is None:
            return None
        at = plain(text).casefold().find(found.text)
        word = plain(text)[at : at + len(found.text)] if at >= 0 else found.text
        word = word if table.codes.get(word.casefold()) == table.codes[found.text] else found.text
        return self._checked(Meant(text=word, certain=found.certain), table.codes[found.text])

    def _codes(self) -> dict[str, str]:
        return {code: code for code in self.spec.codes[self.item.codes]} if self.item.codes else {}

    def _by_label(self, text: str) -> Meant | None:
        """Return the code whose label a text is, if only one bears it."""
        if self.item.codes is None:
            return None
        codes = self.spec.codes[self.item.codes]
        told_ = plain(text).casefold()
        found = [code for code, one in codes.items() if plain(one.label).casefold() == told_]
        return Meant(text=found[0]) if len(found) == 1 else None

    def _certified(self, meant: Meant | None, text: str, *, at_ease: bool = True) -> Meant | None:
        """Return the first text that the mapping reads as the canonical one that is meant."""
        if meant is None:
            return None
        for word in self._words(meant.text, text):
            if found := self._checked(Meant(text=word, certain=meant.certain and at_ease), meant.text):
                return found
        return None

    def _words(self, canonical: str, text: str) -> Iterator[str]:
        """Yield the texts that may stand for a canonical one: words of the table, the likeliest first, or itself."""
        table = self._step(Translate)
        if table is None:
            yield canonical
            return
        words = [word for word, code in table.codes.items() if code == canonical]
        here = plain(text).casefold()
        yield from sorted(words, key=lambda word: (word not in here, words.index(word)))

    def _day(self, text: str) -> Meant | None:
        """Return a day as the mapping writes it: in ISO form where there is none."""
        step = self._step(Dates)
        forms = step.forms if step else ("%Y-%m-%d",)
        found = told(text, self.today, month_first=_month_first(forms))
        if found is None:
            return None
        for form in sorted(forms, key=lambda form: form in SERIALS):
            written = str((found.day - SERIAL_ZERO[form]).days) if form in SERIALS else found.day.strftime(form)
            if day_of(written, form) == found.day:
                return self._checked(Meant(text=written, certain=found.certain), found.day.isoformat())
        return None

    def _identifier(self, text: str) -> Meant | None:
        """Return an identifier of a known form without what people put around it, and into numbers; free text is let be."""
        if self.item.pattern is None:
            return None
        fits = whole_match(self.item.pattern)
        if fits(_FREE):
            return None
        if not _NUMERIC.fullmatch(self.item.pattern):
            found = (plain(text), plain(text).upper())
        else:
            found = (bare(text, hyphens=False), bare(text, hyphens=True))
        for one in found:
            canonical = self._read(one)
            if canonical is not None and fits(canonical):
                return Meant(text=one)
        return self._padded(found[-1])

    def _padded(self, digits: str) -> Meant | None:
        """Return a number with zeros before it: likely, because only a mapping that says “pad” knows that no other is lost."""
        exact = _DIGITS.fullmatch(self.item.pattern or "")
        if exact is None or self._step(Pad) is not None or not (digits.isascii() and digits.isdecimal()):
            return None
        padded = digits.zfill(int(exact[1]))
        return self._checked(Meant(text=padded, certain=False), padded) if len(padded) == int(exact[1]) else None

    def _checked(self, meant: Meant, canonical: str) -> Meant | None:
        """Return what is meant if the mapping reads it as this canonical text."""
        return meant if self._read(meant.text) == canonical else None

    def _read(self, text: str) -> str | None:
        """Return what the mapping makes of a text; None where it takes it for nothing, or refuses it."""
        if self.mapping is None or self.mapped is None:
            return text or None
        empty = self.mapping.empty if self.mapped.empty is None else self.mapped.empty
        if text.casefold() in empty:
            return None
        found: str | Refused = text
        for step in self.mapped.transforms:
            if isinstance(found, Refused):
                return None
            found = step.apply(found) if found else ""
        return None if isinstance(found, Refused) else found or None

    def _step(self, kind: type[_Step]) -> _Step | None:
        steps = self.mapped.transforms if self.mapped else ()
        return next((step for step in steps if isinstance(step, kind)), None)


def _month_first(forms: Collection[str]) -> bool | None:
    """Return whether days are written with the month before the day; None where no form says so, or they differ."""
    orders = {
        form.find("%m") < form.find("%d") for form in forms if "%m" in form and "%d" in form and form.find("%Y") != 0
    }
    return orders.pop() if len(orders) == 1 else None
