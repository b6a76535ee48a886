"""The checks that follow from the dictionary alone, compiled once for each instrument."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Final, TypeAlias

from canonical.assessment import Answer, Assessment, Source
from canonical.errors import SpecDefect
from canonical.finding import Finding
from canonical.occurrence import parted
from specs.spec import AgeRange, Code, Item, Spec, Type
from validators.circumstances import BIRTH_ITEM, DATE_ITEM, INSTRUMENT_ITEM, Circumstances
from validators.conditions import UNANSWERED, Seen, Test, Texts, all_hold
from validators.consent import stays_home
from validators.days import read_day
from validators.patterns import whole_match
from validators.structural_checks import CHECKS

#: Returns the code of the check that a text fails, given the assessment date; None where it passes.
Fault: TypeAlias = Callable[[str, date | None], str | None]

_INTEGER: Final = re.compile("-?(0|[1-9][0-9]{0,17})")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
#: What no XML document can hold: control characters, halves of characters, non-characters.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: The types in words.
_TYPES: Final = {
    Type.TEXT: "text that a document can hold",
    Type.IDENTIFIER: "text that a document can hold",
    Type.CODE: "a code of its list",
    Type.DATE: "a date (YYYY-MM-DD)",
    Type.DATETIME: "a date and time with an offset (YYYY-MM-DDThh:mm:ss-05:00)",
    Type.INTEGER: "a whole number",
    Type.BOOLEAN: "true or false",
    Type.TRISTATE: "yes, no or unanswered",
}
#: The most codes that a sentence can list.
_FEW: Final = 12


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines that are judged together: all that does not repeat between two sections that do, or one occurrence of these."""

    lines: tuple[_Line, ...]
    #: Of an occurrence: the codes of which one must be answered for it to be there at all. The first is always there.
    codes: frozenset[str]
    #: Of a second, third … occurrence: the codes of the one before, which may not be a gap.
    before: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Line:
    """One item as one instrument's form asks for it."""

    code: str
    fault: Fault
    #: Whether the form wants an answer, given the texts; the age gate and consent come on top.
    wanted: Test
    gate: AgeRange | None
    clinical: bool
    #: What to report where a wanted answer is missing.
    missing: str


