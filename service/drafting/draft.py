"""A drafted mapping: its lines, and the questions that are left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from service.drafting.line import Line, line_of
from service.drafting.matching import Match, Matching
from service.drafting.question import Kind, Question
from service.drafting.quoting import quoted
from service.drafting.sample import Place, Sample
from specs.spec import Item, Spec, Type

#: What an assessment is given that does not bring it (``canonical.assessment.identified``).
_OURS: Final = {
    "DOCUMENT_ID": "we make one of agency, child, instrument, day and type",
    "DOCUMENT_VERSION": "it becomes 1",
    "SUBMISSION_TYPE": "it becomes new",
    "AGENCY_ID": "it becomes the agency of the mapping or of the API key",
}
_INSTRUMENT: Final = "INSTRUMENT"


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A mapping as far as a sample tells it."""

    spec: Spec
    sample: Sample
    agency: str | None
    matching: Matching

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The items that were found, in the dictionary's order."""
        single = {match.target.item.code: match for match in self._found if not match.target.half}
        halves: dict[str, list[Match]] = {}
        for match in self._found:
            if match.target.half:
                halves.setdefault(match.target.item.code, []).append(match)
        lines = {code: self._line(match) for code, match in single.items()}
        # Of a name that stands whole in one place and in halves in two, the two are the safer: nothing must be cut.
        lines.update({code: self._joined(pair) for code, pair in halves.items() if len(pair) == 2})  # noqa: PLR2004
        if _INSTRUMENT not in lines and len(self.matching.instruments) == 1:
            value = next(iter(self.matching.instruments))
            lines[_INSTRUMENT] = Line(item=_INSTRUMENT, keys=(f"value = {quoted(value)}",), places=(), confidence=0.6)
        return tuple(lines[code] for code in self.spec.occurrences if code in lines)

    @cached_property
    def left(self) -> tuple[Place, ...]:
        """The places that no line reads."""
        read = {place for line in self.lines for place in line.places}
        return tuple(place for place in self.sample.places if place.path not in read)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What only a person can tell, the gravest first."""
        return tuple(sorted(self._asked(), key=lambda question: question.kind))

    @cached_property
    def tables(self) -> dict[str, dict[str, tuple[str, bool] | None]]:
        """The code tables: each word with its code, or None where nobody knows it."""
        tables: dict[str, dict[str, tuple[str, bool] | None]] = {}
        for line in self.lines:
            if line.table:
                table = tables.setdefault(line.table, {})
                for word, code in [*line.words.items(), *((word, None) for word in line.unknown)]:
                    if word.casefold() not in map(str.casefold, table):
                        table[word] = code
        return tables

    @property
    def _found(self) -> tuple[Match, ...]:
        return self.matching.found

    @cached_property
    def _secret(self) -> frozenset[str]:
        """Texts that stand where anything may stand: names, numbers, remarks."""
        coded = {
            m.place.path
            for m in self._found
            if m.target.item.codes or m.target.item.type in (Type.TRISTATE, Type.BOOLEAN)
        }
        return frozenset(text for place in self.sample.places if place.path not in coded for text in place.texts)

    def _line(self, match: Match) -> Line:
        return line_of(match, self.spec, self._written(match.place), self._secret)

    def _written(self, place: Place) -> str:
        if place.question:
            return f"question = {quoted(place.path)}"
        return f"from = {quoted(place.path)}" if self.sample.named else f"field = {place.path}"

    def _joined(self, pair: list[Match]) -> Line:
        last, first = sorted(pair, key=lambda match: match.target.half)
        places = (last.place.path, first.place.path)
        keys = (f"from = [{quoted(places[0])}, {quoted(places[1])}]", 'join = ", "')
        confidence = min(last.confidence, first.confidence)
        return Line(item=last.target.item.code, keys=keys, places=places, confidence=confidence)

    def _asked(self) -> Iterator[Question]:
        if self.agency is None:
            yield Question(kind=Kind.LAYOUT, items=(), text="Whose export is it? The line “agency” says your-agency.")
        yield from (Question(kind=Kind.LAYOUT, items=(), text=doubt) for doubt in self.sample.doubts)
        yield from self._missing()
        yield from self._ordered()
        read = {line.item: line for line in self.lines}
        for match in self._found:
            line = read.get(match.target.item.code)
            if line and match.place.path in line.places:
                yield from self._about(match)
        yield from self._words()
        if _INSTRUMENT in read and not read[_INSTRUMENT].places:
            text = f"No place tells the instrument. Are all assessments of it {next(iter(self.matching.instruments))}, as their items show?"
            yield Question(kind=Kind.ASSUMED, items=(_INSTRUMENT,), text=text)

    def _missing(self) -> Iterator[Question]:
        """Ask for every required item that has no line; of a section for all at once that nothing comes near."""
        read = {line.item for line in self.lines}
        known = read | self.sample.given
        missing = [item for item in self.spec.items.values() if item.code not in known and self._is_required(item)]
        plain: dict[str, list[Item]] = {}
        for item in missing:
            nearest = tuple(place.path for place in self.matching.nearest(item.code))
            if item.code in _OURS:
                text = f"Does the export hold {item.code} ({item.label})? Nothing like it was found; without it {_OURS[item.code]}."
                yield Question(kind=Kind.OURS, items=(item.code,), text=text)
            elif nearest:
                near = f"Nearest, and not near enough: {' and '.join(map(quoted, nearest))}."
                text = f"Where is {item.code} ({item.label})? It is required, and nothing like it was found. {near}"
                yield Question(kind=Kind.REQUIRED, items=(item.code,), text=text, candidates=nearest)
            else:
                plain.setdefault(item.section, []).append(item)
        for items in plain.values():
            yield _nowhere(items)

    def _is_required(self, item: Item) -> bool:
        """Return whether an instrument of the sample requires the item, always or in some assessments, or for the rest to leave."""
        asked = item.required or bool(item.required_when) or item.code == self.spec.consent_item
        return asked and any(map(item.belongs_to, self.matching.instruments))

    def _ordered(self) -> Iterator[Question]:
        """Ask of each row of places that have numbers for names whether they are the items in their order."""
        runs: dict[str, list[Match]] = {}
        for match in self._found:
            if match.by_order:
                runs.setdefault(match.target.item.section, []).append(match)
        for run in runs.values():
            pairs = ", ".join(f"{quoted(match.place.path)} {match.target.item.code}" for match in run)
            text = f"Do these places stand in the order of the form? Nothing but that says what they are: {pairs}."
            yield Question(kind=Kind.ASSUMED, items=tuple(match.target.item.code for match in run), text=text)

    def _about(self, match: Match) -> Iterator[Question]:
        item = match.target.item
        called = quoted(match.place.path)
        if match.rival:
            rival = match.rival.path
            text = f"Is {item.code} ({item.label}) in {called} or in {quoted(rival)}? The first was drafted."
            yield Question(kind=Kind.AMBIGUOUS, items=(item.code,), text=text, candidates=(match.place.path, rival))
        if item.type is Type.DATE and match.shape.is_ambiguous:
            forms = " or ".join(match.shape.forms)
            text = f"How are the days of {called} ({item.code}) written, {forms}? Every one in the sample can be read in each way; the first was drafted."
            yield Question(kind=Kind.DATE, items=(item.code,), text=text, candidates=(match.place.path,))

    def _words(self) -> Iterator[Question]:
        """Ask for the words of each list, once for all places that use them; for what must not be shown, place by place."""
        for codes in dict.fromkeys(line.codes for line in self.lines if line.codes):
            lines = [line for line in self.lines if line.codes == codes]
            for words, ask in (
                (_unknown(lines), "What do these words mean, of"),
                (_guessed(lines), "Is it right to read, of"),
            ):
                if words:
                    asking = [line for line in lines if words.keys() & {*line.unknown, *line.words}]
                    of = ", ".join(self.spec.codes[codes])
                    text = f"{ask} {of}: {', '.join(words.values())}? They stand in {_first(asking)}."
                    yield Question(kind=Kind.CODES, items=tuple(line.item for line in asking), text=text)
        for line in self.lines:
            if line.hidden:
                text = (
                    f"What do the words of {quoted(line.places[0])} ({line.item}) mean? Those that no list knows: "
                    f"{line.hidden}. They are not shown, because they could be anything."
                )
                yield Question(kind=Kind.CODES, items=(line.item,), text=text)


def _nowhere(items: list[Item]) -> Question:
    """Return the question for the items of one section that no place of the sample comes near."""
    codes = tuple(item.code for item in items)
    if len(items) == 1:
        text = f"Where is {codes[0]} ({items[0].label})? It is required, and nothing like it was found."
    else:
        text = f"Where are these items of {items[0].section}? They are required, and nothing like them was found: {', '.join(codes)}."
    return Question(kind=Kind.REQUIRED, items=codes, text=text)


def _unknown(lines: list[Line]) -> dict[str, str]:
    return {word: quoted(word) for line in lines for word in line.unknown}


def _guessed(lines: list[Line]) -> dict[str, str]:
    told = {word: code for line in lines for word, (code, sure) in line.words.items() if not sure}
    return {
        word: f"{quoted(word)} as {code}" for word, code in sorted(told.items(), key=lambda pair: (pair[1], pair[0]))
    }


def _first(lines: list[Line]) -> str:
    """Return the first place of several, and how many more there are."""
    first = quoted(lines[0].places[0])
    return f"{first} and {len(lines) - 1} more" if len(lines) > 1 else first


def drafted(sample: Sample, spec: Spec, agency: str | None) -> Draft:
    """Return the draft of a mapping of a sample."""
    return Draft(spec=spec, sample=sample, agency=agency, matching=Matching(spec, sample))
