"""Which of several names, addresses and identifiers counts; where the rules leave several that differ, none is guessed.

In this order: what was in use on the assessment date (``period``, and not ``old``) before anything else; then the ``use``:
official, usual or home, none stated, any other; what says the same counts as one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from typing import Final

from adapters.fhir_element import Element

ID_TYPES: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
#: Names, identifiers, codings or Consents of one child that anybody would weigh; more are an archive, or an attack.
MOST: Final = 20
_USES: Final = {"official": 0, "usual": 1, "home": 1, None: 2}
_LAST_USE: Final = 9


def few(holder: Element, name: str) -> Iterator[Element]:
    """Yield the elements under a name, as many as anybody would weigh and one more."""
    return islice(holder.each(name), MOST + 1)


def in_force(period: Element | None, on: str | None) -> bool:
    """Return whether a period holds on a day; one that is not told, and on a day that is not known, does."""
    begin, end = (period.text("start"), period.text("end")) if period else (None, None)
    return not on or not ((end and _to(end, on) < _to(on, end)) or (begin and _to(begin, on) > _to(on, begin)))


def best(person: Element, name: str, on: str | None, says: Callable[[Element], Hashable]) -> list[Element]:
    """Return the names or addresses to use: one, or several between which nothing decides."""
    ranked = [(_rank(one, on), one) for one in few(person, name)]
    if len(ranked) > MOST:
        return [one for _, one in ranked]
    first = min((rank for rank, _ in ranked), default=None)
    different: dict[Hashable, Element] = {}
    for rank, one in ranked:
        if rank == first:
            different.setdefault(says(one), one)
    return list(different.values())


def identifiers(holder: Element, system: str, type_code: str | None, on: str | None = None) -> list[Element]:
    """Return the values of the identifiers of our own system, or else of those of that type."""
    current = [
        one for one in few(holder, "identifier") if one.text("use") != "old" and in_force(one.member("period"), on)
    ]
    found = [one for one in current if one.text("system") == system]
    if not found and type_code:
        found = [one for one in current if _is_of_type(one, type_code)]
    return [value for value in (one.member("value") for one in found) if value is not None]


def coded(concept: Element | None, systems: Iterable[str]) -> list[Element]:
    """Return the codings of a CodeableConcept that are of one of these systems and have a code."""
    known = frozenset(systems)
    codings = few(concept, "coding") if concept else ()
    return [coding for coding in codings if coding.text("system") in known and coding.text("code")]


def day(moment: str) -> str:
    """Return the date of a dateTime, as its own offset has it."""
    return moment.partition("T")[0]


def _to(moment: str, other: str) -> str:
    """Return as much of the day of a moment as both tell: a year, a month, or all."""
    return day(moment)[: len(day(other))]


def _rank(one: Element, on: str | None) -> tuple[bool, int]:
    past = one.text("use") == "old" or not in_force(one.member("period"), on)
    return past, _USES.get(one.text("use"), _LAST_USE)


def _is_of_type(identifier: Element, code: str) -> bool:
    return any(coding.text("code") == code for coding in coded(identifier.member("type"), (ID_TYPES,)))
