"""What another package does to a mapping: the lines that break, and those that fall short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.mapping import ItemMapping, lines_of, load_mapping
from service.changes.difference import Difference, Fate, Part
from service.changes.phrases import ages, conditions
from specs.spec import ConsentClass, Item, Spec, Type

#: The types whose canonical text is a date or begins with one.
_DAYS = frozenset({Type.DATE, Type.DATETIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingLine:
    """One line of a mapping, and what the newer package does to it."""

    file: str
    line: int
    #: The item that it is about.
    item: str
    sentence: str
    #: True where what conformed before no longer can; False where only some exports will.
    breaks: bool


class MappingChange:
    """Looks at one mapping with two packages in hand."""

    def __init__(self, path: Path, old: Spec, new: Spec, differences: Iterable[Difference]) -> None:
        """Read the mapping.

        Raises:
            MappingDefect: it is broken already.
        """
        self._mapping = load_mapping(path)
        self._lines = lines_of(path)
        self._file = str(path)
        self._old = old
        self._new = new
        self._heirs = {
            found.subject: found.became
            for found in differences
            if found.part is Part.ITEM and found.fate is Fate.PERHAPS_RENAMED
        }

    def lines(self) -> tuple[MappingLine, ...]:
        """Return every line to look at, in the order of the file; what is missing stands at the table that lacks it."""
        found = [*self._mapped(), *self._words(), *self._missing()]
        return tuple(sorted(dict.fromkeys(found), key=lambda line: (line.line, line.item)))

    def _mapped(self) -> Iterator[MappingLine]:
        """Look at each item that is mapped."""
        for code, mapped in self._mapping.items.items():
            item, before = self._new.occurrences.get(code), self._old.occurrences.get(code)
            if item is None:
                yield self._at(self._gone(code), code, breaks=before is not None)
                continue
            for sentence, breaks in (*_shape(code, mapped, before, item), *_limits(code, before, item)):
                yield self._at(sentence, code, breaks=breaks)

    def _words(self) -> Iterator[MappingLine]:
        """Look at each code that the mapping gives an item: a constant, or what a word is translated to."""
        for code, mapped in self._mapping.items.items():
            item = self._new.occurrences.get(code)
            values = self._new.codes.get(item.codes or "") if item else None
            if values is None:
                continue
            if mapped.value and mapped.value not in values:
                sentence = f"{code} can no longer be {mapped.value!r}: the code is gone."
                yield self._at(sentence, code, breaks=True)
            table = self._mapping.codes.get(mapped.codes or "", {})
            for word, given in table.items():
                if given not in values and given in self._values_before(code):
                    place = ("codes", mapped.codes or "", self._spelt(mapped.codes or "", word))
                    sentence = f"{code} can no longer be {given!r}: the code is gone."
                    yield self._line(sentence, code, place, breaks=True)
            if table:
                fresh = [value for value in values if value not in self._values_before(code)]
                for value in fresh:
                    if value not in table.values():
                        sentence = f"No word stands for {value!r}, a new code of {code}."
                        yield self._line(sentence, code, ("codes", mapped.codes or ""), breaks=False)

    def _missing(self) -> Iterator[MappingLine]:
        """Name each item that is owed now, was not before, and is mapped from nothing."""
        for code, item in self._new.items.items():
            before = self._old.items.get(code)
            owed_before = before is not None and (before.required or before.required_when == item.required_when != ())
            if code in self._mapping.items or owed_before or not (item.required or item.required_when):
                continue
            owed = "is required" if item.required else f"is required where {conditions(item.required_when)}"
            sentence = f"{code} (“{item.label}”) {owed} now, and nothing maps it{self._stand_in(code)}."
            yield self._line(sentence, code, ("items",), breaks=True)

    def _values_before(self, code: str) -> Iterable[str]:
        item = self._old.occurrences.get(code)
        return self._old.codes.get(item.codes or "", ()) if item else ()

    def _gone(self, code: str) -> str:
        if code not in self._old.occurrences:
            return f"{code} is an item of neither package."
        heir = f"; perhaps it is {self._heirs[code]} now" if code in self._heirs else ""
        return f"{code} is no item of {self._new.version} any more{heir}."

    def _stand_in(self, code: str) -> str:
        former = next((old for old, new in self._heirs.items() if new == code and old in self._mapping.items), None)
        return f"; perhaps the line of {former} does" if former else ""

    def _spelt(self, table: str, word: str) -> str:
        """Return a word of a code table as the file writes it: the mapping holds it in lower case."""
        for place in self._lines:
            match place:
                case ("codes", name, spelt) if name == table and spelt.strip().casefold() == word:
                    return spelt
        return word

    def _at(self, sentence: str, code: str, *, breaks: bool) -> MappingLine:
        return self._line(sentence, code, ("items", code), breaks=breaks)

    def _line(self, sentence: str, code: str, place: tuple[str, ...], *, breaks: bool) -> MappingLine:
        """Take the line of the innermost key of the place that stands on one of its own."""
        known = (self._lines[place[:n]] for n in range(len(place), 0, -1) if place[:n] in self._lines)
        return MappingLine(file=self._file, line=next(known, 1), item=code, sentence=sentence, breaks=breaks)


def _shape(code: str, mapped: ItemMapping, before: Item | None, item: Item) -> Iterator[tuple[str, bool]]:
    """Yield what a change of type or of code list asks of the line."""
    if before is None:
        return
    if before.type is not item.type:
        breaks = not (before.type in _DAYS and item.type is Type.TEXT)
        yield f"{code} is of type {item.type.value} now, was {before.type.value}.{_hint(mapped, item)}", breaks
    elif before.codes != item.codes:
        yield f"{code} takes its codes from the list {item.codes!r} now, was {before.codes!r}.", False


def _hint(mapped: ItemMapping, item: Item) -> str:
    if item.type is Type.CODE and not mapped.codes:
        return " It needs a code table."
    if item.type in _DAYS and not mapped.date:
        return " It needs “date”."
    if item.type is Type.DATETIME:
        return " It needs a time of day and an offset."
    return ""


def _limits(code: str, before: Item | None, item: Item) -> Iterator[tuple[str, bool]]:
    """Yield what is stricter than it was: some exports will fall short of it."""
    if before is None:
        return
    if item.length and (before.length is None or item.length < before.length):
        yield f"{code} has at most {item.length} characters now, was {before.length or 'any number'}.", False
    if item.pattern and item.pattern != before.pattern:
        yield f"{code} must match another pattern now: {item.pattern}", False
    if (before.minimum, before.maximum) != (item.minimum, item.maximum):
        yield f"{code} has another range now.", False
    if item.age != before.age:
        yield f"{code} is asked at {ages(item.age)} now, was {ages(before.age)}.", False
    if item.consent is not before.consent:
        with_consent = "only with" if item.consent is ConsentClass.FULL else "also without"
        yield f"{code} leaves {with_consent} the member's consent now.", False
    if item.instruments != before.instruments:
        yield f"{code} belongs to {', '.join(item.instruments) or 'all instruments'} now.", False
    if item.required and not before.required:
        yield f"{code} must always be answered now; an empty cell is an error.", False


def mapping_lines(path: Path, old: Spec, new: Spec, differences: Iterable[Difference]) -> tuple[MappingLine, ...]:
    """Return every line of the mapping that the newer package breaks, or that falls short of it."""
    return MappingChange(path, old, new, differences).lines()
