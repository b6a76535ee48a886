"""Forty invented assessments, twenty of each instrument: what every format is asked to carry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from canonical.assessment import Answer, Assessment, Source
from canonical.finding import Conformance
from service.fixtures.pack import pack
from specs.catalog import Catalog
from specs.spec import Spec, Type

Answers = Mapping[str, str]

AGENCY = "riverbend"
EACH = 20

#: Comments that somebody's format trips over.
_ANYWHERE = (
    "Größe, façade; naïve",
    'He said "no", then "yes"; it\'s “fine”',
    "a,b;c|d\te",
    "First line\nSecond line\n\nLast, after a blank one",
    "|^~\\&",
    "\\.br\\ is no break, \\F\\ no bar, \\X41\\ no letter",
    "007",
    '""',
    '<b>&amp;</b> ]]> &#65; {"a": [1]}',
    "=SUM(A1:A2)",
    "O’Neil – 5 € a day",  # noqa: RUF001 - meant as it is
    "1e5",
    "_x0041_",
    "NULL",
    "2026-03-02",
)
#: These no older encoding can carry; every other assessment has some of them.
_BEYOND = ("She smiled 🙂, and drew a 👩‍👧 and a 🏠", "Łódź, żółć", "日本語 עברית")
_LAST = ("Müller-O'Neil", "Sample", "van der Example", "D’Amaral", "Peña", "Łukasz")  # noqa: RUF001 - meant as it is
_FIRST = ("Zoë", "Avery", "José María", "Ng", "Åsa", "Wren")


@cache
def spec() -> Spec:
    return Catalog().named("2026.1")


@cache
def forty() -> tuple[Answers, ...]:
    """Return the canonical answers of the forty; always the same."""
    conforming = [
        fixture.answers for fixture in pack(spec()).fixtures if fixture.expected.conformance is Conformance.CONFORMS
    ]
    chosen = [
        answers
        for instrument in spec().instruments
        for answers in _most_varied([one for one in conforming if one.get("INSTRUMENT") == instrument])
    ]
    return tuple(_made_awkward(answers, number) for number, answers in enumerate(chosen))


def assessment(answers: Answers) -> Assessment:
    """Return an assessment that nobody had to read."""
    nowhere = Source(file="canonical", label="canonical")
    said = {code: Answer(text=text, source=nowhere) for code, text in answers.items()}
    return Assessment(agency=AGENCY, answers=said, origin=nowhere)


def _most_varied(offered: Sequence[Answers]) -> list[Answers]:
    """Return those that say most that was not said before, one after the other."""
    seen: set[tuple[str, str]] = set()
    left, chosen = list(offered), []
    while len(chosen) < EACH:
        best = max(left, key=lambda answers: len(_traits(answers) - seen))
        left.remove(best)
        chosen.append(best)
        seen |= _traits(best)
    return chosen


def _traits(answers: Answers) -> set[tuple[str, str]]:
    """Return what is answered at all, and each word of a closed list."""
    lines = spec().occurrences
    closed = {(code, text) for code, text in answers.items() if code in lines and _is_closed(code)}
    return closed | {(code, "") for code in answers}


def _is_closed(code: str) -> bool:
    return spec().occurrences[code].type in (Type.CODE, Type.TRISTATE)


def _made_awkward(answers: Answers, number: int) -> Answers:
    """Give an assessment an identity of its own, leading zeros, and texts that are hard to carry."""
    comments = [code for code in answers if spec().occurrences[code].section != "DOC" and "COMMENT" in code]
    offered = (*_BEYOND, *_ANYWHERE) if number % 2 else _ANYWHERE
    hard = {code: offered[(number // 2 + place) % len(offered)] for place, code in enumerate(comments)}
    return {
        **answers,
        "DOCUMENT_ID": f"forty-{number:02}",
        "AGENCY_ID": AGENCY,
        "MEMBER_ID": f"{100_000 + number:012}",
        "MEMBER_LOCAL_ID": f"{number:05}",
        "MEMBER_LAST_NAME": _LAST[number % len(_LAST)],
        "MEMBER_FIRST_NAME": _FIRST[number // 2 % len(_FIRST)],
        **hard,
    }