class Structure:
    """The structural checks of one instrument; of no instrument, what all of them have in common."""

    def __init__(self, spec: Spec, instrument: str | None) -> None:
        """Compile the dictionary's lines; raise SpecDefect where a pattern or a code list is none."""
        self._spec = spec
        self._home = stays_home(spec)
        self._ages = spec.instruments[instrument].age if instrument is not None else None
        items = [item for item in spec.occurrences.values() if instrument is None or item.belongs_to(instrument)]
        #: The items of the form, with all their occurrences.
        self.carried = frozenset(item.code for item in items)
        comments = {section.comment for form in spec.instruments.values() for section in form.sections}
        faults = {code: _fault(item, spec.codes) for code, item in spec.items.items()}
        lines = [
            _Line(
                code=item.code,
                fault=faults[parted(item.code)[0]],
                wanted=_wanted(item, spec, instrument),
                gate=item.age,
                clinical=item.code in self._home,
                missing="S010" if parted(item.code)[0] in comments else "S001",
            )
            for item in items
            if instrument is not None or item.code != INSTRUMENT_ITEM  # S011 says it all
        ]
        self._blocks = tuple(_blocks(lines, spec.occurrences))

    def seen(self, assessment: Assessment, circumstances: Circumstances) -> Texts:
        """Return the texts that are judged: those of the form that consent lets leave."""
        answers = assessment.answers
        codes = self.carried if circumstances.full else self.carried - self._home
        return Seen({code: answer.text for code, answer in answers.items() if code in codes})

    def judge(self, assessment: Assessment, circumstances: Circumstances, texts: Texts) -> list[Finding]:
        """Judge the form as a whole, then each of its items in the dictionary's order, then what is not of the form."""
        found = list(self._form(assessment, circumstances))
        for code, item in self._items(assessment.answers, circumstances, texts):
            found.append(self._finding(code, assessment, item))
        if assessment.answers.keys() - self.carried:
            found += self._strangers(assessment, circumstances)
        return found

    def _form(self, assessment: Assessment, circumstances: Circumstances) -> Iterator[Finding]:
        """Judge instrument and age."""
        if self._ages is None:
            if INSTRUMENT_ITEM not in circumstances.unreadable:
                yield self._finding("S011", assessment, INSTRUMENT_ITEM, choices=" or ".join(self._spec.instruments))
        elif circumstances.age is not None and not self._ages.holds(circumstances.age):
            items = (INSTRUMENT_ITEM, BIRTH_ITEM, DATE_ITEM)
            yield self._finding("S012", assessment, *items, ages=_ages(self._ages))

    def _items(
        self, answers: Mapping[str, Answer], circumstances: Circumstances, texts: Texts
    ) -> Iterator[tuple[str, str]]:
        """Yield the failed check and the item, in the dictionary's order."""
        given = answers.keys() | circumstances.unreadable
        for block in self._blocks:
            if block.before:
                if block.codes.isdisjoint(given):
                    continue
                if block.before.isdisjoint(given) and (circumstances.full or block.codes.isdisjoint(self._home)):
                    yield "S014", next(line.code for line in block.lines if line.code in given)
            yield from self._lines(block.lines, answers, circumstances, texts)

    def _lines(
        self, lines: Iterable[_Line], answers: Mapping[str, Answer], circumstances: Circumstances, texts: Texts
    ) -> Iterator[tuple[str, str]]:
        """Yield the failed check and the item of each line."""
        full, age, on, unreadable = circumstances.full, circumstances.age, circumstances.on, circumstances.unreadable
        for line in lines:
            code = line.code
            if line.clinical and not full:
                continue
            answer, gate = answers.get(code), line.gate
            if answer is None or answer.text.isspace():
                if (
                    code not in unreadable
                    and (gate is None or (age is not None and gate.holds(age)))
                    and line.wanted(texts)
                ):
                    yield line.missing, code
                    continue
                if answer is None:
                    continue
            if gate is not None and age is not None and not gate.holds(age):
                yield "S009", code
            failed = line.fault(answer.text, on)
            if failed is None or (failed == "S013" and not circumstances.complete):
                continue
            yield failed, code

    def _strangers(self, assessment: Assessment, circumstances: Circumstances) -> Iterator[Finding]:
        """Judge what is answered and not of this form; what the dictionary does not know is shown by its place only."""
        for code in self._spec.occurrences:
            at_home = code in self._home and not circumstances.full
            if code in assessment.answers and code not in self.carried and not at_home:
                yield self._finding("S008", assessment, code)
        for code, answer in assessment.answers.items():
            item, number = parted(code)
            if code in self._spec.occurrences:
                continue
            if item in self._spec.items and number > 1:
                yield self._finding("S015", assessment, item).at((answer.source,))
            else:
                yield CHECKS["S002"].finding(self._spec.desks, sources=(answer.source,))

    def _finding(self, code: str, assessment: Assessment, *items: str, **words: str) -> Finding:
        """Return a finding about items, at their places; what is missing is shown at the assessment's own."""
        item = self._spec.occurrences[items[0]]
        sources = [assessment.answers[name].source for name in items if name in assessment.answers]
        return CHECKS[code].finding(
            self._spec.desks,
            items=items,
            sources=_distinct(sources) or (assessment.origin,),
            cites=item.cites,
            words={**_words(item, self._spec.codes), **words},
        )


def _blocks(lines: Iterable[_Line], items: Mapping[str, Item]) -> Iterator[_Block]:
    """Cut a form's lines into blocks, in their order."""

    def occurrence(line: _Line) -> tuple[str, int]:
        item = items[line.code]
        return (item.section, item.occurrence) if item.repeats > 1 else ("", 1)

    before: frozenset[str] = frozenset()
    for (_, number), members in groupby(lines, key=occurrence):
        block = tuple(members)
        codes = frozenset(line.code for line in block)
        yield _Block(block, codes, before if number > 1 else frozenset())
        before = codes


def _distinct(sources: list[Source]) -> tuple[Source, ...]:
    """Return each place once."""
    return tuple(dict.fromkeys(sources))


def _wanted(item: Item, spec: Spec, instrument: str | None) -> Test:
    """Return the test whether the dictionary asks for the item; without an instrument, only what every one carries."""
    if instrument is None and not all(item.belongs_to(code) for code in spec.instruments):
        return lambda _: False
    if item.required:
        return lambda _: True
    if not item.required_when:
        return lambda _: False
    return all_hold(item.required_when, spec.items)


def _fault(item: Item, codes: Mapping[str, Mapping[str, Code]]) -> Fault:
    """Return the checks of one item's text."""
    match item.type:
        case Type.CODE:
            if item.codes is None or item.codes not in codes:
                raise SpecDefect(f"items.csv: {item.code} has no code list in codes.csv.")
            return _code_fault(codes[item.codes])
        case Type.INTEGER:
            return _integer_fault(item)
        case Type.TRISTATE:
            return _tristate_fault
        case Type.TEXT | Type.IDENTIFIER:
            return _text_fault(item)
        case Type.DATE | Type.DATETIME | Type.BOOLEAN:
            return _type_fault(_IS_OF_TYPE[item.type])


def _type_fault(is_one: Callable[[str], bool]) -> Fault:
    return lambda text, _: None if is_one(text) else "S003"


def _tristate_fault(text: str, _: date | None) -> str | None:
    if text in ("yes", "no"):
        return None
    return "S013" if text == UNANSWERED else "S003"


def _code_fault(codes: Mapping[str, Code]) -> Fault:
    values = frozenset(codes)
    if all(code.valid_from is None and code.valid_to is None for code in codes.values()):
        return lambda text, _: None if text in values else "S004"

    def fault(text: str, on: date | None) -> str | None:
        offered = text in values and (on is None or codes[text].valid_on(on))
        return None if offered else "S004"

    return fault


def _integer_fault(item: Item) -> Fault:
    least, most = item.minimum, item.maximum

    def fault(text: str, _: date | None) -> str | None:
        if _INTEGER.fullmatch(text) is None:
            return "S003"
        number = int(text)
        return "S005" if (least is not None and number < least) or (most is not None and number > most) else None

    return fault


def _text_fault(item: Item) -> Fault:
    length = item.length
    matches = None if item.pattern is None else whole_match(item.pattern)

    def fault(text: str, _: date | None) -> str | None:
        if _UNWRITABLE.search(text):
            return "S003"
        if length is not None and len(text) > length:
            return "S006"
        return "S007" if matches is not None and not matches(text) else None

    return fault


def _is_day(text: str) -> bool:
    try:
        read_day(text)
    except ValueError:
        return False
    return True


def _is_moment(text: str) -> bool:
    if _MOMENT.fullmatch(text) is None:
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


#: The types that a text has or has not, with nothing more to ask.
_IS_OF_TYPE: Final[Mapping[Type, Callable[[str], bool]]] = {
    Type.DATE: _is_day,
    Type.DATETIME: _is_moment,
    Type.BOOLEAN: frozenset(("true", "false")).__contains__,
}


def _words(item: Item, codes: Mapping[str, Mapping[str, Code]]) -> dict[str, str]:
    """Return the dictionary's words about an item."""
    offered = tuple(codes.get(item.codes or "", ()))
    return {
        "item": item.code,
        "label": item.label,
        "type": _TYPES[item.type],
        "choices": f"one of {', '.join(offered)}" if len(offered) <= _FEW else f"a code of the list {item.codes}",
        "range": _range(item.minimum, item.maximum),
        "length": str(item.length),
        "pattern": item.pattern or "",
        "repeats": "once" if item.repeats == 1 else f"{item.repeats} times",
    }


def _range(least: int | None, most: int | None) -> str:
    if least is None:
        return f"{most} or less"
    return f"{least} or more" if most is None else f"from {least} to {most}"


def _ages(ages: AgeRange) -> str:
    return f"ages {_range(ages.youngest, ages.oldest)}"
